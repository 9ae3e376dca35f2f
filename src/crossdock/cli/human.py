"""Numbers, instants and foreign text in the form that people read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400
_KIB: Final = 1024


def count(number: int) -> str:
    """Write a number with its thousands set apart."""
    return f"{number:,}"


def listed(parts: Sequence[str]) -> str:
    """Write things one after the other: ``1 app, 2 schedules and 1 application``."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def size(number: int) -> str:
    """Write a number of bytes, rounded: ``17.2 MiB``."""
    value = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < _KIB:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _KIB
    return f"{value:.1f} TiB"


def span(duration: timedelta) -> str:
    """Write a duration in its largest unit: ``850 ms``, ``12 s``, ``5 min``, ``3 h``, ``2 d``."""
    seconds = abs(duration.total_seconds())
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S:.0f} min"
    if seconds < _DAY_S:
        return f"{seconds // _HOUR_S:.0f} h"
    return f"{seconds // _DAY_S:.0f} d"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """Write how far an instant is from now: ``12 s ago``, ``in 5 min``."""
    distance = moment - (now or datetime.now(UTC))
    return f"in {span(distance)}" if distance > timedelta(0) else f"{span(distance)} ago"


def clock(moment: datetime) -> str:
    """Write an instant in the zone of this machine, to the millisecond."""
    local = moment.astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03}"


def instant(moment: datetime, now: datetime | None = None) -> str:
    """Write an instant with its zone, and how far it is from now."""
    local = moment.astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S} {local:%Z} ({ago(moment, now)})"


def printable(text: str) -> str:
    """Write foreign text on one line, so that it can move no cursor and ring no bell."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)
