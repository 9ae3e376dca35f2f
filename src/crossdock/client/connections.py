"""Connections that are kept for the next request."""

from __future__ import annotations

import http.client
import os
import select
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from crossdock.client.address import Address


class Answer(NamedTuple):
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Refused(Exception):
    """No connection came about: the server has not seen the request."""


class Broken(Exception):
    """The answer did not come: the server may have done what was asked, or not."""


class Connections:
    """Makes requests; safe for many threads, each request has a connection for itself."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []
        self._process = os.getpid()

    def exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float
    ) -> Answer:
        """Make one request and read its answer.

        Raises:
            Refused: The server could not be reached.
            Broken: It could, and did not answer in time, or not to the end.
        """
        connection = self._connected(timeout_s)
        given = {"Authorization": f"Bearer {self._address.key}", **headers}
        try:
            connection.request(method, self._address.place + path, body, given)
            response = connection.getresponse()
            answer = Answer(
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                response.read(),
            )
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Broken(f"{type(error).__name__}: {error}") from error
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close what is idle; safe to call twice."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _connected(self, timeout_s: float) -> http.client.HTTPConnection:
        """Return a connection that is open."""
        kept = self._kept()
        if kept is not None:
            kept.sock.settimeout(timeout_s)
            return kept
        connection = self._address.connect(timeout_s)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise Refused(f"{type(error).__name__}: {error}") from error
        return connection

    def _kept(self) -> http.client.HTTPConnection | None:
        with self._lock:
            if self._process != os.getpid():  # after a fork these are the parent's
                self._process, self._idle = os.getpid(), []
            while self._idle:
                connection = self._idle.pop()
                if connection.sock is not None and not _is_readable(connection.sock):
                    return connection
                connection.close()  # nothing can have come but the end
        return None


def _is_readable(sock: Any) -> bool:
    """Tell whether something has come on a connection on which nothing is expected."""
    if hasattr(select, "poll"):  # select itself takes no descriptor over 1023
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])
