# Made from ../asynchronous/sending.py by tools/generate_sync.py. Do not edit.
"""Sending."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar, Unpack

from crossdock.domain.errors import InvalidMessage, QueueFull
from crossdock.domain.message import SentMessage
from crossdock.hub.options import SendOptions
from crossdock.hub.sent import OneSend, SentBatch
from crossdock.ports.store import Transaction
from crossdock.queue_core import QueueCore

T = TypeVar("T")
_FIRST_PAUSE_S: Final = 0.01
_LONGEST_PAUSE_S: Final = 0.25


class Sending(QueueCore):
    """The part of a queue that sends."""

    def send(
        self,
        app: str,
        data: Any,
        *,
        message_id: str | None = None,
        connection: Any = None,
        wait: timedelta | None = None,
        **options: Unpack[SendOptions],
    ) -> SentMessage:
        """Put one message into an app's queue; returns when it is on the disk.

        Sending the same message (same id, same sender) to the same app again stores nothing and returns the
        message that the app already has, with ``duplicate`` true.

        Args:
            app: Whose queue.
            data: Any JSON value, or bytes; up to 64 MiB.
            message_id: Chosen by the sender, for example to send safely again; default: a new UUIDv7.
            connection: A SQLAlchemy connection or session inside a transaction on this store: the message is sent
                if that transaction commits.
            wait: If the queue is as deep as its ``max_depth`` allows, try so long until there is room; default: do
                not. Not inside a transaction, which would keep those waiting who make the room.
            options: See ``SendOptions``: priority, delay, partition key and the rest of the envelope.

        Raises:
            InvalidMessage: Something about the message is wrong; all of it is listed.
            TypeError: There is no such option.
            QueueFull: The app's queue is as deep as it may be; nothing was stored.
            StoreFull: The disk is nearly full; nothing was stored.
            StoreUnavailable: The store could not be written; ask ``get`` with the id, or send again with it.
        """
        envelope = self._gateway.envelope(app, options)
        draft = self._gateway.draft(data, message_id)
        if connection is not None:
            _refuse_wait(wait)
            return self._store.send_inside(connection, OneSend(draft, envelope))
        if wait is not None:
            return self._send_patiently(OneSend(draft, envelope), wait)
        return self._store.write(OneSend(draft, envelope))

    def send_many(
        self,
        app: str,
        items: Iterable[Any],
        *,
        connection: Any = None,
        wait: timedelta | None = None,
        **options: Unpack[SendOptions],
    ) -> Sequence[SentMessage]:
        """Put many messages into an app's queue, all or none of them; returns when they are on the disk.

        Args:
            app: Whose queue.
            items: The data of each message. An item that is a ``Message`` keeps its id and envelope, and the options
                given here do not apply to it.
            connection: As in ``send``.
            wait: As in ``send``.
            options: See ``SendOptions``; they apply to each message.

        Raises:
            InvalidMessage: A message is wrong; none was stored.
            QueueFull: The app's queue is as deep as it may be; nothing was stored.
            StoreFull: The disk is nearly full; nothing was stored.
            StoreUnavailable: The store could not be written.
        """
        batch = SentBatch(self._gateway, self._gateway.envelope(app, options), items)
        if connection is not None:
            _refuse_wait(wait)
            return self._store.send_inside(connection, batch)
        if wait is not None:
            return self._send_patiently(batch, wait)
        return self._store.write(batch)

    def _send_patiently(self, work: Callable[[Transaction], T], wait: timedelta) -> T:
        """Try again until the queue has room, or the time is over."""
        deadline = time.monotonic() + wait.total_seconds()
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return self._store.write(work)
            except QueueFull as error:
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not error.can_pass:
                    raise
                time.sleep(min(pause_s, left_s))
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _refuse_wait(wait: timedelta | None) -> None:
    if wait is not None:
        raise InvalidMessage.of(
            "wait",
            "cannot be given with connection: the open transaction would keep those waiting who make the room",
        )
