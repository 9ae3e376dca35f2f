"""Page tokens of Google Calendar: they belong to one listing, and hold since when it is read and how far."""

from __future__ import annotations

from typing import Final

from task_priority.sandbox.exchange import Request
from task_priority.sandbox.google.errors import invalid
from task_priority.sandbox.paging import Place, listing_of
from task_priority.sandbox.tokens import BadToken, Sealer

_OF_A_PAGE: Final = frozenset({"pageToken", "maxResults"})


class PageTokens:
    """Makes the tokens of one kind of listing, and reads them.

    Args:
        sealer: Makes them opaque.
        purpose: What they are for; those of another are refused.
    """

    def __init__(self, sealer: Sealer, purpose: str) -> None:
        self._sealer = sealer
        self._purpose = purpose

    def after(self, request: Request, as_of: int, place: Place) -> str:
        """Return the token of the page that begins at a place.

        Args:
            request: Of the page before.
            as_of: The sync token at the end will tell what changes after this.
            place: Where the page begins.
        """
        return self._sealer.seal(
            self._purpose, [listing_of(request, apart_from=_OF_A_PAGE), as_of, place.packed()]
        )

    def given(self, request: Request) -> tuple[int, Place] | None:
        """Return what the token of a request says; None: it has none, and asks for the first page.

        Raises:
            Refusal: It is none of ours, or of another listing.
        """
        token = request.one("pageToken")
        if token is None:
            return None
        try:
            listing, as_of, place = self._sealer.open(self._purpose, token)
        except BadToken as error:
            raise invalid("pageToken", "Invalid page token value.") from error
        if listing != listing_of(request, apart_from=_OF_A_PAGE):
            raise invalid("pageToken", "The page token belongs to other parameters.")
        return as_of, Place.unpacked(place)
