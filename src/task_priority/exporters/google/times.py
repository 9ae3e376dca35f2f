"""The times that Google Calendar tells: days, instants, and local times whose zone has a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from task_priority.moments import Day, Floating, Instant, Moment

_OFFSET: Final = re.compile(r"(?:GMT|UTC)([+-])(\d{1,2})(?::?([0-5]\d))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ToldZone:
    """What a zone's name stands for.

    Attributes:
        zone: None: nobody says which; times without an offset float.
        issue: What is wrong with the name, and what was taken instead.
    """

    zone: tzinfo | None
    issue: str | None = None


def zone_of(name: object, fallback: tzinfo | None = None) -> ToldZone:
    """Find a zone by its name: of the IANA list, or an offset such as ``GMT+02:00``.

    Args:
        name: As told; None and an empty one: nothing was told.
        fallback: For a name that is unknown, and for none.
    """
    if not isinstance(name, str) or not name:
        return ToldZone(fallback)
    try:
        return ToldZone(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        offset = _offset_of(name)
    if offset is not None:
        return ToldZone(offset)
    instead = "its times are read wherever you are" if fallback is None else f"{fallback} was taken instead"
    return ToldZone(fallback, f"the time zone {name[:100]!r} is unknown; {instead}")


def moment_of(told: object, zone: tzinfo | None) -> Moment:
    """Read a time as Google tells it: ``{"date": …}``, or ``{"dateTime": …}`` with an offset or without.

    Args:
        told: What Google tells.
        zone: Where a time without an offset is; None: it floats.

    Raises:
        ValueError: It is no time; the words say why.
    """
    day, time = _parts(told)
    if isinstance(day, str) and time is None:
        return Day(date.fromisoformat(day))
    if not isinstance(time, str) or day is not None:
        raise ValueError(f"neither a day nor a time: {str(told)[:100]}")
    read = datetime.fromisoformat(time)
    if read.tzinfo is not None:
        return Instant(read)
    return Floating(read) if zone is None else Instant(read.replace(tzinfo=zone))


def zone_name_of(told: object) -> object:
    """Return the name of the zone that is told with a time, if any."""
    return told.get("timeZone") if isinstance(told, Mapping) else None


def _parts(told: object) -> tuple[Any, Any]:
    if not isinstance(told, Mapping):
        raise ValueError("it has no time")  # noqa: TRY004 - what was received is wrong, not who calls
    return told.get("date"), told.get("dateTime")


def _offset_of(name: str) -> tzinfo | None:
    found = _OFFSET.fullmatch(name.strip())
    if found is None:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if offset >= timedelta(hours=24):
        return None
    return timezone(offset if found[1] == "+" else -offset)
