"""When a task is due: the three forms of Todoist, dates in words, and how a repeating one moves on.

Of the dates in words that Todoist reads, these are understood: ``today``, ``tomorrow``, weekdays, ``in 3 days``, dates
as ``2026-03-02``, and ``every`` with days, weeks, months, years, workdays, weekdays, days of the month and
``3rd friday``; each with ``at 9:00`` or ``at 9:00am`` if wanted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil import rrule

from task_priority.sandbox.exchange import Json
from task_priority.sandbox.todoist.errors import invalid

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FREQUENCIES: Final = {"day": rrule.DAILY, "week": rrule.WEEKLY, "month": rrule.MONTHLY, "year": rrule.YEARLY}
_ADVERBS: Final = {
    "daily": "every day",
    "weekly": "every week",
    "monthly": "every month",
    "yearly": "every year",
}
_AT: Final = re.compile(
    r"^(?P<rest>.*?)\s*(?:\bat\s+)(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\s*(?P<half>am|pm)?$"
)
_EVERY: Final = re.compile(r"^every(?P<after>!)?\s+(?P<what>.+)$")
_INTERVAL: Final = re.compile(r"^(?:(?P<count>\d+|other)\s+)?(?P<unit>day|week|month|year)s?$")
_ORDINAL: Final = re.compile(r"^(?P<number>\d{1,2})(?:st|nd|rd|th)(?:\s+(?P<weekday>\w+))?$")
_IN: Final = re.compile(r"^in\s+(?P<count>\d+)\s+(?P<unit>day|week)s?$")


@dataclass(frozen=True, slots=True)
class Repetition:
    """How a task repeats.

    Attributes:
        rule: The arguments of dateutil's rrule.
        from_completion: It is counted from the day on which the task was completed (``every!``).
        at: The time of the day; None: a day, not a time.
    """

    rule: dict[str, Any]
    from_completion: bool
    at: time | None

    def after(self, moment: datetime, *, anchor: datetime) -> datetime:
        """Return the first repetition after a moment; anchor is one of them."""
        found: datetime | None = rrule.rrule(dtstart=anchor, **self.rule).after(moment)
        if found is None:
            raise invalid("due_string", "a date that comes")
        return found


def due_from(fields: Json, now: datetime) -> Json | None:
    """Return the due object that the arguments of a request ask for, None if they take it away.

    Args:
        fields: One of ``due_string``, ``due_date``, ``due_datetime``, or ``due`` with an object.
        now: On the user's clock, without a zone.

    Raises:
        TodoistRefusal: They name several, or one that cannot be read.
    """
    given = [
        name for name in ("due_string", "due_date", "due_datetime", "due") if fields.get(name) is not None
    ]
    if len(given) > 1:
        raise invalid(given[1], f"nothing, as {given[0]} is given")
    if not given:
        return None
    value, lang = fields[given[0]], fields.get("due_lang") or "en"
    if given[0] == "due":
        return _from_object(value, now)
    if not isinstance(value, str):
        raise invalid(given[0], "a string")
    if given[0] == "due_string":
        return None if value.lower() == "no date" else from_words(value, now, lang)
    return _exact(value, timezone=None, string=value, lang=lang, name=given[0])


def from_words(words: str, now: datetime, lang: str = "en", timezone: str | None = None) -> Json:
    """Read a date in words.

    Raises:
        TodoistRefusal: They mean no date.
    """
    written = {"timezone": timezone, "string": words, "lang": lang}
    text, at = _split_time(_ADVERBS.get(words.strip().lower(), words.strip().lower()))
    if (repetition := _repetition(text, at)) is not None:
        day = _midnight(now) if at is None else now
        anchor = datetime.combine(now.date(), at or time())
        first = repetition.after(day - timedelta(microseconds=1), anchor=anchor)
        return _due(first, at, written, repeats=True)
    moment = datetime.combine(_day(text, now.date()), at or time())
    return _due(moment, at, written, repeats=False)


def moved_on(due: Json, now: datetime) -> Json:
    """Return the due object of a repeating task after it was completed once."""
    text, at = _split_time(_ADVERBS.get(due["string"].strip().lower(), due["string"].strip().lower()))
    repetition = _repetition(text, at)
    if repetition is None:
        raise invalid("due", "a repetition that this sandbox can read")
    current = local_moment(due)
    anchor = current.replace(year=now.year, month=now.month, day=now.day)
    if repetition.from_completion:
        following = repetition.after(anchor, anchor=anchor)
    else:
        end_of_today = datetime.combine(now.date(), time.max)
        following = repetition.after(max(current, end_of_today), anchor=current)
    at = at if at is not None or len(due["date"]) == len("2026-03-02") else current.time()
    return _due(following, at, due, repeats=True)


def local_moment(due: Json) -> datetime:
    """Return when something is due on its own clock, without a zone; a day counts from midnight."""
    if due["date"].endswith("Z"):
        instant = datetime.fromisoformat(due["date"])
        return instant.astimezone(ZoneInfo(due["timezone"])).replace(tzinfo=None)
    return datetime.fromisoformat(due["date"])


def day_of(due: Json, zone: Any) -> date:
    """Return the day on which something is due for a user."""
    if due["date"].endswith("Z"):
        return datetime.fromisoformat(due["date"]).astimezone(zone).date()
    return datetime.fromisoformat(due["date"]).date()


def _from_object(value: Any, now: datetime) -> Json:
    if not isinstance(value, dict):
        raise invalid("due", "an object")
    lang, string, timezone = value.get("lang") or "en", value.get("string"), value.get("timezone")
    if value.get("date") is None:
        if not string:
            raise invalid("due", "a date or a string")
        return from_words(string, now, lang, timezone)
    due = _exact(value["date"], timezone=timezone, string=string or value["date"], lang=lang, name="due")
    due["is_recurring"] = bool(value.get("is_recurring")) or bool(
        string and _repetition(*_split_time(string))
    )
    return due


def _exact(value: str, *, timezone: str | None, string: str, lang: str, name: str) -> Json:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise invalid(name, "a date, or a date and time, as RFC 3339 writes them") from error
    written = value
    if moment.tzinfo is not None:
        timezone = timezone or "UTC"
        _zone(timezone)
        written = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"date": written, "timezone": timezone, "string": string, "lang": lang, "is_recurring": False}


def _due(moment: datetime, at: time | None, words: Json, *, repeats: bool) -> Json:
    """Return a due object; words have its string, language and zone."""
    timezone = words["timezone"]
    if at is None:
        written, timezone = moment.date().isoformat(), None
    elif timezone is None:
        written = moment.strftime("%Y-%m-%dT%H:%M:%S")
    else:
        instant = moment.replace(tzinfo=_zone(timezone)).astimezone(UTC)
        written = instant.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**words, "date": written, "timezone": timezone, "is_recurring": repeats}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise invalid("timezone", "a time zone such as Europe/Oslo") from error


def _split_time(text: str) -> tuple[str, time | None]:
    found = _AT.match(text.lower())
    if found is None:
        return text.lower(), None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        hour = hour % 12 + 12 * (found["half"] == "pm")
    try:
        return found["rest"], time(hour, minute)
    except ValueError as error:
        raise invalid("due_string", "a time of the day") from error


def _repetition(text: str, at: time | None) -> Repetition | None:
    found = _EVERY.match(text)
    if found is None:
        return None
    return Repetition(_rule(found["what"]), bool(found["after"]), at)


def _rule(what: str) -> dict[str, Any]:
    if (found := _INTERVAL.match(what)) is not None:
        count = found["count"] or "1"
        return {
            "freq": _FREQUENCIES[found["unit"]],
            "interval": 2 if count == "other" else max(int(count), 1),
        }
    if what in {"workday", "weekday"}:
        return {"freq": rrule.WEEKLY, "byweekday": range(5)}
    if (found := _ORDINAL.match(what)) is not None:
        number = int(found["number"])
        if found["weekday"]:
            return {"freq": rrule.MONTHLY, "byweekday": rrule.weekday(_weekday(found["weekday"]), number)}
        return {"freq": rrule.MONTHLY, "bymonthday": number}
    return {
        "freq": rrule.WEEKLY,
        "byweekday": [_weekday(day.strip()) for day in re.split(r",|\band\b", what)],
    }


def _weekday(name: str) -> int:
    short = name[:3]
    if short not in _WEEKDAYS:
        raise invalid("due_string", "a date in words that this sandbox can read")
    return _WEEKDAYS.index(short)


def _day(text: str, today: date) -> date:
    if text in {"today", ""}:
        return today
    if text == "tomorrow":
        return today + timedelta(days=1)
    if (found := _IN.match(text)) is not None:
        return today + timedelta(days=int(found["count"]) * (7 if found["unit"] == "week" else 1))
    try:
        return date.fromisoformat(text)
    except ValueError:
        ahead = (_weekday(text) - today.weekday()) % 7
        return today + timedelta(days=ahead or 7)


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), time())
