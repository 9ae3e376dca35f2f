"""Uses of the store's port that must check, and misuses that must not; see ``uses_queue.py``."""

from typing import assert_type

from crossdock.domain.message import Draft, Envelope, SentMessage
from crossdock.domain.record import QueueStats
from crossdock.ports.store import Store


def works(store: Store, draft: Draft, envelope: Envelope) -> None:
    assert_type(store.write(lambda tx: tx.send(draft, envelope)), SentMessage)
    assert_type(store.read(lambda reader: reader.stats("validator", store.now())), dict[str, QueueStats])


def misuses_of_transactions_and_snapshots(store: Store, draft: Draft, envelope: Envelope) -> None:
    store.write(lambda tx: tx.post(draft, envelope))  # type: ignore[attr-defined]
    store.write(lambda tx: tx.send(draft))  # type: ignore[call-arg]
    store.read(lambda reader: reader.send(draft, envelope))  # type: ignore[attr-defined]
