# Made from ../asynchronous/client.py by tools/generate_sync.py. Do not edit.
"""The client."""

from __future__ import annotations

import ssl
from datetime import timedelta
from typing import Self

from crossdock.client.address import address_of
from crossdock.client.synchronous.calling import Calling
from crossdock.client.synchronous.delivery import Hand
from crossdock.client.synchronous.following import Following
from crossdock.client.synchronous.jobs import Jobs
from crossdock.client.synchronous.link import Link
from crossdock.client.synchronous.scheduling import Scheduling
from crossdock.client.synchronous.working import Working
from crossdock.client.threads import Ending
from crossdock.domain.errors import ConfigError
from crossdock.domain.message import check_app


class Client(Calling, Working, Scheduling, Jobs, Following):
    """The words of a queue over HTTP, for processes that do not reach the store; safe for many threads.

    Whatever can be asked twice is asked again, later each time, while the server cannot be reached or asks to wait.

    Args:
        url: Of the server, such as ``http://127.0.0.1:8765`` or ``https://crossdock.example``.
        key: An API key; default: the variable ``CROSSDOCK_KEY``. It is shown to the server and to nobody else.
        app: The name of this application: the sender of what it sends. A key that is bound to an app sends as that app
            alone.
        lease: How long a claimed message is ours.
        timeout: Each request ends when the server gives no sign of life for so long.
        patience: A call that cannot be carried out is tried again for so long.
        tls: Which certificates to trust; default: those of the system.
        plain_http: Allow ``http`` to another machine; the way there must be protected otherwise.

    Raises:
        ConfigError: The URL or the app is wrong, or there is no key.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        app: str = "python",
        lease: timedelta = timedelta(seconds=30),
        timeout: timedelta = timedelta(seconds=30),
        patience: timedelta = timedelta(seconds=30),
        tls: ssl.SSLContext | None = None,
        plain_http: bool = False,
    ) -> None:
        address = address_of(url, key=key, tls=tls, plain_http=plain_http)
        if min(lease, timeout) <= timedelta(0) or patience < timedelta(0):
            raise ConfigError("lease and timeout must be more than 0, patience 0 or more")
        self._app = check_app(app)
        self._lease = lease
        self._where = f"{address.host}:{address.port}" if address.port else address.host
        self._link = Link(address, timeout=timeout, patience=patience)
        self._hand = Hand(self._link)
        self._shut_down = Ending(self, _shut_down, self._link, self._hand)

    def __repr__(self) -> str:
        """Name the server and the app, never the key."""
        return f"<{type(self).__name__} {self._where} as {self._app}>"

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the client."""
        self.close()

    def close(self) -> None:
        """Give back what is claimed and not settled, and close the connections; safe to call twice.

        Whatever waits for an answer meanwhile, ``events`` too, ends with a StoreError, and so does every later call.
        """
        self._shut_down()


def _shut_down(link: Link, hand: Hand) -> None:
    """Runs at exit, too."""
    link.refuse()
    hand.hand_back_all()
    link.close()
