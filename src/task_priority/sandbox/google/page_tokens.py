"""Page tokens of Google Calendar: they belong to one listing, and hold since when it is read and how far."""

from __future__ import annotations

import hashlib

from task_priority.sandbox.exchange import Request
from task_priority.sandbox.google.errors import invalid
from task_priority.sandbox.paging import Place
from task_priority.sandbox.tokens import BadToken, Sealer


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
        return self._sealer.seal(self._purpose, [_listing(request), as_of, place.packed()])

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
        if listing != _listing(request):
            raise invalid("pageToken", "The page token belongs to other parameters.")
        return as_of, Place.unpacked(place)


def _listing(request: Request) -> str:
    """Name a listing: its path and parameters."""
    parameters = sorted(
        (name, values) for name, values in request.query.items() if name not in {"pageToken", "maxResults"}
    )
    return hashlib.sha256(repr((request.path, parameters)).encode()).hexdigest()[:12]
