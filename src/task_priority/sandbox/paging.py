"""Cuts a listing into pages by the key of the last row, so that changes meanwhile shift nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from task_priority.sandbox.exchange import Json, Quirk, Request

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Place:
    """How far a client has read a listing.

    Attributes:
        after: The key of the last row that it has seen; None: none yet.
        backwards: It reads from the end.
    """

    after: tuple[str, ...] | None = None
    backwards: bool = False

    def packed(self) -> Json:
        """Return it as JSON."""
        return {"after": self.after, "backwards": self.backwards}

    @classmethod
    def unpacked(cls, value: Json) -> Place:
        """Make it of its JSON."""
        after = value["after"]
        return cls(None if after is None else tuple(after), value["backwards"])


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and where the next page begins; None: this is the last."""

    rows: Sequence[Row]
    next: Place | None


def page_of(
    rows: Sequence[tuple[tuple[str, ...], Row]],
    place: Place,
    *,
    limit: int,
    quirks: frozenset[Quirk] = frozenset(),
) -> Page[Row]:
    """Return the page at a place.

    Args:
        rows: With their keys, in any order; keys are unique and sort the listing.
        place: Where the page begins.
        limit: The most rows of a page, at least 1.
        quirks: A page may be empty though there are more, the listing may run backwards, and the next page may repeat
            the last row of this one.
    """
    if Quirk.REORDERED in quirks and place.after is None:
        place = Place(None, backwards=True)
    if Quirk.EMPTY_PAGE in quirks:
        return Page([], place)
    ordered = sorted(rows, key=lambda row: row[0], reverse=place.backwards)
    left = [row for row in ordered if _is_beyond(row[0], place)]
    taken = left[:limit]
    if len(left) <= limit:
        return Page([row for _, row in taken], None)
    last = taken[-2] if Quirk.OVERLAPPING in quirks and limit > 1 else taken[-1]
    return Page([row for _, row in taken], Place(last[0], place.backwards))


def listing_of(request: Request, *, apart_from: Collection[str], owner: str = "") -> str:
    """Name the listing that a request asks a page of, so that the place in one is not taken for that in another.

    Args:
        request: Its path and parameters are the listing's.
        apart_from: The parameters that may differ from page to page.
        owner: Whose listing it is.
    """
    parameters = sorted((name, values) for name, values in request.query.items() if name not in apart_from)
    return hashlib.sha256(repr((owner, request.path, parameters)).encode()).hexdigest()[:12]


def _is_beyond(key: tuple[str, ...], place: Place) -> bool:
    if place.after is None:
        return True
    return key < place.after if place.backwards else key > place.after
