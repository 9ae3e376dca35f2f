"""What is common to all verbs inside one transaction of the store."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from crossdock.store import statements
from crossdock.store.about import About
from crossdock.store.prepared import Prepared, prepare
from crossdock.store.types import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy.sql.elements import ClauseElement

    from crossdock.domain.errors import StoreFull
    from crossdock.domain.events import Event, Level, MessageEvent
    from crossdock.store.known_limits import KnownLimits


class Database(Protocol):
    """The part of a DB-API connection that the verbs use."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any:
        """Run one statement and return its cursor."""


class PreparedStatements:
    """Every statement of ``statements``, compiled at its first use."""

    def __init__(self) -> None:
        self._prepared: dict[tuple[Any, ...], Prepared] = {}

    def get(self, build: Callable[..., ClauseElement], **options: Any) -> Prepared:
        """Return the compiled statement that ``build`` makes of ``options``."""
        key = (build, *options.values())
        found = self._prepared.get(key)
        if found is None:
            found = self._prepared[key] = self._prepare(build, **options)
        return found

    def run(
        self,
        database: Database,
        build: Callable[..., ClauseElement],
        parameters: dict[str, Any],
        options: dict[str, Any],
    ) -> list[Any]:
        """Execute the statement that ``build`` makes of ``options``, and return all its rows."""
        prepared = self.get(build, **options)
        rows: list[Any] = database.execute(prepared.sql, prepared.bind(**parameters)).fetchall()
        return rows

    def _prepare(self, build: Callable[..., ClauseElement], **options: Any) -> Prepared:
        return prepare(build, **options)


class TransactionCore:
    """One open transaction: runs statements, writes the audit log, keeps the order of partition keys.

    Args:
        database: A DB-API connection inside a write transaction.
        statements: Compiled statements, shared by all transactions of a store.
        who: The process, for ``created_by``, ``lease_owner`` and the audit log.
        limits: What the process knows of the limits of queues, shared by all transactions of a store.
        hears: Tells whether anybody wants to know of events of a level.
    """

    now: datetime
    """Aware UTC; one instant for the whole transaction."""
    now_text: str
    adapters: Mapping[str, str]
    """By app, the kind of what hands it its messages in this process."""

    def __init__(
        self,
        database: Database,
        prepared: PreparedStatements,
        *,
        who: str,
        limits: KnownLimits,
        hears: Callable[[Level], bool],
    ) -> None:
        self._database = database
        self._prepared = prepared
        self.limits = limits
        self._closed: StoreFull | None = None
        self.who = who
        self.woken: set[str] = set()
        """Apps that have something ready that was not ready before; their sleeping workers are woken."""
        self.events: list[Event] = []
        """What is to be told of once the transaction is committed."""
        self._hears = hears

    def renew(self, now: datetime, closed: StoreFull | None) -> None:
        """Begin another transaction.

        Args:
            now: Its instant, aware UTC.
            closed: Why nothing new is taken in at the moment, or None.
        """
        self.now = now
        self.now_text = to_text(now)
        self.woken = set()
        self.events = []
        self._closed = closed

    def check_intake(self) -> None:
        """Refuse what would add to the store while the disk is nearly full.

        Raises:
            StoreFull: It is.
        """
        if self._closed is not None:
            raise self._closed

    def tell(self, event: Event) -> None:
        """Let an event be told when the transaction is committed."""
        self.events.append(event)

    def tell_of(self, kind: type[MessageEvent], about: About, **facts: Any) -> None:
        """Let a move of a message be told, if anybody hears it."""
        if self._hears(kind.level):
            facts["who"] = facts.get("who") or self.who
            adapter = self.adapters.get(about.app)
            self.events.append(about.event(kind, now=self.now, adapter=adapter, **facts))

    def run(
        self, build: Callable[..., ClauseElement], parameters: dict[str, Any], **options: Any
    ) -> list[Any]:
        """Execute a statement and return all its rows."""
        return self._prepared.run(self._database, build, parameters, options)

    def log(
        self,
        about: About,
        event: type[MessageEvent],
        *,
        attempt: int = 0,
        code: str = "",
        who: str | None = None,
        **details: Any,
    ) -> None:
        """Write one line of the audit log, and let the event be told; empty details are left out."""
        self.tell_of(
            event, about, attempt=attempt or None, code=code or None, who=who, reason=details.get("message")
        )
        kept = {name: value for name, value in details.items() if value is not None}
        line = {
            "row_id": about.row_id,
            "at": self.now_text,
            "event": event.name,
            "attempt": attempt,
            "who": self.who if who is None else who,
            "code": code,
            "details": json.dumps(kept) if kept else "",
        }
        self.run(statements.log, line)

    def log_action(self, app: str, event: type[Event], **details: Any) -> None:
        """Write one line of the audit log about a queue as a whole, or with an empty name about all of the store."""
        line = {"at": self.now_text, "event": event.name, "who": self.who, "app": app}
        self.run(statements.log_action, {**line, "details": json.dumps(details) if details else ""})

    def lock_keys(self, keys: Iterable[tuple[str, str | None]]) -> None:
        """Keep other transactions from changing the order of these (app, partition key) before ours has ended.

        Nothing to do where transactions that write come one after the other.
        """

    def lock_queue(self, app: str) -> None:
        """Keep other transactions from claiming from a queue with limits before ours has ended.

        Nothing to do where transactions that write come one after the other.
        """

    def release(self, keys: Iterable[tuple[str, str | None]]) -> None:
        """Let the next message of each (app, partition key) be claimed, if nothing of the key stands before it."""
        named = [(app, key) for app, key in dict.fromkeys(keys) if key is not None]
        if named:
            self.lock_keys(named)
            self._release(named)
            self.woken.update(app for app, _ in named)

    def _release(self, keys: list[tuple[str, str]]) -> None:
        for app, key in keys:
            self.run(statements.release_key, {"app": app, "key": key, "now": self.now_text})
