"""Which event, were it left out, would make room for a wish: the shortest that suffices, or else which few together."""

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
_TOGETHER: Final = 5
"""So many events are named together at most."""


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
        self._found: dict[frozenset[int], Sequence[Slot]] = {}

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

    def events_for(self, wish: Wish) -> list[Busy]:
        """Return events without which together a wish fits beside what is placed: few, in order; empty: no few do.

        Tried are the events of each stretch of working time, and those that give back the most.
        """
        usable = [each for each in self._candidates if any(True for _ in fitting(wish, each.hours))]
        groups = [
            [each for each in usable if any(one.start == slot.start for one in each.hours)]
            for slot in fitting(wish, self._working)
        ]
        groups.append(sorted(usable, key=lambda each: each.gain)[-_TOGETHER:])
        found = [few for group in groups if (few := self._few_of(group, wish))]
        few = min(found, key=len, default=[])
        return [each.one for each in sorted(few, key=lambda each: each.place)]

    def _few_of(self, group: Sequence[_Candidate], wish: Wish) -> Sequence[_Candidate]:
        """Return as few of some events as suffice; empty: those are too many, or all of them do not suffice."""
        if len(group) > 2 * _TOGETHER or not pieces_for(wish, self._left_without(*group)):
            return ()
        away = list(group)
        for each in sorted(group, key=lambda each: each.gain):
            fewer = [other for other in away if other is not each]
            if pieces_for(wish, self._left_without(*fewer)):
                away = fewer
        return away if len(away) <= _TOGETHER else ()

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

    def _left_without(self, *away: _Candidate) -> Sequence[Slot]:
        """Return what would be left without some events. Only the working time that they touch is looked at anew."""
        places = frozenset(each.place for each in away)
        if places not in self._found:
            hours = sorted({slot for each in away for slot in each.hours})
            others = [one for place, one in enumerate(self._busy) if place not in places]
            pieces = [one for one in self._pieces if _inside(one, hours)]
            freed = without(time_left(hours, others, self._buffer), pieces)
            kept = [slot for slot in self._left if not _inside(slot, hours)]
            self._found[places] = sorted([*kept, *freed], key=lambda slot: slot.start)
        return self._found[places]


def _inside(one: Piece | Slot, hours: Sequence[Slot]) -> bool:
    return any(slot.start <= one.start < slot.end for slot in hours)
