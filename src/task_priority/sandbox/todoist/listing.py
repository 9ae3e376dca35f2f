"""Pages of the resource endpoints: ``limit`` and ``cursor`` in, ``next_cursor`` out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from task_priority.sandbox.exchange import Reply, Request, json_reply
from task_priority.sandbox.paging import Place, listing_of, page_of
from task_priority.sandbox.todoist.errors import invalid
from task_priority.sandbox.tokens import BadToken, Sealer

_PURPOSE: Final = "todoist-cursor"
_OF_A_PAGE: Final = frozenset({"cursor", "limit"})
DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200


class Listing:
    """Cuts listings into pages. A cursor belongs to its user, its path and its other parameters."""

    def __init__(self, sealer: Sealer, user_id: str) -> None:
        self._sealer = sealer
        self._user_id = user_id

    def answer(
        self, request: Request, rows: Sequence[tuple[tuple[str, ...], Any]], *, envelope: str = "results"
    ) -> Reply:
        """Answer with one page.

        Args:
            request: Has ``limit`` and ``cursor``.
            rows: All, with their keys, in any order.
            envelope: The field that has the rows.

        Raises:
            TodoistRefusal: The limit is over 200, or the cursor is not for this listing.
        """
        limit, place = _limit(request), self._place(request)
        page = page_of(rows, place, limit=limit, quirks=request.quirks)
        cursor = None
        if page.next is not None:
            cursor = self._sealer.seal(_PURPOSE, [self._listing(request), page.next.packed()])
        return json_reply({envelope: page.rows, "next_cursor": cursor})

    def _place(self, request: Request) -> Place:
        cursor = request.one("cursor")
        if cursor is None:
            return Place()
        try:
            listing, place = self._sealer.open(_PURPOSE, cursor)
        except BadToken as error:
            raise invalid("cursor", "the next_cursor of the page before") from error
        if listing != self._listing(request):
            raise invalid("cursor", "a cursor of the same user and the same parameters")
        return Place.unpacked(place)

    def _listing(self, request: Request) -> str:
        return listing_of(request, apart_from=_OF_A_PAGE, owner=self._user_id)


def _limit(request: Request) -> int:
    text = request.one("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= MAX_LIMIT:
        raise invalid("limit", f"an integer from 1 to {MAX_LIMIT}")
    return int(text)
