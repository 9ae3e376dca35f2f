"""Reads the store's account at the end of a run, in a fresh process, through the public interface."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Unpack

import sqlalchemy as sa

from crossdock import create_engine
from crossdock.store.sqlite.maintenance import check
from tests.crash.account import Account, Row, RowEvent
from tests.crash.consumers import EFFECT
from tests.crash.limits import MAX_ATTEMPTS
from tests.crash.producers import OUTBOX
from tests.crash.stage import Place, fingerprint, open_queue
from tests.postgresql_databases import execute, is_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crossdock import Queue, Record

PAGE = 500


def prepare(folder: Path, **place: Unpack[Place]) -> None:
    """Role: make the store, and the tables that handlers and senders of the tests write to themselves."""
    with open_queue("prepare", **place) as queue:
        queue.stats()
        engine = create_engine(place["url"])
        with engine.begin() as connection:
            for table in (EFFECT, OUTBOX):
                connection.execute(sa.text(f"CREATE TABLE {table.name} (message_id TEXT NOT NULL)"))
        engine.dispose()


def sabotage(folder: Path, *, statement: str, **place: Unpack[Place]) -> None:
    """Role: do to the store, behind Crossdock's back, what the checker must notice."""
    if is_postgresql(place["url"]):
        execute(place["url"], statement)
        return
    engine = create_engine(place["url"])
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def take(folder: Path, *, name: str = "account.json", **place: Unpack[Place]) -> None:
    """Role: write the account of the whole store."""
    with open_queue("snapshot", **place) as queue:
        rows = [row_of(queue, record) for record in records_of(queue)]
    engine = create_engine(place["url"])
    with engine.connect() as connection:
        effects = _counted(connection, EFFECT)
        outbox = _counted(connection, OUTBOX)
        damage = "" if is_postgresql(place["url"]) else _damage(connection)
    engine.dispose()
    damage = damage or "; ".join(check(place["url"]))
    Account(rows, effects, outbox, damage).write(folder / name)


def _damage(connection: sa.Connection) -> str:
    verdict = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    return "" if list(verdict) == ["ok"] else "; ".join(map(str, verdict))


def wait_until_empty(folder: Path, *, patience_s: float = 30, **place: Unpack[Place]) -> None:
    """Role: end when no message is waiting or being processed, or when patience does."""
    deadline = time.monotonic() + patience_s
    with open_queue("watch", **place) as queue:
        while time.monotonic() < deadline:
            stats = queue.stats().values()
            if not any(each.ready + each.scheduled + each.blocked + each.processing for each in stats):
                return
            time.sleep(0.05)


def records_of(queue: Queue) -> Iterator[Record]:
    """Every message of the store."""
    for app in queue.stats():
        after = None
        while page := queue.list(app, limit=PAGE, after=after):
            yield from page
            after = page[-1].row_id


def row_of(queue: Queue, record: Record) -> Row:
    """What the store says of one message."""
    message = record.message
    events = [
        RowEvent(entry.at.timestamp(), entry.event, entry.code or "")
        for entry in queue.timeline(message.id, app=record.app)
    ]
    return Row(
        app=record.app,
        message_id=message.id,
        row_id=record.row_id,
        status=record.status,
        attempts=record.attempts,
        crashes=record.crashes,
        max_attempts=record.max_attempts or MAX_ATTEMPTS,
        priority=message.priority,
        key=message.partitionkey or "",
        code=record.error.code if record.error else "",
        fingerprint=fingerprint(message.data, message.partitionkey),
        processed_at=record.processed_at.timestamp() if record.processed_at else None,
        events=tuple(events),
    )


def _counted(connection: sa.Connection, table: sa.TableClause) -> dict[str, int]:
    column = table.c.message_id
    found = connection.execute(sa.select(column, sa.func.count()).group_by(column))
    return {str(message_id): int(count) for message_id, count in found}
