"""Changes that are made only if their object is as it was read, whoever else changes it at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.contract.case import POSTGRESQL, on, on_one_of_each

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock import Queue
    from tests.contract.case import Case

RIVALS: Final = 4
ROUNDS: Final = 5


class TooLateError(Exception):
    """Somebody else changed it first."""


def change_if_still(queue: Queue, read: Callable[[Any], int | None], change: Callable[[Any], object]) -> None:
    """Change something of which nobody knows anything newer than was read before."""

    def work(tx: Any) -> None:
        if read(tx) != seen:
            raise TooLateError
        change(tx)

    seen = queue._store.write(read)
    queue._store.write(work)


@on_one_of_each
class TestRevision:
    def test_of_a_message_rises_with_each_change(self, queue: Queue) -> None:
        record = queue.get(queue.send("app", 1).id)
        found = [record.revision]
        for change in (lambda tx: tx.edit(record, {"priority": 9}), lambda tx: tx.cancel(record)):
            change_if_still(queue, lambda tx: tx.revision_of(record.row_id), change)
            found.append(queue._store.write(lambda tx: tx.revision_of(record.row_id)))
        assert found == sorted(set(found))
        assert found[-1] == queue.get(record.message.id).revision

    def test_of_a_schedule_rises_with_each_change(self, queue: Queue) -> None:
        made = queue.every(timedelta(hours=1), "app", 1, name="hourly")
        assert queue._store.write(lambda tx: tx.schedule_revision("hourly")) == made.revision
        queue.pause_schedule("hourly")
        assert queue._store.write(lambda tx: tx.schedule_revision("hourly")) == made.revision + 1

    def test_of_what_is_not_there_is_none(self, queue: Queue) -> None:
        store = queue._store
        assert store.write(lambda tx: tx.revision_of(4711)) is None
        assert store.write(lambda tx: tx.schedule_revision("nightly")) is None
        assert store.write(lambda tx: tx.override_revision("app")) == 0

    def test_of_an_app_must_still_stand_where_one_is_named(self, queue: Queue) -> None:
        store = queue._store
        store.write(lambda tx: tx.put_override("app", {"concurrency": 2}, 0))
        store.write(lambda tx: tx.put_override("app", {"concurrency": 3}, 1))
        assert store.write(lambda tx: tx.override_revision("app")) == 2
        assert not store.write(lambda tx: tx.drop_override("app", 1))
        assert store.write(lambda tx: tx.drop_override("app", 2))


@on([("wal", "sync"), POSTGRESQL[0]])
@pytest.mark.parametrize("what", ["message", "schedule"])
def test_of_changes_that_are_for_one_state_one_is_made(case: Case, queue: Queue, what: str) -> None:
    record = queue.get(queue.send("app", 1).id)
    queue.every(timedelta(hours=1), "app", 1, name="hourly")
    rivals = [case.open(app=f"rival{number}") for number in range(RIVALS)]
    barrier = Barrier(RIVALS)

    def read(tx: Any) -> int | None:
        found: int | None = (
            tx.revision_of(record.row_id) if what == "message" else tx.schedule_revision("hourly")
        )
        return found

    def attempt(number: int, turn: int) -> bool:
        barrier.wait(20)
        spec = queue._declarations.spec(
            "app",
            [number, turn],
            timing=queue.schedule("hourly").timing,
            name="hourly",
            missed="latest",
            options={},
        )

        def work(tx: Any) -> None:
            if read(tx) != seen:
                raise TooLateError
            if what == "message":
                tx.edit(record, {"max_attempts": 10 * turn + number + 1})
            else:
                tx.declare_schedule(spec)

        try:
            rivals[number]._store.write(work)
        except TooLateError:
            return False
        return True

    with ThreadPoolExecutor(RIVALS) as pool:
        for turn in range(ROUNDS):
            seen = queue._store.write(read)
            made = list(pool.map(attempt, range(RIVALS), [turn] * RIVALS))
            assert made.count(True) == 1
