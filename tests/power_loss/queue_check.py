"""Opens what a power cut left of a store, with Crossdock as it ships, and holds it against the promises."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crossdock import Queue, StoreSettings, create_engine
from tests.power_loss.account import APPS, STORE, Account, State, States

if TYPE_CHECKING:
    from pathlib import Path

    from crossdock import Record
    from tests.power_loss.cuts import Cut

_ENOUGH = 1000
_SECONDS_TO_FIND_THE_DEAD = 10
_HISTORY = sa.text("select row_id, event from audit_log order by id")
_EFFECTS = sa.text("select n from effects")


def check(cut: Cut, directory: Path, *, outside_writers: bool) -> list[str]:
    """Return everything that is wrong with what the cut left in `directory`; the store is used up by it."""
    url = f"sqlite:///{directory / STORE}"
    if cut.position % 2:
        _leave_presence(cut, directory / f"{STORE}.d")
    account = Account.of(cut.notes)
    settings = StoreSettings(outside_writers=outside_writers, min_free_bytes=0)
    with Queue(url, app="checker", settings=settings) as queue:
        _wait_until_the_dead_are_found(queue)
        found = _read(queue, url)
        problems = account.problems(found) + _integrity(url)
        problems += _work_off(queue, found)
    return problems


def _leave_presence(cut: Cut, folder: Path) -> None:
    """Put back the lock file of the process that lost its power; without it, its messages are orphans."""
    folder.mkdir()
    for verb, *rest in cut.notes:
        if verb == "presence":
            name, content = rest
            (folder / name).write_bytes(content)


def _wait_until_the_dead_are_found(queue: Queue) -> None:
    deadline = time.monotonic() + _SECONDS_TO_FIND_THE_DEAD
    while queue.list(status="processing") and time.monotonic() < deadline:
        time.sleep(0.02)


def _read(queue: Queue, url: str) -> States:
    history, effects = _read_beside(url)
    records = {record.message.data["n"]: record for app in APPS for record in queue.list(app, limit=_ENOUGH)}
    return {
        number: _state(record, tuple(history[record.row_id]), effect=number in effects)
        for number, record in records.items()
    }


def _state(record: Record, history: tuple[str, ...], *, effect: bool) -> State:
    return State(
        app=record.app,
        text=record.message.data["text"],
        status=str(record.status),
        attempts=record.attempts,
        crashes=record.crashes,
        waits=record.available_at is not None and record.available_at > datetime.now(UTC),
        result=record.result,
        code=record.error.code if record.error else None,
        history=history,
        effect=effect,
    )


def _read_beside(url: str) -> tuple[dict[int, list[str]], set[int]]:
    """Read what no verb tells for all messages at once: the audit log, and the handlers' own table."""
    history: dict[int, list[str]] = defaultdict(list)
    engine = create_engine(url)
    with engine.connect() as connection:
        for row_id, event in connection.execute(_HISTORY):
            history[row_id].append(event)
        effects = set(connection.scalars(_EFFECTS)) if sa.inspect(connection).has_table("effects") else set()
    engine.dispose()
    return history, effects


def _integrity(url: str) -> list[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        verdict = connection.exec_driver_sql("pragma integrity_check").scalars().all()
    engine.dispose()
    return [] if verdict == ["ok"] else [f"integrity_check: {verdict}"]


def _work_off(queue: Queue, found: States) -> list[str]:
    """Handle all that is due; nothing else may come, nothing may come twice, nothing may be stuck."""
    due = {number for number, state in found.items() if state.status == "pending" and not state.waits}
    came = [number for app in APPS for number in _claimed_of(queue, app)]
    problems = [f"message {number} ran again" for number in came if number not in due]
    problems += [f"message {number} came twice" for number in set(came) if came.count(number) > 1]
    problems += [f"message {number} is stuck" for number in due - set(came)]
    return problems


def _claimed_of(queue: Queue, app: str) -> list[int]:
    came: list[int] = []
    while deliveries := queue.claim(app, limit=_ENOUGH):
        came += [delivery.message.data["n"] for delivery in deliveries]
        queue.ack_many(deliveries)
    return came
