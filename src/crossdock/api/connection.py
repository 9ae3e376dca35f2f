"""One connection of the API: what is sent must come in time, what is answered be taken in time, and the end be said."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from contextlib import suppress
from typing import Any, Final, cast

import h11
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import H11Protocol

from crossdock.api.errors import KINDS, error_document, new_request_id
from crossdock.api.unsent import unsent_bytes
from crossdock.readable import is_readable

HEADERS_WITHIN_S: Final = 10.0
"""From the first byte of a request, or the beginning of a connection, to the end of the headers."""
TAKEN_EVERY_S: Final = 30.0
"""A client that does not take its answer as fast as it comes must have taken a further part of it within this time."""
PART_BYTES: Final = 128 * 1024
IDLE_AT_THE_END_S: Final = 1.0
"""When the process is to end, a connection is closed that has been kept for so long without a request."""
REST_WITHIN_S: Final = 30.0
"""What is still to come of a request that is answered already is read, and forgotten, for so long at most,"""
REST_BYTES: Final = 64 * 1024**2
"""and so much of it. Whoever sends when the connection is closed is reset, and may never see the answer."""
_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""Drop what is not sent, and reset the connection. Source: socket(7), SO_LINGER."""


class Connection(H11Protocol):
    """Closes what sends or takes too slowly, so that nobody holds connections and answers by doing next to nothing.

    Whoever is answered while still sending, for the body is too large or the key none, can go on for a while, so that
    the answer is seen. When the process is to end, each connection is answered once more, and told that this was the
    last answer.

    Source: RFC 9112, section 9.6, for a connection that is closed in two steps.
    """

    headers_within_s = HEADERS_WITHIN_S
    taken_every_s = TAKEN_EVERY_S
    idle_at_the_end_s = IDLE_AT_THE_END_S
    rest_within_s = REST_WITHIN_S
    rest_bytes = REST_BYTES
    _due: asyncio.TimerHandle | None = None
    _look: asyncio.TimerHandle | None = None
    _rest: asyncio.TimerHandle | None = None
    _says_nothing_more = False
    _ends = False

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        # Tell of whatever cannot be sent at once. Not high=0: over TLS an empty buffer is as full as that, and the loop
        # would tell of it, and nothing more until the next byte comes.
        transport.set_write_buffer_limits(high=1, low=0)
        self.app_state = {**self.app_state, "cut": transport.abort}
        self._expect_headers()
        if CLOSE_HEADER in self.server_state.default_headers:  # it came in while the process began to end
            self.shutdown()

    def data_received(self, data: bytes) -> None:
        """Take in what has come."""
        if self._rest is not None:
            self.rest_bytes -= len(data)
            if self.rest_bytes < 0:
                self.transport.abort()
                return
        if self._says_nothing_more:
            return
        super().data_received(data)
        if not self._says_nothing_more and self.conn.their_state is not h11.SEND_BODY:
            self._stop_expecting_rest()
        if self.conn.their_state is not h11.IDLE:
            self._stop_expecting()
        elif self._due is None and self.timeout_keep_alive_task is None:
            self._expect_headers()

    def handle_events(self) -> None:
        """Begin with the requests that have come; of one that has not come to its end the connection ends gently."""
        super().handle_events()
        if self.conn.their_state is h11.SEND_BODY and self.cycle.transport is self.transport:
            self.cycle.transport = cast("asyncio.Transport", _Gentle(self))

    def on_response_complete(self) -> None:
        """Go on with the next request; if there is more to come of this one, wait for that, but not for ever."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and self._rest is None and not self.transport.is_closing():
            self._expect_rest()

    def close_gently(self) -> None:
        """Say nothing more, and close when the client has done so, too, or has had the time to."""
        self._says_nothing_more = True
        self.transport.resume_reading()
        if (
            self.transport.can_write_eof()
        ):  # TLS has no half of an end: there the answer says that it was the last
            self.transport.write_eof()
        self._expect_rest()

    def pause_writing(self) -> None:
        """Begin to watch how the client takes what it is sent."""
        super().pause_writing()
        if self._look is None:
            self._watch(unsent_bytes(self.transport))

    def resume_writing(self) -> None:
        """Watch no more: all is on its way."""
        self._stop_watching()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_expecting()
        self._stop_expecting_rest()
        self._stop_watching()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Answer what is asked and what comes now, say that it is the last answer, and close what stays idle.

        The library would close an idle connection at once, and whoever has just sent a request over it would be
        answered with a reset.
        """
        if self._ends:
            return
        self._ends = True
        drain_s = self.config.timeout_graceful_shutdown or self.idle_at_the_end_s
        idle_s = min(self.idle_at_the_end_s, drain_s / 2)
        self.timeout_keep_alive = idle_s  # type: ignore[assignment]  # the loop takes parts of seconds, too
        cycle = self.cycle
        self.rest_within_s = idle_s
        if self._rest is not None:
            self._expect_rest()
        elif cycle is None or cycle.response_complete:
            if not self.conn.trailing_data[0]:  # else a request has begun, and comes in its time or is closed
                self._close_if_idle_for(idle_s)
        elif not cycle.response_started and not self.conn.trailing_data[0]:
            cycle.default_headers = [*cycle.default_headers, CLOSE_HEADER]

    def timeout_keep_alive_handler(self) -> None:
        """Close what was idle for long, unless something has come at the last moment."""
        if not self.transport.is_closing() and is_readable(self.transport.get_extra_info("socket")):
            self._close_if_idle_for(0)
        else:
            super().timeout_keep_alive_handler()

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
        if self.cycle is None or self.cycle.response_complete:
            self.close_gently()
        else:
            self.transport.close()

    def _close_if_idle_for(self, seconds: float) -> None:
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

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

    def _expect_rest(self) -> None:
        self._stop_expecting_rest()
        self._unset_keepalive_if_required()
        self._rest = self.loop.call_later(self.rest_within_s, self.transport.abort)

    def _stop_expecting_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _watch(self, unsent: int) -> None:
        """Look again later, and end the connection if the client has taken too little of what it had to take."""
        self._look = self.loop.call_later(self.taken_every_s, self._check_taken, unsent)

    def _check_taken(self, before: int) -> None:
        unsent = unsent_bytes(self.transport)
        if before - unsent < PART_BYTES:
            with suppress(OSError):  # else the system would go on to hold its part of what is not taken
                self.transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE
                )
            self.transport.abort()
        else:
            self._watch(unsent)

    def _stop_watching(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None


class _Gentle:
    """The transport of a connection whose client is still sending: it is closed gently.

    Args:
        connection: Whose transport it stands for.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        """Return what the transport itself has."""
        return getattr(self._connection.transport, name)

    def close(self) -> None:
        """Close, at once only if all of the request has come."""
        if self._connection.conn.their_state is h11.SEND_BODY:
            self._connection.close_gently()
        else:
            self._connection.transport.close()
