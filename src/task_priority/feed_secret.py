"""The secret in the address of the calendar feed: who knows the address may read the plan."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Final

from task_priority.credentials import KEY_RING_VARIABLE, Credentials

if TYPE_CHECKING:
    from task_priority.home import Home

_NAME: Final = "plan-feed"
_BYTES: Final = 32
_IN_A_FILE: Final = {KEY_RING_VARIABLE: "off"}
"""A hub that serves the feed has no person beside it to unlock a key ring."""


class FeedSecret:
    """The secret, in a file of the home for its owner alone.

    Args:
        home: Whose plan it opens.
    """

    def __init__(self, home: Home) -> None:
        self._credentials = Credentials(home.folder, environment=_IN_A_FILE)

    def text(self) -> str | None:
        """Return it; None: none was made yet, so that there is no feed.

        Raises:
            CredentialError: Its file is damaged.
        """
        kept = self._credentials.load(_NAME)
        return None if kept is None else str(kept.get("secret", "")) or None

    def make(self) -> str:
        """Make a new one; the address with the old one leads nowhere from now on."""
        made = secrets.token_urlsafe(_BYTES)
        self._credentials.store(_NAME, {"secret": made})
        return made

    def opens(self, shown: str) -> bool:
        """Tell whether it is what somebody shows, in a time that tells nothing.

        Raises:
            CredentialError: Its file is damaged.
        """
        right = self.text()
        return right is not None and hmac.compare_digest(right.encode(), shown.encode("utf-8", "replace"))
