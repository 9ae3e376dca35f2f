"""Stands between a program and its PostgreSQL server, and loses what a test tells it to lose."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

_CHUNK = 1 << 16


@dataclass
class _Cut:
    """What is lost once: the request that holds ``words``, or the answer to it."""

    words: bytes
    answer: bool
    done: threading.Event = field(default_factory=threading.Event)


class Proxy:
    """A TCP proxy on a port of its own.

    Args:
        port: The server's, on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.accepted = 0
        """Connections so far."""
        self.refusing = False
        """Whether every new connection is ended at once, as by a server that is starting or full."""
        self.late_s = 0.0
        """By how much every answer comes late, in seconds."""
        self._flows = threading.Event()
        self._flows.set()
        self._cut: _Cut | None = None
        self._mutex = threading.Lock()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.close()
        self.break_all()
        self.flow()

    def lose_request(self, words: bytes) -> threading.Event:
        """Break the next connection that sends these words before the server sees them; the event tells when."""
        self._cut = _Cut(words, answer=False)
        return self._cut.done

    def lose_answer(self, words: bytes) -> threading.Event:
        """Let the next request with these words through, and break its connection instead of the answer."""
        self._cut = _Cut(words, answer=True)
        return self._cut.done

    def hang(self) -> None:
        """Pass nothing on any more, in either direction, and keep every connection open; new ones are accepted."""
        self._flows.clear()

    def flow(self) -> None:
        """Pass on again, also what was held back."""
        self._flows.set()

    def turn_to(self, port: int) -> None:
        """Lead to another server from now on, as the address of a service that has failed over."""
        self._server_port = port
        self.break_all()

    def break_all(self) -> None:
        """Break every connection."""
        with self._mutex:
            broken, self._open = self._open, []
        for each in broken:
            _end(each)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.accepted += 1
                if self.refusing:
                    client.close()
                    continue
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port), timeout=10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        with self._mutex:
            self._open += [client, server]
        losing = threading.Event()
        threading.Thread(target=self._forward, args=(client, server, losing), daemon=True).start()
        threading.Thread(target=self._answer, args=(server, client, losing), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket, losing: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(_CHUNK):
                cut = self._cut
                if cut is not None and cut.words in data:
                    self._cut = None
                    if not cut.answer:
                        cut.done.set()
                        break
                    losing.set()
                    self._lost = cut.done
                self._flows.wait()
                server.sendall(data)
        _end(client)
        _end(server)

    def _answer(self, server: socket.socket, client: socket.socket, losing: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(_CHUNK):
                if losing.is_set():
                    self._lost.set()
                    break
                time.sleep(self.late_s)
                self._flows.wait()
                client.sendall(data)
        _end(client)
        _end(server)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
