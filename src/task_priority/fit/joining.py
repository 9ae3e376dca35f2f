"""Joins the pieces of a task that lie in one slot: nobody does a thing in two halves with another one in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from task_priority.fit.placing import Piece, Wish
from task_priority.fit.slots import Slot

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Span:
    """A piece, and whose it is."""

    key: str
    piece: Piece


@dataclass(frozen=True, slots=True)
class _Limits:
    """How far what is placed may be moved.

    Attributes:
        latest: By when each must be over.
        order: The places of all, the most wanted first.
    """

    latest: Mapping[str, datetime]
    order: Mapping[str, int]


def joined(
    placed: Mapping[str, tuple[Piece, ...]], wishes: Sequence[Wish], slots: Sequence[Slot]
) -> dict[str, tuple[Piece, ...]]:
    """Return what is placed, with one piece at most of each in a slot.

    The later piece comes to the earlier one if all that lies between is wanted less and still ends in time, or else
    the earlier one to the later: then nothing ends later than before.

    Args:
        placed: Pieces by the keys of the wishes, each inside one slot.
        wishes: All of them, the most wanted first.
        slots: In order, apart from one another.
    """
    if all(len(pieces) == 1 for pieces in placed.values()):
        return dict(placed)
    limits = _Limits(
        {wish.key: _latest(wish, placed[wish.key][-1].end) for wish in wishes if wish.key in placed},
        {wish.key: place for place, wish in enumerate(wishes)},
    )
    spans = sorted(
        (_Span(key, piece) for key, pieces in placed.items() for piece in pieces), key=lambda one: one.piece
    )
    found: dict[str, list[Piece]] = {key: [] for key in placed}
    for slot in slots:
        inside = [one for one in spans if slot.start <= one.piece.start < slot.end]
        for one in _joined_in_a_slot(inside, limits):
            found[one.key].append(one.piece)
    return {key: tuple(pieces) for key, pieces in found.items()}


def _latest(wish: Wish, end: datetime) -> datetime:
    """Return by when one must be over that is over by ``end``: by the next of its ends, if it has any."""
    ends = [one for one in (wish.until, *wish.better_by, *wish.or_by) if one is not None]
    return min((one for one in ends if one >= end), default=end if ends else _NEVER)


def _joined_in_a_slot(spans: list[_Span], limits: _Limits) -> list[_Span]:
    first = 0
    while first < len(spans):
        key = spans[first].key
        second = next((at for at in range(first + 1, len(spans)) if spans[at].key == key), None)
        if second is None:
            first += 1
        else:
            spans = _to_the_front(spans, first, second, limits) or _to_the_back(spans, first, second)
    return spans


def _to_the_front(spans: list[_Span], first: int, second: int, limits: _Limits) -> list[_Span] | None:
    """Move a piece to an earlier one of the same; None: what lies between cannot come later."""
    key, length = spans[first].key, spans[second].piece.length
    between = [
        _Span(one.key, Piece(one.piece.start + length, one.piece.end + length))
        for one in spans[first + 1 : second]
    ]
    if any(
        limits.order[one.key] < limits.order[key] or one.piece.end > limits.latest[one.key] for one in between
    ):
        return None
    start = spans[first].piece
    whole = _Span(key, Piece(start.start, start.end + length))
    return [*spans[:first], whole, *between, *spans[second + 1 :]]


def _to_the_back(spans: list[_Span], first: int, second: int) -> list[_Span]:
    """Move a piece to a later one of the same; what lies between comes earlier."""
    key, length = spans[first].key, spans[first].piece.length
    between = [
        _Span(one.key, Piece(one.piece.start - length, one.piece.end - length))
        for one in spans[first + 1 : second]
    ]
    end = spans[second].piece
    whole = _Span(key, Piece(end.start - length, end.end))
    return [*spans[:first], *between, whole, *spans[second + 1 :]]
