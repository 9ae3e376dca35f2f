"""One consumer's hand: what happens to results and prefetched messages when a write fails or is interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from crossdock import Queue
from crossdock.domain.delivery import Completed
from crossdock.domain.message import AppId
from crossdock.hub.consumption import Consumption
from tests.contract.case import numbers

LEASE = timedelta(seconds=30)


@pytest.fixture
def queue() -> Iterator[Queue]:
    with Queue.testing() as opened:
        opened.send_many("app", range(5))
        yield opened


@pytest.fixture
def lost() -> list[int]:
    return []


@pytest.fixture
def consumption(lost: list[int]) -> Consumption:
    return Consumption(AppId("app"), batch=3, lease=LEASE, lost=lost.extend)


def exchange(queue: Queue, consumption: Consumption) -> None:
    with consumption.writing() as write:
        queue._store.write(write.exchange)


def fail_exchange(queue: Queue, consumption: Consumption, *, after_commit: bool) -> None:
    """Let the write of results and the fetch end in an exception, before or after it was committed."""
    with pytest.raises(LookupError), consumption.writing() as write:
        _interrupted(queue, write, after_commit=after_commit)


def _interrupted(queue: Queue, write: Any, *, after_commit: bool) -> None:
    if after_commit:
        queue._store.write(write.exchange)
    raise LookupError


def end(queue: Queue, consumption: Consumption) -> None:
    while consumption.give_back():
        with consumption.writing() as write:
            queue._store.write(write.flush)


def take_all(consumption: Consumption) -> list[Any]:
    taken = []
    while claimed := consumption.take():
        taken.append(claimed.message.data)
        consumption.finish(claimed, Completed())
    return taken


def states(queue: Queue) -> list[tuple[Any, str, int]]:
    return [(one.message.data, one.status.value, one.attempts) for one in queue.list("app")]


def test_no_more_than_the_batch_is_in_hand(queue: Queue, consumption: Consumption) -> None:
    exchange(queue, consumption)
    assert take_all(consumption) == [0, 1, 2]
    assert consumption.take() is None
    assert consumption.has_done
    exchange(queue, consumption)
    assert take_all(consumption) == [3, 4]


def test_message_put_back_comes_next(queue: Queue, consumption: Consumption) -> None:
    exchange(queue, consumption)
    claimed = consumption.take()
    assert claimed is not None
    consumption.put_back(claimed)
    assert take_all(consumption) == [0, 1, 2]


def test_results_of_a_failed_write_are_written_with_the_next(queue: Queue, consumption: Consumption) -> None:
    exchange(queue, consumption)
    take_all(consumption)
    fail_exchange(queue, consumption, after_commit=False)
    assert {status for _, status, _ in states(queue)} == {"processing", "pending"}
    exchange(queue, consumption)
    assert [status for _, status, _ in states(queue)][:3] == ["completed"] * 3
    assert take_all(consumption) == [3, 4]


def test_what_an_unclear_write_fetched_is_given_back_by_the_next(
    queue: Queue, consumption: Consumption
) -> None:
    """It was committed, but the consumer was interrupted before it knew: nobody would work on it."""
    fail_exchange(queue, consumption, after_commit=True)
    assert [status for _, status, _ in states(queue)][:3] == ["processing"] * 3
    exchange(queue, consumption)
    assert take_all(consumption) == [0, 1, 2]
    assert [attempts for _, _, attempts in states(queue)] == [1, 1, 1, 0, 0]


def test_what_an_unclear_write_fetched_is_given_back_at_the_end(
    queue: Queue, consumption: Consumption
) -> None:
    fail_exchange(queue, consumption, after_commit=True)
    end(queue, consumption)
    assert states(queue) == [(n, "pending", 0) for n in range(5)]


def test_end_writes_results_and_gives_back_the_rest(queue: Queue, consumption: Consumption) -> None:
    exchange(queue, consumption)
    claimed = consumption.take()
    assert claimed is not None
    consumption.finish(claimed, Completed('"done"'))
    end(queue, consumption)
    assert states(queue)[:3] == [(0, "completed", 1), (1, "pending", 0), (2, "pending", 0)]
    assert numbers(queue.claim("app", limit=5)) == [1, 2, 3, 4]


def test_results_that_came_too_late_are_told(queue: Queue, consumption: Consumption, lost: list[int]) -> None:
    exchange(queue, consumption)
    first = queue.list("app")[0]
    queue.cancel(first.message.id)
    take_all(consumption)
    exchange(queue, consumption)
    assert lost == [first.row_id]
    assert queue.get(first.message.id).status == "failed"


def test_late_result_is_told_though_the_message_was_fetched_and_finished_again(
    queue: Queue, consumption: Consumption, lost: list[int]
) -> None:
    exchange(queue, consumption)
    take_all(consumption)
    store, row_id = queue._store, queue.list("app")[0].row_id
    store.write(lambda tx: tx.hand_back_all(store.owner, 100))
    with consumption.writing() as write:
        write.done, late = [], write.done
        queue._store.write(write.exchange)
    take_all(consumption)
    with consumption.writing() as write:
        write.done = [*late[:1], *write.done]
        queue._store.write(write.flush)
    assert lost == [row_id]
    assert [status for _, status, _ in states(queue)][:3] == ["completed"] * 3


def test_what_is_not_ours_any_more_is_dropped_when_it_is_asked_after(
    queue: Queue, consumption: Consumption
) -> None:
    exchange(queue, consumption)
    queue.cancel(queue.list("app")[1].message.id)
    queue._store.write(consumption.confirm)
    assert take_all(consumption) == [0, 2]


def test_finishing_what_is_not_in_hand_is_harmless(queue: Queue, consumption: Consumption) -> None:
    exchange(queue, consumption)
    claimed = consumption.take()
    assert claimed is not None
    assert consumption.finish(claimed, Completed())
    assert not consumption.finish(claimed, Completed())
    end(queue, consumption)
    assert states(queue)[:2] == [(0, "completed", 1), (1, "pending", 0)]
