"""Workers that send, in every way there is, and repeat after a kill what was not acknowledged."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Unpack

import sqlalchemy as sa

from crossdock import Message, create_engine
from tests.crash.history import Kind, read_history
from tests.crash.stage import Options, data_for, fingerprint, on_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.crash.history import Sighting
    from tests.crash.stage import Stage

KEYS = 4
"""Few keys, so that messages of one key often wait for each other."""

OUTBOX = sa.table("test_outbox", sa.column("message_id"))


class Producer:
    """Sends to some apps for ever; each way of sending is one method.

    Args:
        name: The slot; its sends come from the app of this name in every life.
        apps: To whom.
        outbox: To whom it sends inside transactions of its own.
    """

    def __init__(self, stage: Stage, *, name: str, url: str, apps: list[str], outbox: str) -> None:
        self._stage = stage
        self._name = name
        self._apps = apps
        self._outbox = outbox
        self._engine = create_engine(url)

    def ways(self) -> list[Callable[[], None]]:
        """The mix."""
        return [
            self.send,
            self.send,
            self.send_keyed,
            self.send_keyed,
            self.send_many,
            self.send_in_transaction,
        ]

    def send(self) -> None:
        """One message with some priority, at times delayed."""
        rng, message_id, app = self._stage.rng, str(uuid.uuid4()), self._stage.rng.choice(self._apps)
        options: dict[str, Any] = {"priority": rng.randrange(10)}
        if rng.random() < 0.2:
            options["delay"] = timedelta(seconds=rng.random() * 0.5)
        self._one(message_id, app, key=None, **options)

    def send_keyed(self) -> None:
        """One message of a key, whose priority must not matter."""
        rng = self._stage.rng
        options: dict[str, Any] = {"priority": rng.randrange(10)}
        if rng.random() < 0.1:
            options["delay"] = timedelta(seconds=rng.random() * 0.2)
        self._one(str(uuid.uuid4()), rng.choice(self._apps), key=f"key-{rng.randrange(KEYS)}", **options)

    def send_many(self) -> None:
        """Many at once: all or nothing."""
        rng = self._stage.rng
        app, batch = rng.choice(self._apps), rng.getrandbits(62) + 1
        key = f"key-{rng.randrange(KEYS)}" if rng.random() < 0.3 else None
        ids = [str(uuid.uuid4()) for _ in range(rng.randrange(1, 20))]
        for message_id in ids:
            self._begin(message_id, app, key, batch=batch)
        for sent in self._stage.queue.send_many(app, [self._message(each, key) for each in ids]):
            self._sent(sent.id, app, key, row_id=sent.row_id, flag=sent.duplicate)

    def send_in_transaction(self) -> None:
        """A message and a row of our own, in our own transaction."""
        message_id = str(uuid.uuid4())
        self._begin(message_id, self._outbox, None, flag=1)
        with self._engine.begin() as connection:
            connection.execute(OUTBOX.insert().values(message_id=message_id))
            sent = self._stage.queue.send(
                self._outbox, data_for(message_id), message_id=message_id, connection=connection
            )
        self._sent(message_id, self._outbox, None, row_id=sent.row_id, flag=sent.duplicate)

    def repeat(self, unclear: Sighting) -> None:
        """Send again what an earlier life began to send and was not told about."""
        self._one(unclear.message_id, unclear.app, key=unclear.key or None)

    def _one(self, message_id: str, app: str, *, key: str | None, **options: Any) -> None:
        self._begin(message_id, app, key)
        sent = self._stage.queue.send(
            app, data_for(message_id), message_id=message_id, partition_key=key, **options
        )
        self._sent(message_id, app, key, row_id=sent.row_id, flag=sent.duplicate)

    def _message(self, message_id: str, key: str | None) -> Message:
        return Message(
            id=message_id,
            source=self._name,
            type="test",
            data=data_for(message_id),
            time=datetime.now(UTC),
            partitionkey=key,
        )

    def _begin(self, message_id: str, app: str, key: str | None, *, batch: int = 0, flag: int = 0) -> None:
        note = fingerprint(data_for(message_id), key)
        self._stage.recorder.saw(
            Kind.SEND_BEGUN, message_id=message_id, app=app, key=key, note=note, row_id=batch, flag=flag
        )

    def _sent(self, message_id: str, app: str, key: str | None, *, row_id: int, flag: int) -> None:
        self._stage.recorder.saw(Kind.SENT, message_id=message_id, app=app, key=key, row_id=row_id, flag=flag)


def produce(
    folder: Path, *, name: str, apps: list[str], outbox: str, rate: float, **options: Unpack[Options]
) -> None:
    """Role: send about ``rate`` messages a second until told to stop."""
    unclear = list(_unclear(folder, name))
    with on_stage(folder, name=name, **options) as stage:
        producer = Producer(stage, name=name, url=options["url"], apps=apps, outbox=outbox)
        for each in unclear:
            if not each.row_id and not each.flag and stage.rng.random() < 0.5:
                producer.repeat(each)
        ways = producer.ways()
        while not stage.stop.is_set():
            stage.rng.choice(ways)()
            stage.stop.wait(stage.rng.random() * 2 * MEAN_PER_CALL / rate)


MEAN_PER_CALL = 2.5
"""Messages per way of sending, on the average."""


def _unclear(folder: Path, name: str) -> Iterator[Sighting]:
    """What earlier lives of this slot began to send and were not told about, and no life has repeated."""
    begun: dict[str, Sighting] = {}
    for path in sorted(folder.glob(f"{name}-*.history"), key=lambda path: path.stat().st_mtime):
        for each in read_history(path):
            if each.kind is Kind.SEND_BEGUN:
                begun[each.message_id] = each
            elif each.kind is Kind.SENT:
                begun.pop(each.message_id, None)
    yield from begun.values()
