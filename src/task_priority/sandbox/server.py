"""The HTTP server under the sandbox: on loopback, exact about what it sends, and quick to start and stop."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from task_priority.sandbox.clock import Clock
from task_priority.sandbox.exchange import Cut, Reply, Request

HOST: Final = "127.0.0.1"
MAX_BODY_BYTES: Final = 1024 * 1024
_POLL_S: Final = 0.02
"""How often the server looks whether it is to stop."""


class Server:
    """Answers requests with a function, each connection in a thread of its own.

    Args:
        answer: Called for each request, by several threads at a time.
        clock: What answers are dated by; clients go on from there.
        port: 0: any that is free.
    """

    def __init__(self, answer: Callable[[Request], Reply], *, clock: Clock, port: int = 0) -> None:
        self._server = _Server((HOST, port), _Handler)
        self._server.answer = answer
        self._server.clock = clock
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_S,), name="sandbox", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering; connections end. Harmless if it was never started."""
        if self._thread.ident is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.hang_up()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True
    request_queue_size = 64
    answer: Callable[[Request], Reply]
    clock: Clock

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep open."""
        with self._connections_lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up; anything else is told as usual."""
        import sys  # noqa: PLC0415 - only then

        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
        """Log nothing: addresses and headers hold secrets."""

    def version_string(self) -> str:
        return "task-priority-sandbox"

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(self.server.clock().timestamp() if timestamp is None else timestamp)

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            told = {"Connection": "close"}  # or the client's next request may come just as it ends
            self._write(Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"Request too large", told))
            return
        self._write(self.server.answer(self._request(self.rfile.read(length))))

    # The names that the standard library looks for.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer  # noqa: N815

    def _request(self, body: bytes) -> Request:
        address = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = parse_qs(address.query, keep_blank_values=True)
        return Request(self.command, address.path, query, headers, body)

    def _write(self, reply: Reply) -> None:
        if reply.cut is Cut.AT_ONCE:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        body = reply.body
        if reply.cut is Cut.HALFWAY:
            self.close_connection = True
            body = body[: len(body) // 2]
        if self.command != "HEAD":
            self.wfile.write(body)
