"""Sees to it that nobody waits for ever for a server that has gone silent.

Whoever waits for an answer says so, and one thread of the process looks now and then who has waited for long. How long
a statement takes tells nothing: it may have much to do. So the server is asked, over a connection of its own, whether
it is at it. If it is, the wait goes on; if it does not answer that either, or knows of nothing to do, the connection is
cut, and its user finds it broken as after any other loss.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from crossdock.store.postgresql.driver import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

_LONGEST_MARGIN_S: Final = 5.0
ANSWER_S: Final = 5
"""So long the server has for the question; libpq counts whole seconds."""
_LONGEST_LOOK_S: Final = 1.0
_JOIN_TIMEOUT_S: Final = 1.0
_LOOKS: Final = 8
"""So often at least we look while somebody waits for as long as he may."""
_SESSIONS: Final = """\
SELECT pid, coalesce(state = 'active', FALSE) AS busy, CASE
  WHEN application_name = %(name)s AND wait_event_type = 'Lock'
    AND clock_timestamp() - query_start > make_interval(secs => %(limit)s) THEN pg_cancel_backend(pid) END
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND (pid = ANY (%(pids)s) OR application_name = %(name)s)"""
"""Tell which of our sessions work. Those that wait for a lock, in statements of our own, have waited long enough."""

_open: weakref.WeakSet[Watched] = weakref.WeakSet()


class Watched(psycopg.Connection[Any]):
    """A connection that says since when it waits for an answer.

    Attributes:
        waiting_since: By ``time.monotonic``; None: nobody waits.
        asked_at: When the server was found to be at it.
        doubted: The wait (its beginning) of which the server knew nothing when it was asked.
        silent_s: After how long it was cut, because no answer came; None: it was not.
    """

    waiting_since: float | None = None
    asked_at = 0.0
    doubted: float | None = None
    silent_s: float | None = None
    _mutex: threading.Lock
    _release: Callable[[], object]
    _handle: int | None = None
    """Of the socket, and of our own: the driver may close its handle at any time, and another file get the number."""

    @classmethod
    def open(cls, **arguments: Any) -> Self:
        """Connect."""
        connection = cls.connect(**arguments)
        connection._take_handle()  # noqa: SLF001 - our own class
        return connection

    def wait(self, *arguments: Any, **options: Any) -> Any:
        """Wait for the driver's work with the server."""
        self.waiting_since = time.monotonic()
        try:
            return super().wait(*arguments, **options)
        except psycopg.OperationalError as error:
            self.explain(error)
            raise
        finally:
            self.waiting_since = None

    def explain(self, error: BaseException) -> None:
        """Tell the truth about the error of a connection that was cut.

        Raises:
            psycopg.OperationalError: It was.
        """
        if self.silent_s is not None:
            raise psycopg.OperationalError(
                f"the server has not answered for {self.silent_s:.0f} s"
            ) from error

    def cut(self, waiting_since: float) -> None:
        """Break the connection, if the same wait goes on."""
        with self._mutex:
            if self._handle is None or self.waiting_since != waiting_since:
                return
            self.silent_s = time.monotonic() - waiting_since
            with suppress(OSError), socket.socket(fileno=os.dup(self._handle)) as handle:
                handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it; safe to call twice."""
        try:
            super().close()
        finally:
            if self._handle is not None:
                with self._mutex:
                    self._handle = None
                    self._release()

    def _take_handle(self) -> None:
        handle = self._handle = os.dup(self.fileno())
        self._release = weakref.finalize(self, os.close, handle)
        self._mutex = threading.Lock()
        _open.add(self)

    def let_go(self) -> None:
        """Let go of the parent's session, in a forked child.

        Otherwise the server would keep it, with its transaction and its locks, for as long as the child lives after
        the parent was killed. The driver keeps the number of the socket, which therefore must not become another
        file's: the null device has it from now on.
        """
        handles = [] if self._handle is None else [self._handle]
        with suppress(psycopg.Error):  # closed
            handles.append(self.fileno())
        with open(os.devnull, "r+b", buffering=0) as nothing:
            for handle in handles:
                os.dup2(nothing.fileno(), handle, inheritable=False)


class _Session(NamedTuple):
    """What the server says of one session."""

    pid: int
    busy: bool


class Watch:
    """Watches the connections of one process.

    Args:
        arguments: Of ``psycopg.connect``.
        patience_s: How long a statement may wait for a lock; the server itself ends it then.
    """

    def __init__(self, arguments: dict[str, Any], patience_s: float) -> None:
        self._arguments = arguments
        self._name = str(arguments.get("application_name", ""))
        self._limit_s = patience_s + min(patience_s / 2, _LONGEST_MARGIN_S)
        self._connections: weakref.WeakSet[Watched] = weakref.WeakSet()
        self._mutex = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.pooled = False
        """Whether a pooler gives each transaction another session, so that the name alone tells ours."""

    def add(self, connection: Watched) -> None:
        """Watch a connection for as long as it is used."""
        with self._mutex:
            self._connections.add(connection)
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="crossdock-watch", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Watch no more; safe to call twice."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_JOIN_TIMEOUT_S)

    def run_once(self) -> None:
        """Cut the connections whose server is silent."""
        overdue = self._overdue()
        if not overdue:
            return
        try:
            sessions = self._ask([connection.info.backend_pid for connection, _ in overdue])
        except psycopg.Error as error:
            if not error.sqlstate:
                for connection, since in self._overdue():
                    connection.cut(since)
            return  # else it refuses us, so it is there; what it is at we ask again
        for connection, since in overdue:
            self._judge(connection, since, sessions)

    def _run(self) -> None:
        while not self._stop.wait(min(self._limit_s / _LOOKS, _LONGEST_LOOK_S)):
            self.run_once()

    def _overdue(self) -> list[tuple[Watched, float]]:
        now = time.monotonic()
        with self._mutex:
            waits = [(connection, connection.waiting_since) for connection in self._connections]
        return [
            (connection, since)
            for connection, since in waits
            if since is not None and now - max(since, connection.asked_at) > self._limit_s
        ]

    def _judge(self, connection: Watched, since: float, sessions: Iterable[_Session]) -> None:
        pid = connection.info.backend_pid
        if any(session.busy and (self.pooled or session.pid == pid) for session in sessions):
            connection.asked_at = time.monotonic()
        elif connection.doubted == since:
            connection.cut(since)
        else:
            connection.doubted = since  # the answer may be on its way: the next look decides

    def _ask(self, pids: list[int]) -> list[_Session]:
        given = {"pids": pids, "name": self._name, "limit": self._limit_s}
        arguments = {**self._arguments, "connect_timeout": ANSWER_S, "autocommit": True}
        with closing(Watched.open(**arguments)) as connection:
            connection.prepare_threshold = None
            patience = threading.Timer(ANSWER_S, _cut_now, [connection])
            patience.daemon = True
            patience.start()
            try:
                rows = connection.execute(_SESSIONS, given).fetchall()
            finally:
                patience.cancel()
        return [_Session(pid, busy) for pid, busy, _ in rows]


def _cut_now(connection: Watched) -> None:
    if connection.waiting_since is not None:
        connection.cut(connection.waiting_since)


def _let_go_after_fork() -> None:
    for connection in list(_open):
        connection.let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_after_fork)
