"""Sending over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar, Unpack

from crossdock.client.asynchronous.link import Call, Link
from crossdock.client.errors import error_in
from crossdock.domain.cloudevent import message_document
from crossdock.domain.errors import InvalidMessage, QueueFull
from crossdock.domain.http_binding import BATCH_TYPE, STRUCTURED_TYPE
from crossdock.domain.ids import new_message_ids
from crossdock.domain.message import (
    AppId,
    Draft,
    Envelope,
    Message,
    MessageId,
    SentMessage,
    check_message_id,
    encode,
    sent_message,
)
from crossdock.hub.options import SendOptions, given_options
from crossdock.hub.sent import envelope_of

T = TypeVar("T")
MOST_IN_BATCH: Final = 10_000
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of the data of one request; the server takes 8 MiB unless it is told otherwise."""
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0
_UNKNOWN: Final = ("delay", "available_at", "retry")


class Sending:
    """The part of a client that sends."""

    _link: Link
    _app: AppId

    async def send(
        self,
        app: str,
        data: Any,
        *,
        message_id: str | None = None,
        wait: timedelta | None = None,
        **options: Unpack[SendOptions],
    ) -> SentMessage:
        """Put one message into an app's queue; returns when it is on the server's disk.

        It is asked again under the same id if the connection breaks, and stored once. If the app had the message
        already, ``duplicate`` is true, and the rest of what is returned is what was sent now.

        Args:
            app: Whose queue.
            data: Any JSON value, or bytes.
            message_id: Chosen by the sender; default: a new UUIDv7.
            wait: If the queue is as deep as its ``max_depth`` allows, try so long until there is room.
            options: See ``SendOptions``; ``delay``, ``available_at`` and ``retry`` do not travel over HTTP.

        Raises:
            InvalidMessage: Something about the message is wrong.
            TypeError: There is no such option.
            QueueFull: The app's queue is as deep as it may be; nothing was stored.
            StoreUnavailable: The server did not answer; send again with the same id.
            CredentialError: The key is wrong, or may not do this.
        """
        parcel = _parcel(data, self._envelope(app, options), message_id)
        call = Call(
            "POST",
            "/messages",
            {"to": app, "from": parcel.envelope.source_app},
            message_document(parcel.message),
            STRUCTURED_TYPE,
        )
        _, document = await _patiently(partial(self._link.ask, call), wait)
        return parcel.stored(document["rows"][0])

    async def send_many(
        self, app: str, items: Iterable[Any], *, wait: timedelta | None = None, **options: Unpack[SendOptions]
    ) -> Sequence[SentMessage]:
        """Put many messages into an app's queue; returns when they are on the server's disk.

        They go in requests of up to 10,000 messages and about 4 MiB, each stored in one transaction.

        Args:
            app: Whose queue.
            items: The data of each message. An item that is a ``Message`` keeps its id and envelope, and the options
                given here do not apply to it.
            wait: As in ``send``, for each request.
            options: As in ``send``; they apply to each message.

        Raises:
            InvalidMessage: A message is wrong. What is wrong by itself is found before anything is sent; if the
                server refuses one, the others are stored.
            QueueFull: The app's queue is as deep as it may be; nothing of this request was stored.
            StoreUnavailable: The server did not answer; what was sent before may be stored.
            CredentialError: The key is wrong, or may not do this.
        """
        envelope = self._envelope(app, options)
        values = list(items)
        ids = new_message_ids(len(values))
        parcels = [_parcel(value, envelope, name) for value, name in zip(values, ids, strict=True)]
        stored: list[SentMessage] = []
        for batch in _batches(parcels):
            events = [message_document(parcel.message) for parcel in batch]
            call = Call("POST", "/messages", {"to": app, "from": envelope.source_app}, events, BATCH_TYPE)
            _, document = await _patiently(partial(self._link.ask, call), wait)
            told = document["messages"]
            _refuse_refused(told)
            stored += [parcel.stored(one["rows"][0]) for parcel, one in zip(batch, told, strict=True)]
        return stored

    def _envelope(self, app: str, options: Mapping[str, Any]) -> Envelope:
        given = given_options(options)
        unknown = [name for name in _UNKNOWN if name in given]
        if unknown:
            issues = [(name, "does not travel over HTTP; a message is sent for now") for name in unknown]
            raise InvalidMessage("; ".join(f"{name}: {issue}" for name, issue in issues), issues)
        given.setdefault("time", datetime.now(UTC))
        return Envelope(app=AppId(app), source_app=AppId(given.pop("source_app", self._app)), **given)


class _Parcel:
    """One message on its way."""

    __slots__ = ("envelope", "message", "size")

    def __init__(self, message: SentMessage, envelope: Envelope, size: int) -> None:
        self.message = message
        self.envelope = envelope
        self.size = size

    def stored(self, row: Mapping[str, Any]) -> SentMessage:
        """Return the message as the server took it."""
        fields = {name: getattr(self.message, name) for name in Message.__slots__}
        return SentMessage(**fields, row_id=row["row_id"], app=AppId(row["app"]), duplicate=row["duplicate"])


def _parcel(item: Any, envelope: Envelope, message_id: str | None) -> _Parcel:
    """Make a message ready to be sent.

    Raises:
        InvalidMessage: Something about it is wrong.
    """
    if isinstance(item, Message):
        data, envelope, message_id = item.data, envelope_of(item, envelope), item.id
    else:
        data = item
    text, raw = encode(data)
    name = check_message_id(message_id) if message_id is not None else MessageId(new_message_ids(1)[0])
    draft = Draft(name, text, raw, data)
    sent = sent_message(draft, envelope, row_id=0, sent_at=envelope.time or datetime.now(UTC))
    size = len(text) if text is not None else 4 * len(raw or b"") // 3
    return _Parcel(sent, envelope, size)


def _batches(parcels: Sequence[_Parcel]) -> Iterator[list[_Parcel]]:
    """Divide what is sent into requests of a bearable size."""
    batch: list[_Parcel] = []
    size = 0
    for parcel in parcels:
        if batch and (len(batch) == MOST_IN_BATCH or size + parcel.size > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(parcel)
        size += parcel.size
    if batch:
        yield batch


def _refuse_refused(told: Sequence[Mapping[str, Any]]) -> None:
    """Make sure that every message of a batch was stored.

    Raises:
        InvalidMessage: Some were not; it says which.
    """
    issues: list[tuple[str, str]] = []
    for index, one in enumerate(told):
        if one.get("error") is not None:
            error = error_in(one["error"])
            details = error.details if isinstance(error, InvalidMessage) else [("", str(error))]
            issues += [(f"items[{index}].{name}".rstrip("."), issue) for name, issue in details]
    if issues:
        raise InvalidMessage("; ".join(f"{name}: {issue}" for name, issue in issues), issues)


async def _patiently(ask: Callable[[], Awaitable[T]], wait: timedelta | None) -> T:
    """Try again until the queue has room, or the time is over."""
    deadline = time.monotonic() + (wait or timedelta(0)).total_seconds()
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            return await ask()
        except QueueFull as error:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not error.can_pass:
                raise
            await asyncio.sleep(min(pause_s, left_s))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
