"""The time zones whose names mean something everywhere: of IANA, of Windows, behind a path, or an offset."""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

MAX_NAME_CHARS: Final = 200
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?\s*(?:([+-])(\d{1,2})(?::?([0-5]\d))?)", re.ASCII | re.IGNORECASE)
_MOST_HOURS: Final = 23


@lru_cache(maxsize=1024)
def known_zone(name: str) -> tzinfo | None:
    """Return the zone that a name means wherever it stands, or None: nobody knows it, or only its file does."""
    trimmed = name.strip().strip('"')
    if len(trimmed) > MAX_NAME_CHARS:
        return None
    for candidate in (trimmed, WINDOWS_TO_OLSON.get(trimmed), *_tails(trimmed)):
        if candidate and (zone := _iana(candidate)):
            return zone
    return _offset_zone(trimmed)


def _tails(name: str) -> list[str]:
    """Return what may be the name behind a path, as in ``/freeassociation.sourceforge.net/Europe/Berlin``."""
    parts = [part for part in name.split("/") if part]
    return ["/".join(parts[-count:]) for count in (3, 2) if len(parts) > count or name.startswith("/")]


def _iana(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _offset_zone(name: str) -> tzinfo | None:
    found = _OFFSET.fullmatch(name)
    if found is None or int(found[2]) > _MOST_HOURS:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(-offset if found[1] == "-" else offset, name)
