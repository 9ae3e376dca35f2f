"""Sending, in the words of asyncio."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Unpack

from crossdock.domain.message import SentMessage
from crossdock.hub.options import SendOptions
from crossdock.hub.sent import OneSend, SentBatch
from crossdock.queue_core import QueueCore


class AsyncSending(QueueCore):
    """The part of a queue that sends."""

    async def send(
        self,
        app: str,
        data: Any,
        *,
        message_id: str | None = None,
        connection: Any = None,
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
            options: See ``SendOptions``: priority, delay, partition key and the rest of the envelope.

        Raises:
            InvalidMessage: Something about the message is wrong; all of it is listed.
            TypeError: There is no such option.
            StoreFull: The disk is nearly full; nothing was stored.
            StoreUnavailable: The store could not be written; ask ``get`` with the id, or send again with it.
        """
        envelope = self._gateway.envelope(app, options)
        draft = self._gateway.draft(data, message_id)
        if connection is not None:
            return self._store.send_inside(connection, OneSend(draft, envelope))
        return await self._store.write_async(OneSend(draft, envelope))

    async def send_many(
        self,
        app: str,
        items: Iterable[Any],
        *,
        connection: Any = None,
        **options: Unpack[SendOptions],
    ) -> Sequence[SentMessage]:
        """Put many messages into an app's queue, all or none of them; returns when they are on the disk.

        Args:
            app: Whose queue.
            items: The data of each message. An item that is a ``Message`` keeps its id and envelope, and the options
                given here do not apply to it.
            connection: As in ``send``.
            options: See ``SendOptions``; they apply to each message.

        Raises:
            InvalidMessage: A message is wrong; none was stored.
            StoreFull: The disk is nearly full; nothing was stored.
            StoreUnavailable: The store could not be written.
        """
        batch = SentBatch(self._gateway, self._gateway.envelope(app, options), items)
        if connection is not None:
            return self._store.send_inside(connection, batch)
        return await self._store.write_async(batch)
