"""Sending many messages at once, and telling afterwards what became of each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from crossdock.domain.message import Draft, Envelope, Message, SentMessage, sent_message

if TYPE_CHECKING:
    from crossdock.hub.gateway import Gateway
    from crossdock.ports.store import Transaction


class OneSend:
    """One message on its way into the store: work for ``Store.write``."""

    __slots__ = ("draft", "envelope")
    only_sends = True

    def __init__(self, draft: Draft, envelope: Envelope) -> None:
        self.draft = draft
        self.envelope = envelope

    @property
    def single(self) -> tuple[Draft, Envelope] | None:
        """The message, if its place in the queue depends on no other, and the archive need not be asked for it."""
        alone = self.envelope.partition_key is None and self.draft.known_for is None
        return (self.draft, self.envelope) if alone else None

    def __call__(self, tx: Transaction) -> SentMessage:
        """Store it."""
        return tx.send(self.draft, self.envelope)


class SentBatch:
    """Messages on their way into the store.

    Args:
        gateway: Encodes them.
        envelope: Of all that do not bring their own.
        items: Data, or whole messages, which keep id and envelope.

    Raises:
        InvalidMessage: One of them is wrong.
    """

    only_sends = True

    def __init__(self, gateway: Gateway, envelope: Envelope, items: Iterable[Any]) -> None:
        self._envelope = envelope
        self._parts: list[_Whole | list[Draft]] = []
        for whole, group in groupby(items, key=_is_message):
            if whole:
                self._parts.append(
                    _Whole([(gateway.draft(m.data, m.id), envelope_of(m, envelope)) for m in group])
                )
            else:
                self._parts.append(gateway.drafts(group))

    def __call__(self, tx: Transaction) -> Sequence[SentMessage]:
        """Store them all in one transaction."""
        stored: list[Sequence[SentMessage] | _Run] = []
        for part in self._parts:
            if isinstance(part, _Whole):
                tx.admit(self._envelope.app, len(part.drafts))
                stored.append([tx.send_admitted(draft, envelope) for draft, envelope in part.drafts])
            else:
                stored.append(_Run(part, self._envelope, tx.send_many(part, self._envelope), tx.now))
        return _SentSequence(stored)


class _Whole(NamedTuple):
    """Messages that bring their own envelopes."""

    drafts: list[tuple[Draft, Envelope]]


class _Run(NamedTuple):
    """Messages of one envelope that were stored together."""

    drafts: Sequence[Draft]
    envelope: Envelope
    row_ids: Sequence[int]
    sent_at: datetime

    def at(self, place: int) -> SentMessage:
        """Build one of them."""
        draft = self.drafts[place]
        return sent_message(draft, self.envelope, row_id=self.row_ids[place], sent_at=self.sent_at)


class _SentSequence(Sequence[SentMessage]):
    """The messages of a bulk send; each is built when it is looked at, since most never are."""

    def __init__(self, runs: Sequence[Sequence[SentMessage] | _Run]) -> None:
        self._runs = runs
        self._ends = list(accumulate(len(run.drafts) if isinstance(run, _Run) else len(run) for run in runs))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> SentMessage: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SentMessage]: ...
    def __getitem__(self, index: int | slice) -> SentMessage | Sequence[SentMessage]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        number = bisect_right(self._ends, position)
        place = position - (self._ends[number - 1] if number else 0)
        run = self._runs[number]
        return run.at(place) if isinstance(run, _Run) else run[place]

    def __repr__(self) -> str:
        return f"<{len(self)} sent messages>"


def _is_message(item: Any) -> bool:
    return isinstance(item, Message)


def envelope_of(message: Message, shared: Envelope) -> Envelope:
    """Return the envelope that a message brings, from and to the apps of ``shared``."""
    return Envelope(
        app=shared.app,
        source_app=shared.source_app,
        source=message.source,
        type=message.type,
        subject=message.subject,
        time=None if "time" in message.unset else message.time,
        datacontenttype=message.datacontenttype,
        dataschema=message.dataschema,
        priority=message.priority,
        expires_at=message.expirytime,
        partition_key=message.partitionkey,
        correlation_id=message.correlationid,
        traceparent=message.traceparent,
        extensions=message.extensions,
        unset=message.unset,
    )
