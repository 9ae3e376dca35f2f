"""Which event, were it left out, would make room for a wish: the shortest that suffices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Final, NamedTuple

from task_priority.fit.busy import Busy
from task_priority.fit.placing import Piece, Wish, fitting, pieces_for, without
from task_priority.fit.slots import NO_TIME, Slot, time_left

_TRIED: Final = 16
"""So many events are tried for a wish, the shortest first, and then as many of the longest."""


class _Candidate(NamedTuple):
    """An event in working hours.

    Attributes:
        place: Its place among what is busy.
        hours: The working time that it touches, in order.
        gain: It gives back so much working time at most.
    """

    place: int
    one: Busy
    hours: Sequence[Slot]
    gain: timedelta


class Sparing:
    """Looks for an event that makes room for a wish when it is left out.

    Args:
        working: The working time, before events are taken off.
        busy: What takes time up, in order, up to what starts a buffer after the working time.
        pieces: What is placed, each piece inside the free time, in order.
        left: What is left of the free time.
        buffer: Stays free before and after each event.
    """

    def __init__(
        self,
        working: Sequence[Slot],
        busy: Sequence[Busy],
        *,
        pieces: Sequence[Piece],
        left: Sequence[Slot],
        buffer: timedelta,
    ) -> None:
        self._working, self._busy, self._pieces = working, busy, pieces
        self._left, self._buffer = left, buffer
        self._found: dict[int, Sequence[Slot]] = {}

    def event_for(self, wish: Wish) -> Busy | None:
        """Return an event without which a wish fits beside what is placed; None: none of those tried suffices."""
        lacking = wish.needed - sum((slot.length for slot in fitting(wish, self._left)), NO_TIME)
        likely = [
            each
            for each in self._candidates
            if each.gain >= lacking and any(True for _ in fitting(wish, each.hours))
        ]
        tried = likely[:_TRIED] + likely[_TRIED:][-_TRIED:]
        return next((each.one for each in tried if pieces_for(wish, self._left_without(each))), None)

    def fits_without_events(self, wish: Wish) -> bool:
        """Tell whether a wish would fit beside what is placed if there were no events."""
        return bool(pieces_for(wish, without(self._working, self._pieces)))

    def fits_alone(self, wish: Wish) -> bool:
        """Tell whether a wish would fit if there were no events, and nothing were placed."""
        return bool(pieces_for(wish, self._working))

    @cached_property
    def _candidates(self) -> list[_Candidate]:
        """The events in working hours, the shortest first."""
        found = list(self._in_working_hours())
        return sorted(found, key=lambda each: (each.one.end - each.one.start, each.one.start, each.place))

    def _in_working_hours(self) -> Iterator[_Candidate]:
        for place, one in enumerate(self._busy):
            start, end = one.start - self._buffer, one.end + self._buffer
            hours = [slot for slot in self._working if slot.start < end and start < slot.end]
            if hours:
                gain = sum((min(end, slot.end) - max(start, slot.start) for slot in hours), NO_TIME)
                yield _Candidate(place, one, hours, gain)

    def _left_without(self, each: _Candidate) -> Sequence[Slot]:
        """Return what would be left without an event. Only the working time that it touches is looked at anew."""
        if each.place not in self._found:
            others = [*self._busy[: each.place], *self._busy[each.place + 1 :]]
            pieces = [one for one in self._pieces if _inside(one, each.hours)]
            freed = without(time_left(each.hours, others, self._buffer), pieces)
            kept = [slot for slot in self._left if not _inside(slot, each.hours)]
            self._found[each.place] = sorted([*kept, *freed], key=lambda slot: slot.start)
        return self._found[each.place]


def _inside(one: Piece | Slot, hours: Sequence[Slot]) -> bool:
    return any(slot.start <= one.start < slot.end for slot in hours)
