"""The place on this machine to which the browser comes back from Google."""

from __future__ import annotations

import hmac
import html
import threading
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

HOST: Final = "127.0.0.1"
_SILENT_S: Final = 10
"""Browsers open connections in advance on which they never say anything."""
_LONGEST_QUERY: Final = 8_192

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Task Priority Lite</title>
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem;
  color-scheme: light dark }}
</style>
<h1>{title}</h1>
<p>{text}</p>
</html>
"""


class Landing:
    """Waits on 127.0.0.1 for the redirect that carries the right state. To be used in a ``with`` statement.

    Args:
        port: 0: any that is free.
        state: Nothing else is listened to.

    Raises:
        OSError: The port is taken.
    """

    def __init__(self, port: int, state: str) -> None:
        self._state = state
        self._answer: Mapping[str, str] | None = None
        self._arrived = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server((HOST, port), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="consent", daemon=True
        )

    @property
    def address(self) -> str:
        """Where the browser is to come to."""
        return f"http://{HOST}:{self._server.server_port}/"

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, timeout: timedelta) -> Mapping[str, str] | None:
        """Return the parameters of the redirect, or None if it did not come in time."""
        self._arrived.wait(timeout.total_seconds())
        return self._answer

    def take(self, answer: Mapping[str, str]) -> bool:
        """Take the parameters of a request; tell whether they are what is waited for. Only the first counts."""
        state = answer.get("state", "")
        if not hmac.compare_digest(state.encode(), self._state.encode()) or not answer.keys() & {
            "code",
            "error",
        }:
            return False
        with self._lock:
            if self._answer is None:
                self._answer = answer
        self._arrived.set()
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = False

    def __init__(self, address: tuple[str, int], landing: Landing) -> None:
        self.landing = landing
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that goes away is nobody's fault."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _SILENT_S
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path[:_LONGEST_QUERY])
        answer = dict(parse_qsl(parts.query))
        if parts.path != "/" or not self.server.landing.take(answer):
            self._send(
                HTTPStatus.NOT_FOUND, "Nothing to see here", "This is not the page that Google leads to."
            )
        elif "code" in answer:
            self._send(
                HTTPStatus.OK,
                "Thank you",
                "Task Priority Lite has Google's answer. You can close this page and go back to the terminal.",
            )
        else:
            self._send(
                HTTPStatus.OK,
                "Not connected",
                f"Google answered “{answer['error'][:100]}”. The terminal says what that means. "
                "You can close this page.",
            )

    def log_message(self, *args: object) -> None:
        """Say nothing: the addresses hold the code."""

    def version_string(self) -> str:
        return "task-priority"

    def _send(self, status: HTTPStatus, title: str, text: str) -> None:
        body = _PAGE.format(title=html.escape(title), text=html.escape(text)).encode()
        self.send_response(status)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.send_header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.send_header("referrer-policy", "no-referrer")
        self.send_header("cache-control", "no-store")
        self.end_headers()
        self.wfile.write(body)
