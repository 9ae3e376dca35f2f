"""One connection of the API: headers must come in time, and what is no HTTP is answered in our form, too."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from crossdock.api.errors import KINDS, error_document, new_request_id

HEADERS_WITHIN_S: Final = 10.0
"""From the first byte of a request, or the beginning of a connection, to the end of the headers."""


class Connection(H11Protocol):
    """Closes what sends headers too slowly, so that nobody can hold connections by saying next to nothing."""

    headers_within_s = HEADERS_WITHIN_S
    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "cut": transport.abort}
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        """Take in what has come."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_expecting()
        elif self._due is None and self.timeout_keep_alive_task is None:
            self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_expecting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the library's words for any of it
        """Answer to what is no request, and end the connection."""
        code = "BAD_REQUEST"
        words = "this is no HTTP/1.1 request, or its headers are larger than 64 KiB"
        request_id = new_request_id()
        body = json.dumps(error_document(code, words, (), request_id)).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        with suppress(h11.LocalProtocolError):  # an answer is under way already: all that is left is to end
            parts = [
                h11.Response(status_code=KINDS[code].status, headers=headers, reason=b"Bad Request"),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ]
            self.transport.write(b"".join(self.conn.send(part) or b"" for part in parts))
        self.transport.close()

    def _expect_headers(self) -> None:
        self._due = self.loop.call_later(self.headers_within_s, self._give_up)

    def _stop_expecting(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _give_up(self) -> None:
        self._due = None
        if self.conn.their_state is h11.IDLE:
            self.transport.close()
