"""The housekeeper: writes results that would wait too long, gives back what waits behind a slow message, lives on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from crossdock import Queue, StoreError, StoreUnavailable
from crossdock.domain.events import RescuerFailed
from crossdock.hub.housekeeper import Housekeeper
from tests.contract.case import claim_one, numbers
from tests.notices import Heard

PATIENCE_S = 20
NONE = timedelta(0)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/work.db"


@pytest.fixture
def queue(url: str) -> Iterator[Queue]:
    with Queue(url, app="tests") as opened:
        yield opened


def until(condition: Callable[[], Any]) -> Any:
    """Ask again and again until the answer is true; fail if it never is."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
    raise AssertionError("it never came true")


class TestResults:
    def test_result_is_written_while_the_next_message_is_in_hand(self, url: str, queue: Queue) -> None:
        first, second = queue.send_many("app", [1, 2])
        with Queue(url) as other:
            for delivery in queue.consume("app", wait=NONE):
                if delivery.message.id == second.id:
                    until(lambda: other.get(first.id).status == "completed")
                    assert other.get(second.id).status == "processing"

    def test_followers_of_a_key_are_released_meanwhile(self, url: str, queue: Queue) -> None:
        queue.send("app", 1, partition_key="k")
        with Queue(url) as other:
            consumer = queue.consume("app", batch=1, wait=NONE)
            next(consumer)
            queue.send("app", 2, partition_key="k")
            queue.send("app", "x")
            assert next(consumer).message.data in {2, "x"}
            consumer.close()
            assert queue.stats("app")["app"].completed == 1
            assert other.stats("app")["app"].processing == 0


class TestSlowMessage:
    def test_what_was_fetched_behind_it_goes_to_others(self, url: str, queue: Queue) -> None:
        queue.send_many("app", range(5))
        with Queue(url) as other:
            for delivery in queue.consume("app", wait=NONE):
                assert delivery.message.data == 0
                taken: list[Any] = []
                while len(taken) < 4:
                    taken += until(partial(other.claim, "app", limit=10))
                assert sorted(numbers(taken)) == [1, 2, 3, 4]
                assert {(one.attempt, one.crashes) for one in taken} == {(1, 0)}
                other.ack_many(taken)
        assert queue.stats("app")["app"].completed == 5


class Stumbling:
    """A rescuer, or a scheduler, that fails."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def run_once(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return 0


class TestService:
    def test_it_lives_on_whatever_a_pass_ends_in(self, queue: Queue) -> None:
        heard = Heard()
        rescuer = Stumbling(
            KeyError("x"), KeyError("x"), ValueError("11 MiB are free"), ValueError("9 MiB are free")
        )
        housekeeper = Housekeeper(
            queue._store,
            rescuer,
            Stumbling(),
            queue._archiver,
            heard,
        )  # type: ignore[arg-type]  # as good as one
        housekeeper.start()
        until(lambda: rescuer.calls > 4)
        housekeeper.stop()
        assert heard.events == [  # each trouble once
            RescuerFailed(reason="KeyError: 'x'"),
            RescuerFailed(reason="ValueError: 11 MiB are free"),
        ]

    def test_trouble_with_one_duty_keeps_back_no_other(self, queue: Queue) -> None:
        heard = Heard()
        rescuer, scheduler = Stumbling(KeyError("x"), ValueError("same")), Stumbling(ValueError("same"))
        housekeeper = Housekeeper(queue._store, rescuer, scheduler, queue._archiver, heard)  # type: ignore[arg-type]  # as good as they
        for _ in range(3):
            housekeeper.run_once()
        assert scheduler.calls == 3
        assert heard.names == ["rescuer.failed", "scheduler.failed"]  # the second "same" is known already

    def test_pass_that_outlasts_the_stop_tells_nobody_that_the_queue_is_closed(self, queue: Queue) -> None:
        class Outlasting:
            def run_once(self) -> int:
                housekeeper.stop()
                raise StoreError("the queue is closed")

        heard = Heard()
        housekeeper = Housekeeper(queue._store, Outlasting(), Stumbling(), queue._archiver, heard)  # type: ignore[arg-type]  # as good as they
        housekeeper.run_once()
        assert heard.events == []

    def test_store_that_is_away_is_waited_for_once(self, queue: Queue) -> None:
        rescuer, scheduler = Stumbling(StoreUnavailable("away")), Stumbling()
        housekeeper = Housekeeper(queue._store, rescuer, scheduler, queue._archiver, Heard())  # type: ignore[arg-type]  # as good as they
        housekeeper.run_once()
        assert scheduler.calls == 0
        housekeeper.run_once()
        assert scheduler.calls == 1

    def test_starting_twice_and_stopping_unstarted_are_harmless(self, queue: Queue) -> None:
        housekeeper = Housekeeper(queue._store, Stumbling(), Stumbling(), queue._archiver, Heard())  # type: ignore[arg-type]  # as good as one
        housekeeper.stop()
        housekeeper = Housekeeper(queue._store, Stumbling(), Stumbling(), queue._archiver, Heard())  # type: ignore[arg-type]  # as good as one
        housekeeper.start()
        thread = housekeeper._thread
        housekeeper.start()
        assert housekeeper._thread is thread
        housekeeper.stop()
        housekeeper.stop()

    def test_it_stops_at_once_even_if_it_has_just_begun(self, queue: Queue) -> None:
        """A stop between two looks must not be forgotten and waited out."""
        started = time.monotonic()
        for _ in range(40):
            housekeeper = Housekeeper(queue._store, Stumbling(), Stumbling(), queue._archiver, Heard())  # type: ignore[arg-type]  # as good as one
            housekeeper.start()
            housekeeper.stop()
        assert time.monotonic() - started < 40 * 0.2  # a quarter of a second each, if it is forgotten

    def test_idle_consumers_are_not_looked_after(self, queue: Queue) -> None:
        assert list(queue.consume("app", wait=NONE)) == []
        assert queue._housekeeper._consumptions == set()
        queue.send("app", 1)
        with queue.consume_one("app"):
            assert len(queue._housekeeper._consumptions) == 1
        assert queue._housekeeper._consumptions == set()
        assert queue.claim("app") == []
        queue.send("app", 2)
        claim_one(queue).ack()
