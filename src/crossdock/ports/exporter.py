"""What a service outside must offer to be exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from crossdock.domain.exporting import Pull


class Exporter(Protocol):
    """Asks one outside service what changed.

    It keeps nothing itself: what it needs the next time it says as the ``state`` of its pulls, which is stored in the
    transaction that stores what they found. It has no retry loop and no pauses of its own; the errors it raises say
    what should happen.

    Attributes:
        name: The app that it is, such as ``todoist``.
        kinds: The kinds of objects that it finds.
    """

    name: str
    kinds: Sequence[str]

    def pull(self, states: Mapping[str, Any]) -> Iterator[Pull]:
        """Ask for what changed since ``states``; each pull is stored before the next is asked for.

        Run in a thread, one run at a time. A run that ends early, for any reason, is begun again from the states that
        were stored.

        Args:
            states: The state of the last stored pull, by scope; empty: everything is asked for.

        Raises:
            TransientError: The service does not answer, or not as it should; it is asked again later.
            RateLimited: It asks to wait, and for how long.
            CredentialError: It refuses the credentials; the message says what the owner can do.
            PermanentError: It will never answer, such as a retired API; the message says what the owner can do.
        """
