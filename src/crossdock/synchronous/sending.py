# Made from ../asynchronous/sending.py by tools/generate_sync.py. Do not edit.
"""Sending."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crossdock.domain.message import (
    DEFAULT_PRIORITY,
    DEFAULT_TYPE,
    ExtensionValue,
    SentMessage,
)
from crossdock.domain.retry import RetryPolicy
from crossdock.hub.sent import SentBatch
from crossdock.queue_core import QueueCore


class Sending(QueueCore):
    """The part of a queue that sends."""

    def send(
        self,
        app: str,
        data: Any,
        *,
        message_id: str | None = None,
        source: str | None = None,
        source_app: str | None = None,
        type: str = DEFAULT_TYPE,
        subject: str | None = None,
        time: datetime | None = None,
        datacontenttype: str | None = None,
        dataschema: str | None = None,
        priority: int = DEFAULT_PRIORITY,
        delay: timedelta | None = None,
        available_at: datetime | None = None,
        expires_at: datetime | None = None,
        partition_key: str | None = None,
        correlation_id: str | None = None,
        traceparent: str | None = None,
        extensions: Mapping[str, ExtensionValue] | None = None,
        retry: RetryPolicy | None = None,
        connection: Any = None,
    ) -> SentMessage:
        """Put one message into an app's queue; returns when it is on the disk.

        Sending the same message (same id, same sender) to the same app again stores nothing and returns the
        message that the app already has, with ``duplicate`` true.

        Args:
            app: Whose queue.
            data: Any JSON value, or bytes; up to 64 MiB.
            message_id: Chosen by the sender, for example to send safely again; default: a new UUIDv7.
            source: CloudEvents source; default: the sending app.
            source_app: The sending app; default: this queue's ``app``.
            type: What kind of message it is.
            subject: What it is about.
            time: When it happened; aware.
            datacontenttype: Default: ``application/json``, or ``application/octet-stream`` for bytes.
            dataschema: URI of the schema of ``data``.
            priority: 0 to 9; 9 is claimed first.
            delay: Deliver after this long.
            available_at: Deliver from then on; aware.
            expires_at: Do not deliver later than this; aware.
            partition_key: Messages of one key are handled one after the other, in the order in which they were sent.
            correlation_id: Of the exchange that this belongs to.
            traceparent: W3C Trace Context.
            extensions: Further CloudEvents attributes.
            retry: A policy for this message alone.
            connection: A SQLAlchemy connection or session inside a transaction on this store: the message is sent
                if that transaction commits.

        Raises:
            InvalidMessage: Something about the message is wrong; all of it is listed.
            StoreFull: The disk is nearly full; nothing was stored.
            StoreUnavailable: The store could not be written; ask ``get`` with the id, or send again with it.
        """
        options = {
            "source": source, "source_app": source_app, "type": type, "subject": subject, "time": time,
            "datacontenttype": datacontenttype, "dataschema": dataschema, "priority": priority, "delay": delay,
            "available_at": available_at, "expires_at": expires_at, "partition_key": partition_key,
            "correlation_id": correlation_id, "traceparent": traceparent, "extensions": extensions, "retry": retry,
        }  # fmt: skip
        envelope = self._gateway.envelope(app, options)
        draft = self._gateway.draft(data, message_id)
        if connection is not None:
            return self._store.send_inside(connection, lambda tx: tx.send(draft, envelope))
        return self._store.write(lambda tx: tx.send(draft, envelope))

    def send_many(
        self,
        app: str,
        items: Iterable[Any],
        *,
        source: str | None = None,
        source_app: str | None = None,
        type: str = DEFAULT_TYPE,
        subject: str | None = None,
        time: datetime | None = None,
        datacontenttype: str | None = None,
        dataschema: str | None = None,
        priority: int = DEFAULT_PRIORITY,
        delay: timedelta | None = None,
        available_at: datetime | None = None,
        expires_at: datetime | None = None,
        partition_key: str | None = None,
        correlation_id: str | None = None,
        traceparent: str | None = None,
        extensions: Mapping[str, ExtensionValue] | None = None,
        retry: RetryPolicy | None = None,
        connection: Any = None,
    ) -> Sequence[SentMessage]:
        """Put many messages into an app's queue, all or none of them; returns when they are on the disk.

        Args:
            app: Whose queue.
            items: The data of each message. An item that is a ``Message`` keeps its id and envelope, and the options
                given here do not apply to it.
            source: This and all that follow: as in ``send``, for each message.

        Raises:
            InvalidMessage: A message is wrong; none was stored.
            StoreFull: The disk is nearly full; nothing was stored.
            StoreUnavailable: The store could not be written.
        """
        options = {
            "source": source, "source_app": source_app, "type": type, "subject": subject, "time": time,
            "datacontenttype": datacontenttype, "dataschema": dataschema, "priority": priority, "delay": delay,
            "available_at": available_at, "expires_at": expires_at, "partition_key": partition_key,
            "correlation_id": correlation_id, "traceparent": traceparent, "extensions": extensions, "retry": retry,
        }  # fmt: skip
        batch = SentBatch(self._gateway, self._gateway.envelope(app, options), items)
        if connection is not None:
            return self._store.send_inside(connection, batch.store)
        return self._store.write(batch.store)
