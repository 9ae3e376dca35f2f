"""``max_processing`` and ``rate``: how many messages of a queue are in work, and how many are begun in a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crossdock import ConfigError, Rate
from tests.contract.case import claim_one, numbers

if TYPE_CHECKING:
    from crossdock import Queue
    from tests.contract.case import Case


class TestMaxProcessing:
    def test_no_more_are_claimed_than_may_be_in_work(self, case: Case, queue: Queue) -> None:
        queue.set_rules("app", max_processing=2)
        queue.send_many("app", range(5))
        other = queue if case.in_memory else case.open(app="other")
        held = [*queue.claim("app", limit=1), *other.claim("app", limit=10)]
        assert numbers(held) == [0, 1]
        assert queue.claim("app") == []
        held[0].ack()
        assert numbers(other.claim("app", limit=10)) == [2]

    def test_place_of_a_dead_worker_is_free_again(self, case: Case, queue: Queue) -> None:
        queue.set_rules("app", max_processing=1)
        queue.send_many("app", [1, 2])
        claim_one(queue)
        assert queue.claim("app") == []
        case.crash(queue)
        assert len(queue.claim("app", limit=2)) == 1

    def test_other_queues_do_not_count(self, queue: Queue) -> None:
        queue.set_rules("app", max_processing=1)
        queue.send_many("other", [1, 2])
        queue.claim("other", limit=2)
        queue.send("app", 1)
        assert numbers(queue.claim("app")) == [1]

    def test_consumer_of_a_full_queue_waits_and_goes_on(self, case: Case, queue: Queue) -> None:
        queue.set_rules("app", max_processing=1)
        queue.send_many("app", range(20))
        found = [delivery.message.data for delivery in queue.consume("app", wait=timedelta(0))]
        assert found == list(range(20))

    def test_run_of_a_key_is_no_longer_than_the_limit(self, queue: Queue) -> None:
        queue.set_rules("app", max_processing=2)
        queue.send_many("app", range(5), partition_key="k")
        seen = [
            queue.stats("app")["app"].processing for _ in queue.consume("app", wait=timedelta(0), batch=10)
        ]
        assert len(seen) == 5
        assert max(seen) <= 2

    def test_it_can_be_seen_and_taken_away(self, queue: Queue) -> None:
        queue.set_rules("app", max_processing=1)
        queue.send_many("app", [1, 2, 3])
        assert queue.stats("app")["app"].max_processing == 1
        queue.set_rules("app", max_processing=None)
        assert len(queue.claim("app", limit=3)) == 3


class TestRate:
    def test_deliveries_are_spread_over_the_time(self, case: Case, queue: Queue) -> None:
        queue.set_rules("app", rate=Rate.parse("2/s"))
        queue.send_many("app", range(5))
        assert numbers(queue.claim("app", limit=5)) == [0]
        assert queue.claim("app") == []
        case.clock.advance(timedelta(milliseconds=499))
        assert queue.claim("app") == []
        case.clock.advance(timedelta(milliseconds=1))
        other = queue if case.in_memory else case.open(app="other")
        assert numbers(other.claim("app", limit=5)) == [1]
        case.clock.advance(timedelta(seconds=20))
        assert numbers(queue.claim("app", limit=5)) == [2]

    def test_a_tenth_of_a_second_comes_at_once(self, case: Case, queue: Queue) -> None:
        queue.set_rules("app", rate=Rate(100, timedelta(seconds=1)))
        queue.send_many("app", range(50))
        assert len(queue.claim("app", limit=50)) == 10
        case.clock.advance(timedelta(milliseconds=30))
        assert len(queue.claim("app", limit=50)) == 3

    def test_empty_queue_spends_nothing(self, queue: Queue) -> None:
        queue.set_rules("app", rate=Rate.parse("1/h"))
        assert queue.claim("app") == []
        queue.send("app", 1)
        assert len(queue.claim("app")) == 1

    def test_new_rate_holds_at_once(self, queue: Queue) -> None:
        queue.set_rules("app", rate=Rate.parse("1/d"))
        queue.send_many("app", [1, 2])
        claim_one(queue)
        queue.set_rules("app", rate=Rate.parse("1/s"))
        assert len(queue.claim("app")) == 1
        assert str(queue.stats("app")["app"].rate) == "1/s"

    def test_consumer_waits_for_its_next(self, case: Case, queue: Queue) -> None:
        queue.set_rules("app", rate=Rate.parse("2/s"))
        queue.send_many("app", range(3))
        consumed = queue.consume("app", wait=timedelta(seconds=60))
        assert next(consumed).message.data == 0
        case.clock.advance(timedelta(seconds=1))
        assert next(consumed).message.data == 1
        consumed.close()

    @pytest.mark.parametrize("wrong", ["10/s", 10, 0])
    def test_it_must_be_a_rate(self, queue: Queue, wrong: object) -> None:
        with pytest.raises(ConfigError, match="rate of 'app' is"):
            queue.set_rules("app", rate=wrong)  # type: ignore[typeddict-item]  # what a user may write


@pytest.mark.parametrize("text", ["10/s", "1000/15m", "1/500ms", "5/h", "7/d", "3/90s", "1/1.5s"])
def test_rate_is_written_as_it_is_read(text: str) -> None:
    rate = Rate.parse(text)
    assert Rate.parse(str(rate)) == rate


@given(
    count=st.integers(1, 999_999_999), period=st.timedeltas(timedelta(microseconds=1), timedelta(days=36500))
)
@example(count=1, period=timedelta(seconds=1_234_567))
@example(count=1, period=timedelta(days=200, milliseconds=1))
def test_any_rate_can_be_read_again(count: int, period: timedelta) -> None:
    assert Rate.parse(str(Rate(count, period))) == Rate(count, period)


@pytest.mark.parametrize(
    "text", ["", "10", "0/s", "-1/s", "1.5/s", "1/0s", "1/y", "s/1", "1 / s", "1/999999999999d"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Rate.parse(text)


@given(
    count=st.integers(1, 2000),
    period_s=st.floats(0.05, 100),
    asks=st.lists(st.tuples(st.floats(0, 3), st.integers(1, 100)), max_size=60),
)
def test_no_stretch_of_time_gets_more_than_its_share(
    count: int, period_s: float, asks: list[tuple[float, int]]
) -> None:
    rate = Rate(count, timedelta(seconds=period_s))
    now_s, next_s, begun = 0.0, None, []
    for pause_s, wanted in asks:
        now_s += pause_s
        granted, next_s = rate.grant(wanted, now_s=now_s, next_s=next_s)
        begun += [now_s] * granted
    for first in range(len(begun)):
        for last in range(first, len(begun)):
            share = (begun[last] - begun[first] + 0.1) / rate.interval_s
            assert last - first + 1 <= share + 1.001
