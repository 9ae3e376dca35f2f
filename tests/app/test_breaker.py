"""The circuit breaker: a queue is left alone while its far side is down, and one message tries it first."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import (
    Breaker,
    ConfigError,
    Hub,
    InvalidMessage,
    Message,
    PermanentError,
    Queue,
    RateLimited,
    RetryPolicy,
    TransientError,
)
from crossdock.config import load
from crossdock.domain.breaker import is_of_far_side
from crossdock.testing import FakeClock
from tests.app.case import AT_ONCE

PATIENT = RetryPolicy(max_attempts=100, backoff_min=timedelta(0), backoff_max=timedelta(0))
THREE = Breaker(after=3, shortest=timedelta(seconds=10), longest=timedelta(seconds=25))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def queue(clock: FakeClock) -> Iterator[Queue]:
    with Queue("sqlite://", app="tests", clock=clock, retry=PATIENT) as opened:
        yield opened


class FarSide:
    """What a handler talks to."""

    def __init__(self, hub: Hub, **options: Any) -> None:
        self.error: Exception | None = None
        self.calls: list[Any] = []
        hub.app("app", breaker=THREE, **options)(self.handle)

    async def handle(self, message: Message) -> None:
        self.calls.append(message.data)
        if self.error is not None:
            raise self.error

    def calls_of(self, hub: Hub) -> int:
        before = len(self.calls)
        hub.run(wait=AT_ONCE)
        return len(self.calls) - before


@pytest.fixture
def far_side(hub: Hub) -> FarSide:
    return FarSide(hub)


def parked_s(queue: Queue, clock: FakeClock) -> float:
    until = queue.stats("app")["app"].parked_until
    return 0.0 if until is None else (until - clock.now()).total_seconds()


class TestTripping:
    def test_queue_is_parked_after_so_many_failures_in_a_row(
        self, hub: Hub, queue: Queue, clock: FakeClock, far_side: FarSide, caplog: pytest.LogCaptureFixture
    ) -> None:
        far_side.error = ConnectionError("refused")
        queue.send_many("app", range(50))
        with caplog.at_level(logging.WARNING, "crossdock"):
            assert 3 <= far_side.calls_of(hub) <= 12
        stats = queue.stats("app")["app"]
        assert stats.breaker == "open"
        assert stats.note is not None
        assert "3 messages in a row failed, the last with: ConnectionError: refused" in stats.note
        assert 5 <= parked_s(queue, clock) <= 10
        assert "breaker.opened" in caplog.text
        assert stats.ready + stats.scheduled == 50
        assert far_side.calls_of(hub) == 0

    def test_one_message_is_the_probe_and_each_that_fails_parks_it_for_longer(
        self, hub: Hub, queue: Queue, clock: FakeClock, far_side: FarSide
    ) -> None:
        far_side.error = TransientError("down")
        queue.send_many("app", range(50))
        hub.run(wait=AT_ONCE)
        bounds = []
        for _ in range(4):
            clock.advance(timedelta(seconds=parked_s(queue, clock)))
            assert queue.stats("app")["app"].breaker == "half-open"
            assert far_side.calls_of(hub) == 1
            bounds.append(parked_s(queue, clock))
        assert 10 <= bounds[0] <= 20
        assert all(12.5 <= bound <= 25 for bound in bounds[1:])

    def test_probe_that_succeeds_lets_all_go_on(
        self, hub: Hub, queue: Queue, clock: FakeClock, far_side: FarSide, caplog: pytest.LogCaptureFixture
    ) -> None:
        far_side.error = TransientError("down")
        queue.send_many("app", range(20))
        hub.run(wait=AT_ONCE)
        clock.advance(timedelta(seconds=10))
        far_side.error = None
        with caplog.at_level(logging.INFO, "crossdock"):
            hub.run(wait=AT_ONCE)
        stats = queue.stats("app")["app"]
        assert (stats.completed, stats.breaker, stats.parked_until) == (20, None, None)
        assert "breaker.closed" in caplog.text

    def test_refusal_by_the_far_side_shows_that_it_answers(
        self, hub: Hub, queue: Queue, clock: FakeClock, far_side: FarSide
    ) -> None:
        far_side.error = TransientError("down")
        queue.send_many("app", range(20))
        hub.run(wait=AT_ONCE)
        clock.advance(timedelta(seconds=10))
        far_side.error = PermanentError("unknown customer")
        hub.run(wait=AT_ONCE)
        assert queue.stats("app")["app"].failed == 20

    def test_lanes_that_fail_together_park_it_once(self, queue: Queue, clock: FakeClock) -> None:
        hub = Hub(queue)
        far_side = FarSide(hub, concurrency=20)
        far_side.error = TransientError("down")
        queue.send_many("app", range(20))
        hub.run(wait=AT_ONCE)
        assert 5 <= parked_s(queue, clock) <= 10

    def test_person_may_let_it_go_on_at_once(self, hub: Hub, queue: Queue, far_side: FarSide) -> None:
        far_side.error = TransientError("down")
        queue.send_many("app", range(5))
        hub.run(wait=AT_ONCE)
        far_side.error = None
        queue.resume("app")
        hub.run(wait=AT_ONCE)
        assert queue.stats("app")["app"].completed == 5


class TestWhatCounts:
    def test_one_message_alone_never_trips_it(self, hub: Hub, queue: Queue, far_side: FarSide) -> None:
        far_side.error = TransientError("this one is too much for it")
        queue.send(
            "app", 1, retry=RetryPolicy(max_attempts=20, backoff_max=timedelta(0), backoff_min=timedelta(0))
        )
        assert far_side.calls_of(hub) == 20
        assert queue.stats("app")["app"].breaker is None

    def test_success_between_failures_starts_the_count_anew(self, hub: Hub, queue: Queue) -> None:
        @hub.app("often", breaker=THREE, retry=RetryPolicy(max_attempts=1))
        async def work(message: Message) -> None:
            if message.data % 3:
                raise TransientError("now and then")

        queue.send_many("often", range(30))
        hub.run(wait=AT_ONCE)
        assert queue.stats("often")["often"].failed == 20

    @pytest.mark.parametrize(
        "error",
        [
            ValueError("a bug"),
            PermanentError("no"),
            InvalidMessage.of("a", "b"),
            FileNotFoundError(2, "x", "f"),
        ],
    )
    def test_error_of_the_message_does_not_count(
        self, hub: Hub, queue: Queue, far_side: FarSide, error: Exception
    ) -> None:
        far_side.error = error
        queue.send_many("app", range(9), retry=RetryPolicy(max_attempts=1))
        hub.run(wait=AT_ONCE)
        assert queue.stats("app")["app"].failed == 9

    def test_last_attempt_counts_too(self, hub: Hub, queue: Queue, far_side: FarSide) -> None:
        far_side.error = ConnectionError("refused")
        queue.send_many("app", range(9), retry=RetryPolicy(max_attempts=1))
        hub.run(wait=AT_ONCE)
        assert queue.stats("app")["app"].breaker == "open"

    def test_library_that_wraps_the_error_of_the_system_is_seen_through(self) -> None:
        class Wrapped(Exception):
            pass

        wrapped = Wrapped("cannot connect")
        wrapped.__cause__ = socket.gaierror(-2, "Name or service not known")
        assert is_of_far_side(wrapped)
        assert not is_of_far_side(RateLimited("slowly"))


@pytest.mark.parametrize(
    "wrong", [{"after": 0}, {"shortest": timedelta(0)}, {"longest": timedelta(seconds=1)}]
)
def test_wrong_breaker_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Breaker"):
        Breaker(**wrong)


def test_configuration_describes_it(tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text('[apps.app]\nbreaker = { park = "1s..10s" }\n', encoding="utf-8")
    table = load(tmp_path / "crossdock.toml").config.apps["app"].breaker
    assert table is not None
    assert table.to_breaker() == Breaker(5, timedelta(seconds=1), timedelta(seconds=10))
    (tmp_path / "crossdock.toml").write_text('[apps.app]\nbreaker = { park = "0s..10s" }\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"apps.app.breaker.park: expected two durations of more than 0"):
        load(tmp_path / "crossdock.toml")
