"""Time zones that a file defines. Each goes with the objects that need it: other files may mean something else.

Source: RFC 5545, section 3.6.5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from task_priority.expansion.series import Series, expand
from task_priority.expansion.written import read_moment
from task_priority.exporters.ics.components import Component
from task_priority.moments import Floating
from task_priority.reading import Window

MAX_OBSERVANCES: Final = 100
_OFFSET: Final = re.compile(r"([+-])(\d\d)(\d\d)(\d\d)?", re.ASCII)
_LONGER_THAN_A_YEAR: Final = timedelta(days=400)
_MOST_HOURS: Final = 23


def definition_of(zone: Component) -> list[dict[str, Any]]:
    """Return what a VTIMEZONE says, as JSON.

    Raises:
        ValueError: It says nothing that can be followed.
    """
    observances = [_observance(part) for part in zone.parts if part.name in {"STANDARD", "DAYLIGHT"}]
    if not observances:
        raise ValueError("the zone has no offset")
    if len(observances) > MAX_OBSERVANCES:
        raise ValueError(f"the zone has more than {MAX_OBSERVANCES} parts")
    return observances


def defined_zone(name: str, definition: Sequence[Mapping[str, Any]]) -> tzinfo:
    """Return the zone that a stored definition makes.

    Raises:
        ValueError: It cannot be followed.
    """
    zone = DefinedZone(name, [_Observance.of(one) for one in definition])
    zone.check()
    return zone


@dataclass(frozen=True, slots=True)
class _Observance:
    """One offset, and when it begins: local times on the clock before it."""

    series: Series
    before: timedelta
    after: timedelta

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> _Observance:
        series = Series(
            read_moment(stored["start"]),
            None,
            tuple(stored["rules"]),
            tuple(map(read_moment, stored["dates"])),
        )
        return cls(series, timedelta(seconds=stored["before_s"]), timedelta(seconds=stored["after_s"]))

    def onset(self, local: datetime) -> datetime | None:
        """Return the last time that it begins, not after a local time."""
        start = self.series.start
        if not isinstance(start, Floating) or start.time > local:
            return None
        first = max(local - _LONGER_THAN_A_YEAR, start.time)
        window = Window(first.replace(tzinfo=UTC), local.replace(tzinfo=UTC) + timedelta(seconds=1), UTC)
        found = expand(self.series, window)
        last = found[-1].start if found else start
        return last.time if isinstance(last, Floating) else None


class DefinedZone(tzinfo):
    """A zone as a file defines it."""

    def __init__(self, name: str, observances: Sequence[_Observance]) -> None:
        self._name = name
        self._observances = observances
        self._known: dict[tuple[datetime, int], timedelta] = {}

    def check(self) -> None:
        """Try it for a summer and a winter.

        Raises:
            ValueError: It cannot be followed.
        """
        for month in (1, 7):
            self.utcoffset(datetime(2026, month, 1, tzinfo=self))

    def utcoffset(self, when: datetime | None, /) -> timedelta | None:
        """Return the offset at a local time; in a gap the one before it, in an overlap as ``fold`` says."""
        if when is None:
            return None
        local = when.replace(tzinfo=None, fold=0)
        key = (local, when.fold)
        if key not in self._known:
            self._known[key] = self._offset(local, second=when.fold == 1)
        return self._known[key]

    def dst(self, _when: datetime | None, /) -> timedelta | None:
        """Return nothing: files do not say how much of an offset is for the summer."""
        return None

    def tzname(self, _when: datetime | None, /) -> str:
        """Return the name that the file gives it."""
        return self._name

    def fromutc(self, when: datetime, /) -> datetime:
        """Return the local time of an instant."""
        utc = when.replace(tzinfo=None)
        onsets = [
            (onset - one.before, one) for one in self._observances if (onset := one.onset(utc + one.before))
        ]
        offset = max(onsets, key=lambda pair: pair[0])[1].after if onsets else self._first()
        local = (utc + offset).replace(tzinfo=self)
        return local if local.utcoffset() == offset else local.replace(fold=1)

    def _offset(self, local: datetime, *, second: bool) -> timedelta:
        onsets: list[tuple[datetime, timedelta]] = []
        for one in self._observances:
            change = one.after - one.before
            shift = min(change, timedelta(0)) if second else max(change, timedelta(0))
            if onset := one.onset(local - shift):
                onsets.append((onset - one.before, one.after))
        return max(onsets)[1] if onsets else self._first()

    def _first(self) -> timedelta:
        return min(self._observances, key=lambda one: one.series.start.time).before  # type: ignore[union-attr]


def _observance(part: Component) -> dict[str, Any]:
    start = part.text("DTSTART")
    if start is None or not isinstance(read_moment(start), Floating):
        raise ValueError("a part of the zone has no local start")
    dates = [text for one in part.properties if one.name == "RDATE" for text in one.value.split(",")]
    return {
        "start": start,
        "before_s": _seconds(part.text("TZOFFSETFROM")),
        "after_s": _seconds(part.text("TZOFFSETTO")),
        "rules": [one.value for one in part.properties if one.name == "RRULE"],
        "dates": dates,
    }


def _seconds(text: str | None) -> int:
    found = _OFFSET.fullmatch(text or "")
    if found is None or int(found[2]) > _MOST_HOURS:
        raise ValueError(f"{(text or '')[:40]!r} is no offset of a zone")
    seconds = int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4] or 0)
    return -seconds if found[1] == "-" else seconds
