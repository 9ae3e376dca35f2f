"""What all requests of one application share, and what each request knows of its caller."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from crossdock.api.disbelief import Disbelief
from crossdock.api.errors import Refusal
from crossdock.api.feed import Feed
from crossdock.api.inboxes import Inboxes
from crossdock.api.known_keys import KnownKeys
from crossdock.api.limits import Limiter
from crossdock.api.settings import LOCAL_NAMES, ApiSettings
from crossdock.api.tally import Tally
from crossdock.domain.message import AppId, check_app

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crossdock.api.operations import Declared
    from crossdock.asynchronous.queue import AsyncQueue
    from crossdock.domain.key import ApiKey, Scope
    from crossdock.domain.record import Record


class ApiState:
    """The things that an application is made of.

    Attributes:
        queue: As this process; a caller has one of its own.
        known_keys: Finds the key that a caller shows.
        limiter: Counts requests, by key.
        strangers: Counts webhooks that are not to be believed, by where they come from.
        visitors: Counts likewise who reads the documentation.
        disbelief: Tells the log of webhooks that are refused.
        in_progress: Requests with an Idempotency-Key that are being worked on, so that the same is not begun twice.
        declared: Every operation.
        inboxes: Looks into the folders that files are taken from.
        tally: Counts what happens in the store.
        feed: Tells listeners what happens in the store.
        keep_up: Applies the newest generation of the configuration.
        stopping: Set when the process is to end: nothing waits any longer.
    """

    def __init__(self, queue: AsyncQueue, settings: ApiSettings) -> None:
        self.queue = queue
        self.known_keys = KnownKeys(queue._store)
        self.limiter = Limiter(settings.rate)
        self.strangers = Limiter(settings.strangers_rate)
        self.visitors = Limiter(settings.strangers_rate)
        self.disbelief = Disbelief(queue._gateway.tell)
        self.in_progress: set[Any] = set()
        self.declared: list[Declared] = []
        self.inboxes = Inboxes()
        self.tally = Tally(queue)
        self.stopping = asyncio.Event()
        self.feed = Feed(queue, self.stopping)
        self.keep_up: Callable[[], Awaitable[None]] = _stay
        self._settings = settings
        self._hosts = _hosts(settings)

    @property
    def settings(self) -> ApiSettings:
        """How the API behaves now."""
        return self._settings

    def apply(self, settings: ApiSettings) -> None:
        """Behave like this from now on."""
        self._settings = settings
        self._hosts = _hosts(settings)
        self.limiter.rate = settings.rate
        self.strangers.rate = self.visitors.rate = settings.strangers_rate

    def hosts(self) -> frozenset[str]:
        """Return the names by which the API may be called."""
        return self._hosts


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever makes a request, by the key that was shown.

    Attributes:
        queue: What is written through it is this caller's doing.
    """

    key: ApiKey
    queue: AsyncQueue

    @property
    def name(self) -> str:
        """Stands in audit log, ``created_by`` and ``lease_owner``."""
        return name_of(self.key)

    def may(self, scope: Scope) -> bool:
        """Tell whether the key has a scope."""
        return scope in self.key.scopes

    def demand_app(self, app: str) -> None:
        """Make sure that the key may work as an app.

        Raises:
            Refusal: It is bound to another one.
        """
        if self.key.app is not None and self.key.app != app:
            raise Refusal("FORBIDDEN", f"the key {self.key.name!r} is bound to the app {self.key.app!r}")

    def sending_app(self, named: str | None) -> AppId:
        """Return the app that the caller sends as: that of the key, else the one that is named, else the key's name.

        Raises:
            Refusal: The key is bound to another app.
        """
        if named is not None:
            self.demand_app(named)
            return check_app(named)
        return self.key.app or check_app(self.key.name)

    def sees(self, record: Record) -> bool:
        """Tell whether the key may know of a message at all."""
        return self.key.app is None or self.key.app in {record.app, record.source_app}


def name_of(key: ApiKey) -> str:
    """Return what the holder of a key is called where it is written down what it did."""
    return f"api:{key.name}"


def state_of(request: Request) -> ApiState:
    """Return what all requests share."""
    found: ApiState = request.app.state.crossdock
    return found


def caller_of(request: Request) -> Caller:
    """Return who makes a request."""
    found: Caller = request.state.caller
    return found


async def _stay() -> None:
    """Do nothing: nobody attends to an application that does not serve."""


def _hosts(settings: ApiSettings) -> frozenset[str]:
    return frozenset(name.lower() for name in (*LOCAL_NAMES, *settings.allowed_hosts))
