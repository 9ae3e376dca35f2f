"""Sending many messages at once, and telling afterwards what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, overload

from crossdock.domain.message import Draft, Envelope, Message, SentMessage, sent_message

if TYPE_CHECKING:
    from crossdock.hub.gateway import Gateway


class SentBatch:
    """Messages on their way into the store.

    Args:
        gateway: Encodes them.
        envelope: Of all that do not bring their own.
        items: Data, or whole messages, which keep id and envelope.

    Raises:
        InvalidMessage: One of them is wrong.
    """

    def __init__(self, gateway: Gateway, envelope: Envelope, items: Iterable[Any]) -> None:
        self._envelope = envelope
        self._parts: list[tuple[bool, list[tuple[Draft, Envelope]]]] = []
        for whole, group in groupby(items, key=_is_message):
            if whole:
                drafts = [(gateway.draft(m.data, m.id), _envelope_of(m, envelope)) for m in group]
            else:
                drafts = [(gateway.draft(data), envelope) for data in group]
            self._parts.append((whole, drafts))

    def store(self, tx: Any) -> Sequence[SentMessage]:
        """Store them all in one transaction."""
        sent: list[SentMessage | _Stored] = []
        for whole, drafts in self._parts:
            if whole:
                sent += [tx.send(draft, envelope) for draft, envelope in drafts]
            else:
                row_ids = tx.send_many([draft for draft, _ in drafts], self._envelope)
                sent += [
                    _Stored(draft, envelope, row_id, tx.now)
                    for (draft, envelope), row_id in zip(drafts, row_ids, strict=True)
                ]
        return _SentSequence(sent)


@dataclass(slots=True)
class _Stored:
    draft: Draft
    envelope: Envelope
    row_id: int
    sent_at: datetime


class _SentSequence(Sequence[SentMessage]):
    """The messages of a bulk send; each is built when it is looked at, since most never are."""

    def __init__(self, sent: list[SentMessage | _Stored]) -> None:
        self._sent = sent

    def __len__(self) -> int:
        return len(self._sent)

    @overload
    def __getitem__(self, index: int) -> SentMessage: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SentMessage]: ...
    def __getitem__(self, index: int | slice) -> SentMessage | Sequence[SentMessage]:
        if isinstance(index, slice):
            return _SentSequence(self._sent[index])
        one = self._sent[index]
        if isinstance(one, SentMessage):
            return one
        return sent_message(one.draft, one.envelope, row_id=one.row_id, sent_at=one.sent_at)

    def __repr__(self) -> str:
        return f"<{len(self._sent)} sent messages>"


def _is_message(item: Any) -> bool:
    return isinstance(item, Message)


def _envelope_of(message: Message, shared: Envelope) -> Envelope:
    return Envelope(
        app=shared.app,
        source_app=shared.source_app,
        source=message.source,
        type=message.type,
        subject=message.subject,
        time=message.time,
        datacontenttype=message.datacontenttype,
        dataschema=message.dataschema,
        priority=message.priority,
        expires_at=message.expirytime,
        partition_key=message.partitionkey,
        correlation_id=message.correlationid,
        traceparent=message.traceparent,
        extensions=message.extensions,
    )
