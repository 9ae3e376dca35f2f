"""Workers for the scenes about concurrency: senders of the same ids, outside readers, a backup."""

from __future__ import annotations

import sqlite3
import time
import uuid
from contextlib import closing
from typing import TYPE_CHECKING, Any, Unpack

import psycopg

from crossdock.store.sqlite.maintenance import backup, check
from tests.crash.history import Kind, Recorder
from tests.crash.stage import Options, data_for, fingerprint, on_stage
from tests.postgresql_databases import connect, is_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.crash.stage import Stage

NAMESPACE = uuid.UUID("8e2a3b1c-0c55-4d6e-9d7f-2f4f7d9b6a10")


def send_ids(folder: Path, *, app: str, ids: int, times: int, seed: int, **options: Unpack[Options]) -> None:
    """Role: send the same ids as everybody else, each so many times, in an order of its own."""
    names = [str(uuid.uuid5(NAMESPACE, str(number))) for number in range(ids)] * times
    with on_stage(folder, name="same-app", seed=seed, **options) as stage:
        stage.rng.shuffle(names)
        for message_id in names:
            _send(stage, app, message_id)


def send_fast(folder: Path, *, app: str, name: str, seed: int, **options: Unpack[Options]) -> None:
    """Role: send without a pause until told to stop."""
    with on_stage(folder, name=name, seed=seed, **options) as stage:
        while not stage.stop.is_set():
            _send(stage, app, str(uuid.uuid4()))


def juggle_large(folder: Path, *, app: str, name: str, seed: int, **options: Unpack[Options]) -> None:
    """Role: send large data to two apps, complete and purge it at one of them, and edit what is left, without end."""
    with on_stage(folder, name=name, seed=seed, **options) as stage:
        while not stage.stop.is_set():
            message_id = str(uuid.uuid4())
            data = {"number": message_id, "large": "x" * 200_000}
            stage.queue.send("scratch", data)
            stage.queue.send(app, data, message_id=message_id)
            stage.recorder.saw(Kind.SENT, message_id=message_id, app=app)
            stage.queue.ack_many(stage.queue.claim("scratch"))
            stage.queue.purge("scratch")
            if stage.rng.random() < 0.5:
                stage.queue.edit(message_id, app=app, data={**data, "large": "y" * 300_000})


def _send(stage: Stage, app: str, message_id: str) -> None:
    data = data_for(message_id)
    stage.recorder.saw(Kind.SEND_BEGUN, message_id=message_id, app=app, note=fingerprint(data, None))
    sent = stage.queue.send(app, data, message_id=message_id)
    stage.recorder.saw(Kind.SENT, message_id=message_id, app=app, row_id=sent.row_id, flag=sent.duplicate)


READINGS = (
    "SELECT * FROM queue_depth",
    "SELECT * FROM oldest_due",
    "SELECT count(*), max(length(CAST(data AS TEXT))) FROM data_staging",
    "SELECT id, message_id, status FROM data_staging ORDER BY id DESC LIMIT 100",
)


def read_outside(folder: Path, *, url: str, seconds: float, seed: int, **_: object) -> None:
    """Role: a stranger that reads with the standard library's SQLite, at times in one long transaction."""
    recorder = Recorder(folder / f"reader-{seed}.history")
    deadline = time.monotonic() + seconds
    with closing(_reader_of(url)) as connection:
        for number in _until(deadline):
            try:
                connection.execute("BEGIN")
                for reading in READINGS:
                    connection.execute(reading).fetchall()
                time.sleep(0.1 if number % 5 == 0 else 0.005)
                connection.execute("COMMIT")
            except (sqlite3.Error, psycopg.Error) as error:
                recorder.saw(Kind.ERROR, app="reader", note=str(error))
                raise
    recorder.close()


def _reader_of(url: str) -> Any:
    if is_postgresql(url):
        return connect(
            url, "-c default_transaction_isolation=serializable -c default_transaction_read_only=on"
        )
    path = url.removeprefix("sqlite:///")
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20, isolation_level=None)


def back_up(folder: Path, *, url: str, seconds: float, **_: object) -> None:
    """Role: back the store up again and again while it is used; each copy must be whole."""
    recorder = Recorder(folder / "backup.history")
    for number in _until(time.monotonic() + seconds):
        copy = backup(url, folder / f"copy-{number}.db")
        problems = check(f"sqlite:///{copy}", full=True)
        recorder.saw(Kind.ERROR if problems else Kind.OPENED, app="backup", note=str(problems))
        copy.unlink()
    recorder.close()


def fill(folder: Path, *, app: str, messages: int, size: int, **options: Unpack[Options]) -> None:
    """Role: make the store large; the checker hears nothing of it."""
    with on_stage(folder, name="filler", **options) as stage:
        for _ in range(messages // 1000):
            stage.queue.send_many(app, ["x" * size] * 1000)


def _until(deadline: float) -> Iterator[int]:
    number = 0
    while time.monotonic() < deadline:
        number += 1
        yield number
