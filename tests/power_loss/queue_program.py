"""A program that does to a queue all that can be acknowledged, and notes each promise it was given."""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import apsw
import sqlalchemy as sa

from crossdock import Queue, StoreSettings, StoreUnavailable, create_engine
from crossdock.store.sqlite.build import describe
from tests.power_loss import apsw_dbapi
from tests.power_loss.account import DELETED, STORE, State, States
from tests.power_loss.recorder import Recorder
from tests.power_loss.trace import save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from crossdock import Delivery

HOUR = timedelta(hours=1)
NOW = timedelta(0)
CLAIM_CHECK_BYTES = 5000
"""What says more than this lies outside its row."""
_EFFECTS = "create table if not exists effects (n integer primary key) without rowid"
_WRITE_EFFECT = sa.text("insert into effects (n) values (:n)")


def text_of(number: int) -> str:
    """Return what a message says; some say more than a page of the database holds."""
    return f"{number} " * (1 + number * 389 % 2500)


class Program:
    """Runs the steps; `states` is what the store must hold when the last one returned."""

    def __init__(self, queue: Queue, recorder: Recorder, path: Path) -> None:
        self._queue = queue
        self._recorder = recorder
        self._note = recorder.note
        self._path = path
        self._numbers = itertools.count(1)
        self._steps = itertools.count(1)
        self.states: States = {}

    def run(self) -> None:
        """Take every step."""
        self._note_presence()
        with closing(apsw.Connection(str(self._path))) as other:
            other.set_busy_timeout(10_000)
            with suppress(apsw.IOError):  # the one sync that is to fail may be ours
                other.execute(_EFFECTS)
            other.execute(_EFFECTS)
            self.send_one_by_one()
            self.settle_in_every_way()
            self.send_and_settle_many()
            self._checkpoint(other)
            self.send_from_threads()
            self.consume()
            self.settle_with_effects()
            self.send_with_own_rows()
            self._checkpoint(other)
            self.step_in()

    def send_one_by_one(self) -> None:
        """Send singly: at once, for later, in the order of a key."""
        for options in ({}, {}, {}, {}, {}, {"delay": HOUR}, {"partition_key": "k"}, {"partition_key": "k"}):
            self._send("one", **options)

    def settle_in_every_way(self) -> None:
        """End five deliveries in five ways, and leave a sixth open."""
        acked, nacked, later, failed, back, *_ = self._claim("one", 6)
        with self._step(self._changed(acked, status="completed", result={"ok": 1})):
            acked.ack(result={"ok": 1})
        with self._step(self._changed(nacked, "message.nacked", status="pending", code="TRANSIENT")):
            nacked.nack("not today", retry_in=NOW)
        with self._step(
            self._changed(later, "message.nacked", status="pending", code="TRANSIENT", waits=True)
        ):
            later.nack(TimeoutError("later"), retry_in=HOUR)
        with self._step(self._changed(failed, "message.failed", status="failed", code="PERMANENT")):
            failed.fail("never")
        with self._step(self._changed(back, "message.handed_back", status="pending", attempts=0)):
            back.hand_back()

    def send_and_settle_many(self) -> None:
        """Send in bulk, claim in bulk, acknowledge in bulk."""
        for size in (3, 40):
            sent = self._new("many", size)
            with self._step(sent):
                self._queue.send_many("many", [_data(number) for number in sent])
        deliveries = self._claim("many", 25)
        with self._step(self._changed_all(deliveries[:20], status="completed", result="done")):
            self._queue.ack_many(deliveries[:20], result="done")

    def send_from_threads(self) -> None:
        """Send from several threads at once, so that commits are shared."""
        together = threading.Barrier(4)

        def send() -> None:
            together.wait()
            for _ in range(4):
                self._send("threads")

        threads = [threading.Thread(target=send) for _ in range(together.parties)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def consume(self) -> None:
        """Consume until nothing comes; what was handled is acknowledged when the loop has ended."""
        for _ in range(6):
            self._send("consumer")
        handled = []
        self._note("claiming", "consumer")
        for delivery in self._queue.consume("consumer", batch=3, wait=NOW):
            number = delivery.message.data["n"]
            step, done = next(self._steps), self.states[number].claimed().after(status="completed")
            self._note("asked", step, {number: done})
            handled.append((step, number, done))
        for step, number, done in handled:
            self._note("done", step)
            self.states[number] = done
        self._note("claimed", {})

    def settle_with_effects(self) -> None:
        """Acknowledge together with a row of the handler's own, and with a message to the next app."""
        for _ in range(3):
            self._send("outbox")
        first, second, third = self._claim("outbox", 3)
        for delivery in (first, second):
            with (
                self._step(self._changed(delivery, status="completed", effect=True)),
                delivery.transaction() as own,
            ):
                own.execute(_WRITE_EFFECT, {"n": delivery.message.data["n"]})
        sent = self._new("one", 1)
        with (
            self._step(self._changed(third, status="completed", effect=True) | sent),
            third.transaction() as own,
        ):
            own.execute(_WRITE_EFFECT, {"n": third.message.data["n"]})
            self._queue.send("one", _data(*sent), connection=own)

    def send_with_own_rows(self) -> None:
        """Send in transactions of the application's own, on an engine that Crossdock made for it."""
        with _engine(f"sqlite:///{self._path}") as engine:
            for _ in range(3):
                sent = self._new("outbox", 1)
                written = {number: state.after(effect=True) for number, state in sent.items()}
                with self._step(written), engine.begin() as own:
                    own.execute(_WRITE_EFFECT, [{"n": number} for number in sent])
                    self._queue.send("outbox", _data(*sent), connection=own)

    def step_in(self) -> None:
        """Do what an operator does: edit, cancel, replay, delete."""
        edited, cancelled, deleted = (self._send("many") for _ in range(3))
        with self._step({edited: self.states[edited].after("message.edited", text="edited")}):
            self._queue.edit(_id(edited), data={"n": edited, "text": "edited"})
        for number in (cancelled, deleted):
            gone = self.states[number].after("message.cancelled", status="failed", code="CANCELLED")
            with self._step({number: gone}):
                self._queue.cancel(_id(number))
        again = self.states[cancelled].after("message.replayed", status="pending")
        with self._step({cancelled: again}):
            self._queue.replay(_id(cancelled))
        with self._step({deleted: self.states[deleted].after("message.deleted", status=DELETED)}):
            self._queue.delete(_id(deleted))

    def _note_presence(self) -> None:
        """Note the file that shows this process to be alive; a disk may keep it longer than the process."""
        for lock in self._path.with_name(f"{STORE}.d").glob("*.lock"):
            self._note("presence", lock.name, lock.read_bytes())

    def close(self) -> None:
        """Close the queue, which gives back what is still claimed, and promises nothing if the disk fails then."""
        failed_before = self._recorder.sync_failed
        open_steps = []
        for number, state in self.states.items():
            if state.status == "processing":
                step = next(self._steps)
                back = state.after("message.handed_back", status="pending", attempts=state.attempts - 1)
                self._note("asked", step, {number: back})
                open_steps.append(step)
        self._queue.close()
        if self._recorder.sync_failed == failed_before:
            for step in open_steps:
                self._note("done", step)

    def _send(self, app: str, **options: object) -> int:
        sent = self._new(app, 1, waits="delay" in options)
        with self._step(sent):
            self._queue.send(app, _data(*sent), message_id=_id(*sent), **options)
        return next(iter(sent))

    def _claim(self, app: str, limit: int) -> list[Delivery]:
        self._note("claiming", app)
        deliveries = self._queue.claim(app, limit=limit)
        taken = {number: self.states[number].claimed() for number in map(_number, deliveries)}
        self._note("claimed", taken)
        self.states |= taken
        return deliveries

    def _new(self, app: str, count: int, *, waits: bool = False) -> States:
        numbers = itertools.islice(self._numbers, count)
        return {number: State(app, text_of(number), waits=waits) for number in numbers}

    def _changed(self, delivery: Delivery, *events: str, **changes: object) -> States:
        return {_number(delivery): self.states[_number(delivery)].after(*events, **changes)}

    def _changed_all(self, deliveries: Iterable[Delivery], **changes: object) -> States:
        return {_number(each): self.states[_number(each)].after(**changes) for each in deliveries}

    @contextmanager
    def _step(self, changes: States) -> Iterator[None]:
        step = next(self._steps)
        self._note("asked", step, changes)
        yield
        self._note("done", step)
        self.states |= changes

    @staticmethod
    def _checkpoint(other: apsw.Connection) -> None:
        """Empty the WAL, so that the next commit writes over its beginning; without a WAL nothing happens."""
        with suppress(apsw.IOError):
            other.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)


def main(
    directory: Path,
    trace: Path,
    *,
    outside_writers: bool,
    synchronous: str | None = None,
    fail_sync: int = 0,
) -> None:
    """Run the steps on a new store, and close it.

    Args:
        outside_writers: True: in Crossdock's safe mode, without a WAL.
        synchronous: Force this weaker mode upon every connection, to see that the loss is found.
        fail_sync: Let the sync of this number fail. The step that is refused for it ends the run, but for a
            few sends that must be as safe as any.
    """
    recorder = Recorder(fail_sync=fail_sync)
    if synchronous is not None:
        apsw.connection_hooks.append(_forced(synchronous))
    path = directory / STORE
    settings = StoreSettings(
        outside_writers=outside_writers,
        min_free_bytes=0,
        sqlite_module=apsw_dbapi,
        claim_check_bytes=CLAIM_CHECK_BYTES,
    )
    program = Program(_opened(f"sqlite:///{path}", settings), recorder, path)
    try:
        program.run()
        program.close()
    except StoreUnavailable:
        program.send_one_by_one()
    save(recorder.events, trace)
    os._exit(0)  # after a refusal nobody knows what closing would give back


def _opened(url: str, settings: StoreSettings) -> Queue:
    try:
        return Queue(url, app="sender", settings=settings)
    except StoreUnavailable:  # the sync that is to fail did so while the store was made
        return Queue(url, app="sender", settings=settings)


@contextmanager
def _engine(url: str) -> Iterator[sa.Engine]:
    """Make an engine as `crossdock.create_engine` does, on the library whose every write is recorded."""
    with patch("crossdock.store.sqlite.engine.choose", lambda: describe(apsw_dbapi)):
        engine = create_engine(url)
    try:
        yield engine
    except sa.exc.OperationalError as error:  # the application's own transaction: it sees SQLAlchemy's errors
        raise StoreUnavailable("the sync that was to fail") from error
    finally:
        engine.dispose()


def _forced(synchronous: str) -> Callable[[apsw.Connection], None]:
    def ignore_others(action: int, name: str | None, *_: str | None) -> int:
        ignored = action == apsw.SQLITE_PRAGMA and (name or "").lower() == "synchronous"
        return apsw.SQLITE_IGNORE if ignored else apsw.SQLITE_OK

    def force(connection: apsw.Connection) -> None:
        connection.pragma("synchronous", synchronous)
        connection.authorizer = ignore_others

    return force


def _number(delivery: Delivery) -> int:
    number: int = delivery.message.data["n"]
    return number


def _data(number: int) -> dict[str, object]:
    return {"n": number, "text": text_of(number)}


def _id(number: int) -> str:
    return f"message-{number}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), **json.loads(sys.argv[3]))
