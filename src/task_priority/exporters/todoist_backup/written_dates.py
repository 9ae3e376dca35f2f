"""Dates as Todoist writes them in its CSV exports: words for people. Only what is unambiguous is read.

A date that needs to be guessed, such as 03/04/2026, ``tomorrow`` or one without a year, is no date here.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_TIME: Final = (
    r"(?:(?:,?\s+(?:at\s+|@\s*)?|T)"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?(?::\d\d(?:\.\d+)?)?\s*(?P<half>am|pm)?)?"
)
_ISO: Final = re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d){_TIME}", re.ASCII | re.IGNORECASE)
_DAY_FIRST: Final = re.compile(
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<month>[a-z]+)\.?,?\s+(?P<year>\d{{4}}){_TIME}",
    re.ASCII | re.IGNORECASE,
)
_MONTH_FIRST: Final = re.compile(
    rf"(?P<month>[a-z]+)\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}){_TIME}",
    re.ASCII | re.IGNORECASE,
)
_EVERY: Final = re.compile(r"(?:every\b|ev\b)!?", re.IGNORECASE)
_STARTING: Final = re.compile(r"\b(?:starting|from)\s+(?:on\s+)?(?P<date>.+)$", re.IGNORECASE)
_NOON: Final = 12


def repeats(text: str) -> bool:
    """Tell whether words mean a repetition."""
    return _EVERY.match(text.strip()) is not None


def date_in(text: str, *, language: str = "en", exported: date) -> str | None:
    """Return the date that words name, in the form of Todoist's API, or None if they name none for certain.

    Args:
        text: The words; a repetition names a date where it starts.
        language: In which they are; names of months are read in English.
        exported: When they were written. A start before that is not when something repeats next.
    """
    text = text.strip()
    if not repeats(text):
        return _written(text, language)
    start = _STARTING.search(text)
    day = _written(start["date"], language) if start else None
    return day if day is not None and day[:10] >= exported.isoformat() else None


def _written(text: str, language: str) -> str | None:
    match = _ISO.fullmatch(text)
    if match is None and language in {"", "en"}:
        match = _DAY_FIRST.fullmatch(text) or _MONTH_FIRST.fullmatch(text)
    if match is None:
        return None
    try:
        day = date(int(match["year"]), _month(match["month"]), int(match["day"]))
        clock = _clock(match)
    except ValueError:
        return None
    return day.isoformat() if clock is None else datetime.combine(day, clock).isoformat()


def _month(name: str) -> int:
    if name.isdigit():
        return int(name)
    names = _MONTHS if name.lower() in _MONTHS else _MONTH_NAMES
    return names.index(name.lower()) + 1


def _clock(match: re.Match[str]) -> time | None:
    hour, minute, half = match["hour"], match["minute"], (match["half"] or "").lower()
    if hour is None:
        return None
    if minute is None and not half:
        raise ValueError("a number alone is no time")
    hours = int(hour)
    if half:
        if not 1 <= hours <= _NOON:
            raise ValueError("there is no such hour")
        hours = hours % _NOON + (_NOON if half == "pm" else 0)
    return time(hours, int(minute or 0))
