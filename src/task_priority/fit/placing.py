"""Puts tasks into free slots: the most wanted first, each as early as the ends of the others allow."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from heapq import heappop, heappush
from operator import attrgetter
from typing import Final, NamedTuple

from task_priority.fit.slots import NO_TIME, Slot

_START: Final = attrgetter("start")
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be placed.

    Attributes:
        key: Tells it from others.
        labels: Decide which slots take it.
        needed: Its length.
        until: It must be over by then; None: whenever.
        shortest: It may be split into pieces of at least this length; None: in one piece.
        better_by: The earlier it is over, the better: by the first of these by which it can be, in order.
        or_by: If it cannot be over by its end, then by the first of these by which it can be, in order, or whenever it
            can; empty: not at all then.
    """

    key: str
    labels: tuple[str, ...]
    needed: timedelta
    until: datetime | None = None
    shortest: timedelta | None = None
    better_by: tuple[datetime, ...] = ()
    or_by: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """Time given to a wish, in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


class _Side(Enum):
    """From which side free time is given away."""

    EARLY = "early"
    LATE = "late"


def place(wishes: Sequence[Wish], slots: Sequence[Slot]) -> dict[str, tuple[Piece, ...]]:
    """Place wishes, the most wanted first; what is not in the answer has no room.

    First wishes are admitted, the most wanted first, each if it fits together with those admitted before it; one that
    is better early is so by the first of its ends with which it does, and keeps that end. Then each gets the earliest
    time with which the admitted ones that are still to be placed can be met. So a wanted wish waits for a less wanted
    one only if that one would be late otherwise, and loses its place to none. What cannot be in time is admitted late,
    before what is less wanted, except that it makes nothing else late.

    Args:
        wishes: No two have the same key.
        slots: In order, apart from one another.
    """
    room = list(slots)
    waiting = _admitted(wishes, room)
    spare = sum((slot.length for slot in slots), NO_TIME) - sum((one.needed for one in waiting), NO_TIME)
    admitted = {one.key: one for one in waiting}
    placed: dict[str, tuple[Piece, ...]] = {}
    for wish in wishes:
        if wish.key in admitted:
            waiting = [one for one in waiting if one.key != wish.key]
        elif wish.needed > spare:
            continue
        pieces = _earliest(admitted.get(wish.key, wish), room, waiting)
        if pieces:
            placed[wish.key] = pieces
            room = without(room, pieces)
            if wish.key not in admitted:
                spare -= wish.needed
    return placed


def room_for(wish: Wish, slots: Sequence[Slot]) -> timedelta:
    """Return how much of slots could go to a wish: before its end, where its labels belong, in long enough pieces."""
    shortest = wish.shortest or timedelta(minutes=1)
    return sum((slot.length for slot in fitting(wish, slots) if slot.length >= shortest), NO_TIME)


def pieces_for(wish: Wish, slots: Sequence[Slot]) -> tuple[Piece, ...]:
    """Return the earliest time for a wish: in one piece, unless it would be over earlier in several."""
    return _pieces(wish, slots, _Side.EARLY)


def fitting(wish: Wish, slots: Iterable[Slot]) -> Iterator[Slot]:
    """Yield the slots that may take some of a wish, cut off at its end, in the order in which they come."""
    until = wish.until
    for slot in slots:
        if (until is None or slot.start < until) and slot.takes(wish.labels):
            yield slot if until is None or slot.end <= until else Slot(slot.start, until, slot.labels)


def without(slots: Sequence[Slot], pieces: Sequence[Piece]) -> list[Slot]:
    """Return what is left of slots when these pieces, each inside one of them, are given away."""
    left = list(slots)
    _take_out(pieces, left)
    return left


def _take_out(pieces: Sequence[Piece], slots: list[Slot]) -> None:
    for piece in pieces:
        start, end = piece.start, piece.end
        place = bisect_right(slots, start, key=_START) - 1
        slot = slots[place]
        rest = [Slot(end, slot.end, slot.labels)] if end < slot.end else []
        if slot.start < start:
            rest.insert(0, Slot(slot.start, start, slot.labels))
        slots[place : place + 1] = rest


def _admitted(wishes: Sequence[Wish], slots: Sequence[Slot]) -> list[Wish]:
    """Return wishes that can be met together, the most wanted let in first, in order of their ends."""
    admission = _Admission(slots)
    late: set[str] = set()
    for wish in wishes:
        if not any(admission.admits(one) for one in _with_each_end(wish)) and wish.or_by:
            late.add(wish.key)
    return _admitted_with(late, wishes, slots, timely=admission) if late else admission.admitted


def _admitted_with(
    late: AbstractSet[str], wishes: Sequence[Wish], slots: Sequence[Slot], *, timely: _Admission
) -> list[Wish]:
    """Admit wishes anew, some of them late: first those that were admitted with an end, then the most wanted."""
    admission = _Admission(slots)
    with_end = {one.key: one for one in timely.admitted if one.until is not None}
    if not all(admission.admits(with_end[wish.key]) for wish in wishes if wish.key in with_end):
        admission = timely  # layouts are not tried out in full: some fit only beside those without an end
    known = {one.key for one in admission.admitted}
    for wish in wishes:
        if wish.key in late:
            any(admission.admits(replace(wish, until=end)) for end in (*wish.or_by, None))
        elif wish.key not in known:
            admission.admits(wish)
    return admission.admitted


def _with_each_end(wish: Wish) -> Iterator[Wish]:
    """Yield a wish with the ends that it had better have, and then as it is."""
    for end in wish.better_by:
        if wish.until is None or end < wish.until:
            yield replace(wish, until=end)
    yield wish


class _Admission:
    """Lets wishes in, one after the other."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self.admitted: list[Wish] = []
        self._slots, self._loads, self._refused = slots, _Loads(slots), _Refused()

    def admits(self, wish: Wish) -> bool:
        """Let a wish in if it fits together with those that are; tell whether it does."""
        if self._refused.covers(wish) or not self._loads.have_room_for(wish):
            return False
        tried = self.admitted.copy()
        insort(tried, wish, key=_end_of)
        if all(_layout(tried, self._slots, side) is None for side in _Side):
            self._refused.add(wish)
            return False
        self.admitted = tried
        self._loads.add(wish)
        return True


class _Refused:
    """What was found not to fit: what asks for more of the same does not either, unless it may be in more pieces."""

    def __init__(self) -> None:
        self._shapes: dict[
            tuple[tuple[str, ...], timedelta | None], list[tuple[timedelta, datetime, int]]
        ] = {}

    def covers(self, wish: Wish) -> bool:
        """Tell whether something smaller, or with a later end, did not fit."""
        needed, end, most = _asked_by(wish)
        return any(
            less <= needed and later >= end and pieces == most
            for less, later, pieces in self._shapes.get((wish.labels, wish.shortest), ())
        )

    def add(self, wish: Wish) -> None:
        """Note one that did not fit."""
        self._shapes.setdefault((wish.labels, wish.shortest), []).append(_asked_by(wish))


class _Loads:
    """What is to be done by each end, and the time there is until then: tells quickly what can not fit."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._slots = slots
        self._needed: dict[datetime, timedelta] = {}
        self._time: dict[datetime, timedelta] = {}

    def have_room_for(self, wish: Wish) -> bool:
        """Tell whether there is time enough, were everything split to the minute and put anywhere."""
        until, load = _end_of(wish), wish.needed
        for end in sorted({until, *self._needed}):
            load += self._needed.get(end, NO_TIME)
            if end >= until and load > self._time_until(end):
                return False
        return True

    def add(self, wish: Wish) -> None:
        """Note one that was let in."""
        end = _end_of(wish)
        self._needed[end] = self._needed.get(end, NO_TIME) + wish.needed

    def _time_until(self, end: datetime) -> timedelta:
        if end not in self._time:
            self._time[end] = sum(
                (min(slot.end, end) - slot.start for slot in self._slots if slot.start < end), NO_TIME
            )
        return self._time[end]


def _earliest(wish: Wish, room: Sequence[Slot], waiting: Sequence[Wish]) -> tuple[Piece, ...]:
    """Return the earliest time with which those who wait still fit."""
    pieces = pieces_for(wish, room)
    if not pieces or not waiting or _layout(waiting, without(room, pieces), _Side.EARLY) is not None:
        return pieces
    layouts = [layout for side in _Side if (layout := _layout(waiting, room, side)) is not None]
    found = [pieces for layout in layouts if (pieces := pieces_for(wish, layout.left))]
    if not found:  # what is left by the others is cut up; together with them it has a place
        together = sorted([wish, *waiting], key=_end_of)
        found = [
            layout.pieces[wish.key] for side in _Side if (layout := _layout(together, room, side)) is not None
        ]
    return min(found, key=lambda pieces: pieces[-1].end, default=())


class _Layout(NamedTuple):
    """Time for some wishes together, and what is left."""

    pieces: Mapping[str, tuple[Piece, ...]]
    left: list[Slot]


def _layout(wishes: Sequence[Wish], slots: Sequence[Slot], side: _Side) -> _Layout | None:
    """Give wishes, in order of their ends, time as early, or as late, as can be; None: they do not fit so."""
    left, found = list(slots), {}
    for wish in wishes if side is _Side.EARLY else reversed(wishes):
        pieces = _pieces(wish, left, side)
        if not pieces:
            return None
        found[wish.key] = pieces
        _take_out(pieces, left)
    return _Layout(found, left)


def _pieces(wish: Wish, slots: Sequence[Slot], side: _Side) -> tuple[Piece, ...]:
    several = fitting(wish, slots if side is _Side.EARLY else reversed(slots))
    first = next(several, None)
    if first is None:
        return ()
    if first.length >= wish.needed:
        return (_cut(first, wish.needed, side),)
    if wish.shortest is None:
        return _whole(wish, several, side)
    usable = [first, *several]
    whole = _whole(wish, usable, side)
    split = _split(wish, usable, side)
    if side is _Side.EARLY and whole and split and whole[0].end <= split[-1].end:
        return whole
    return split or whole


def _whole(wish: Wish, usable: Iterable[Slot], side: _Side) -> tuple[Piece, ...]:
    for slot in usable:
        if slot.length >= wish.needed:
            return (_cut(slot, wish.needed, side),)
    return ()


def _split(wish: Wish, usable: Sequence[Slot], side: _Side) -> tuple[Piece, ...]:
    """Split a wish over slots, in their order, into pieces none of which is shorter than it may be.

    Exact: it finds a way if there is one, and then one that needs the fewest slots from the first on; the last of them
    gives as little as can be.
    """
    shortest = wish.shortest or wish.needed
    long_enough = [slot for slot in usable if slot.length >= shortest]
    left, pieces = wish.needed, list[Piece]()
    while left > NO_TIME:
        found = _last_piece(left, long_enough, shortest)
        if found is None:
            return ()
        place, length = found
        pieces.append(_cut(long_enough[place], length, side))
        del long_enough[place:]
        left -= length
    return tuple(sorted(pieces))


def _last_piece(
    needed: timedelta, slots: Sequence[Slot], shortest: timedelta
) -> tuple[int, timedelta] | None:
    """Return the first of slots up to which there is room, and what of it is needed at least; None: there is none.

    No more pieces are possible than the shortest ones of which it could consist, so the longest slots must do.
    """
    most = needed // shortest
    longest: list[timedelta] = []  # of the slots so far, as many as there may be pieces; a heap
    total = NO_TIME
    for place, slot in enumerate(slots if most else ()):
        heappush(longest, slot.length)
        total += slot.length
        if len(longest) > most:
            total -= heappop(longest)
        if total >= needed:
            return place, max(shortest, needed - (total - slot.length))
    return None


def _asked_by(wish: Wish) -> tuple[timedelta, datetime, int]:
    """Return the time that it needs, its end, and in how many pieces it may be at most."""
    return wish.needed, _end_of(wish), 1 if wish.shortest is None else wish.needed // wish.shortest


def _cut(slot: Slot, length: timedelta, side: _Side) -> Piece:
    if side is _Side.EARLY:
        return Piece(slot.start, slot.start + length)
    return Piece(slot.end - length, slot.end)


def _end_of(wish: Wish) -> datetime:
    return wish.until or _NEVER
