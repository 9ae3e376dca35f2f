"""Durations, sizes and ranges as people write them: ``30s``, ``1h30m``, ``64 MiB``, ``1s..5m``."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Final

DURATION_PATTERN: Final = r"^(\d+(\.\d+)?(ms|s|m|h|d))+$"
SIZE_PATTERN: Final = r"^\d+(\.\d+)? ?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)$"
TIME_OF_DAY_PATTERN: Final = r"^([01]\d|2[0-3]):[0-5]\d$"
BACKOFF_PATTERN: Final = f"{DURATION_PATTERN[:-1]}\\.\\.{DURATION_PATTERN[1:]}"

_MICROSECONDS: Final = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000}
_BYTES: Final = {
    "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse_duration(text: str) -> timedelta:
    """Read a duration such as ``30s``, ``250ms`` or ``1h30m``.

    Raises:
        ValueError: Not of that form, or longer than a ``timedelta`` holds.
    """
    if not re.fullmatch(DURATION_PATTERN, text):
        raise ValueError(text)
    try:
        return timedelta(microseconds=sum(float(n) * _MICROSECONDS[unit] for n, unit in _PART.findall(text)))
    except OverflowError as error:
        raise ValueError(text) from error


def format_duration(duration: timedelta) -> str:
    """Write a duration in the form that ``parse_duration`` reads."""
    rest = duration // timedelta(microseconds=1)
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, _MICROSECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    if rest:
        parts.append(f"{rest / 1000:g}ms")
    return "".join(parts) or "0s"


def parse_size(text: str) -> int:
    """Read a number of bytes such as ``64 MiB`` or ``1GB``.

    Raises:
        ValueError: Not of that form.
    """
    found = re.fullmatch(SIZE_PATTERN, text)
    if not found:
        raise ValueError(text)
    unit = found[2]
    return round(float(text.removesuffix(unit)) * _BYTES[unit])


def format_size(count: int) -> str:
    """Write a number of bytes exactly, in the form that ``parse_size`` reads."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if count and count % _BYTES[unit] == 0:
            return f"{count // _BYTES[unit]} {unit}"
    return f"{count} B"


def parse_backoff(text: str) -> tuple[timedelta, timedelta]:
    """Read the bounds of a backoff such as ``1s..5m``, the smaller first.

    Raises:
        ValueError: Not of that form, or the first is the larger.
    """
    first, dots, last = text.partition("..")
    if not dots:
        raise ValueError(text)
    bounds = parse_duration(first), parse_duration(last)
    if bounds[0] > bounds[1]:
        raise ValueError(text)
    return bounds


def format_backoff(bounds: tuple[timedelta, timedelta]) -> str:
    """Write the bounds of a backoff in the form that ``parse_backoff`` reads."""
    return f"{format_duration(bounds[0])}..{format_duration(bounds[1])}"


def parse_time_of_day(text: str) -> time:
    """Read hours and minutes, such as "03:00".

    Raises:
        ValueError: It is no such text.
    """
    if not re.fullmatch(TIME_OF_DAY_PATTERN, text):
        raise ValueError(text)
    return time.fromisoformat(text)


def format_time_of_day(moment: time) -> str:
    """Write a time of day as ``parse_time_of_day`` reads it."""
    return moment.strftime("%H:%M")
