"""The time that is left: working hours without what is busy, and how much of it lies before an instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, islice
from operator import itemgetter

from task_priority.fit.busy import Busy
from task_priority.settings import Hours, Settings

NO_TIME = timedelta(0)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """Free working time without a break, in UTC.

    Attributes:
        labels: Only tasks with one of these belong here; empty: any task.
    """

    start: datetime
    end: datetime
    labels: frozenset[str] = frozenset()

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start

    def takes(self, labels: Iterable[str]) -> bool:
        """Tell whether a task with these labels may be put here."""
        return not self.labels or not self.labels.isdisjoint(labels)


class FreeTime:
    """How much free time lies between the first slot and an instant.

    Args:
        slots: In order, apart from one another.
    """

    def __init__(self, slots: Sequence[Slot]) -> None:
        self.slots = slots
        self._starts = [slot.start for slot in slots]
        self._before = list(accumulate((slot.length for slot in slots), initial=NO_TIME))

    def before(self, instant: datetime) -> timedelta:
        """Return the free time before an instant."""
        place = bisect_right(self._starts, instant)
        if not place:
            return NO_TIME
        return self._before[place - 1] + min(instant - self._starts[place - 1], self.slots[place - 1].length)


def time_left(working: Iterable[Slot], busy: Sequence[Busy], buffer: timedelta) -> list[Slot]:
    """Return what is left of working time, with a buffer before and after each event; both are in order.

    What is shorter than a minute is no slot.
    """
    taken = list(_united(busy, buffer))
    found: list[Slot] = []
    for slot in working:
        found += _without(slot, taken)
    return found


def working_time(settings: Settings, start: datetime, end: datetime) -> Iterator[Slot]:
    """Yield the working time between two instants, whatever takes it up, in order, focus blocks apart."""
    day, last = start.astimezone(settings.zone).date(), end.astimezone(settings.zone).date()
    while day <= last:
        for slot in _hours_of(day, settings):
            first, until = max(slot.start, _up_to_the_minute(start)), min(slot.end, end)
            if until - first >= timedelta(minutes=1):
                yield Slot(first, until, slot.labels)
        day += timedelta(days=1)


def _united(busy: Sequence[Busy], buffer: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Yield the taken spans with their buffers, in order, none touching another."""
    start: datetime | None = None
    end: datetime | None = None
    for one in busy:
        if end is None or one.start - buffer > end:
            if start is not None and end is not None:
                yield start, end
            start, end = one.start - buffer, one.end + buffer
        else:
            end = max(end, one.end + buffer)
    if start is not None and end is not None:
        yield start, end


def _hours_of(day: date, settings: Settings) -> list[Slot]:
    """Return the working time of a day: focus blocks with their labels, and what is left of the working hours."""
    weekday = day.weekday()
    blocks = [
        Slot(*_on(day, block.hours, settings), block.labels)
        for block in sorted(settings.focus, key=lambda block: block.hours)
        if block.weekday == weekday
    ]
    taken = [(block.start, block.end) for block in blocks]
    slots = list(blocks)
    for hours in sorted(settings.working_hours.get(weekday, ())):
        slots += _without(Slot(*_on(day, hours, settings)), taken)
    return sorted(slots, key=lambda slot: slot.start)


def _on(day: date, hours: Hours, settings: Settings) -> tuple[datetime, datetime]:
    start = datetime.combine(day, hours.start, settings.zone).astimezone(UTC)
    end_day = day + timedelta(days=1) if hours.end == time(0) else day
    return start, max(start, datetime.combine(end_day, hours.end, settings.zone).astimezone(UTC))


def _without(slot: Slot, taken: Sequence[tuple[datetime, datetime]]) -> Iterator[Slot]:
    """Yield what is left of a slot; ``taken`` is in order."""
    start = slot.start
    place = max(0, bisect_right(taken, start, key=itemgetter(0)) - 1)
    for first, last in islice(taken, place, None):
        if first >= slot.end:
            break
        if first - start >= timedelta(minutes=1):
            yield Slot(start, first, slot.labels)
        start = max(start, last)
    if slot.end - start >= timedelta(minutes=1):
        yield Slot(start, slot.end, slot.labels)


def _up_to_the_minute(instant: datetime) -> datetime:
    whole = instant.replace(second=0, microsecond=0)
    return whole if whole == instant else whole + timedelta(minutes=1)
