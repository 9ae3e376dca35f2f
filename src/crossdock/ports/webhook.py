"""The port to whatever knows whether a webhook that came to the API is to be believed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol


class Label(NamedTuple):
    """What a webhook is called.

    Attributes:
        id: Of its message; the same each time it comes.
        type: Of its message.
    """

    id: str
    type: str


class Webhook(Protocol):
    """What an app believes of webhooks that others post to it; safe for many threads.

    ``issue`` is asked first, and ``label`` only if it has found none. Headers are by their names in lower case, and the
    body is the very bytes that were signed.
    """

    def issue(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str | None:
        """Return why it is not to be believed, for the log; None: it is. Takes the same time for all near misses.

        Raises:
            ConfigError: A secret is not there any more, or cannot be used.
        """

    def label(self, headers: Mapping[str, str], body: bytes, data: Any) -> Label:
        """Return what it is called.

        Args:
            headers: Of the request.
            body: As it came.
            data: What the body says, if it was JSON.
        """
