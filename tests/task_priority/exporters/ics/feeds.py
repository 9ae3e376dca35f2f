"""A server of calendar feeds for tests: says what it is told to, and keeps what it was asked."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "private-0123456789abcdef/basic.ics"  # noqa: S105 - of nobody


@dataclass
class Reply:
    """What is answered at one path. The body is sent in one piece, or the first of it and nothing more."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    sent_bytes: int | None = None


@dataclass
class Feeds:
    """The server's side of a test."""

    port: int
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = SECRET, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}/{path}"

    def serve(self, *lines: str, path: str = SECRET, **headers: str) -> None:
        """Serve a calendar of some lines."""
        body = "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""]).encode()
        self.replies[path] = Reply(
            body, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )


@contextmanager
def feeds(tls: ssl.SSLContext | None = None) -> Iterator[Feeds]:
    """Run the server on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    server.state = state = Feeds(server.server_address[1])  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        state: Feeds = self.server.state  # type: ignore[attr-defined]
        headers = {name.lower(): value for name, value in self.headers.items()}
        state.asked.append((self.path, headers))
        reply = state.replies.get(self.path.lstrip("/"), Reply(status=404))
        tag = reply.headers.get("etag")
        status = 304 if tag and headers.get("if-none-match") == tag else reply.status
        self.send_response(status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        body = b"" if status == 304 else reply.body
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: reply.sent_bytes])
        if reply.sent_bytes is not None:
            self.wfile.flush()
            state.released.wait(5)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
