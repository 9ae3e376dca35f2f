"""Declaring schedules: what is kept, what a changed declaration does, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import InvalidMessage, RetryPolicy, ScheduleNotFound
from tests.contract.case import claim_one, drain, on_memory, on_one_of_each

if TYPE_CHECKING:
    from crossdock import Queue
    from crossdock.testing import FakeClock
    from tests.contract.case import Case

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _start(clock: FakeClock) -> None:
    clock.set(datetime(2026, 3, 26, 12, 0, tzinfo=UTC))  # a Thursday


@on_one_of_each
class TestDeclaring:
    def test_new_schedule_is_kept_with_all_that_was_said(self, queue: Queue) -> None:
        made = queue.every(
            "0 7 * * 1-5",
            "app",
            {"kind": "daily"},
            name="report",
            timezone="Europe/Paris",
            missed="all",
            type="report.wanted",
            priority=7,
            partition_key="reports",
            extensions={"tenant": "a"},
            retry=RetryPolicy(max_attempts=2),
        )
        assert made.change == "created"
        held = queue.schedule("report")
        assert (held.app, held.data, held.cron, held.timezone) == (
            "app",
            {"kind": "daily"},
            "0 7 * * 1-5",
            "Europe/Paris",
        )
        assert (held.interval, held.at, held.missed) == (None, None, "all")
        assert held.next_at == datetime(2026, 3, 27, 6, 0, tzinfo=UTC)
        assert held.options["priority"] == 7
        assert (held.sent, held.last_slot, held.paused_at, held.change) == (0, None, None, None)
        assert [one.name for one in queue.schedules()] == ["report"]

    def test_slot_is_sent_with_all_that_was_said(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        options: dict[str, Any] = {
            "type": "report.wanted",
            "priority": 7,
            "partition_key": "k",
            "extensions": {"tenant": "a"},
        }
        queue.every(HOUR, "app", {"n": 1}, retry=RetryPolicy(max_attempts=2), **options)
        case.let_pass(queue, HOUR)
        message = (delivery := claim_one(queue)).message
        slot = datetime(2026, 3, 26, 13, 0, tzinfo=UTC)
        assert (message.id, message.time, message.source) == ("app@2026-03-26T13:00:00Z", slot, "scheduler")
        assert (message.type, message.priority, message.partitionkey) == ("report.wanted", 7, "k")
        assert (message.data, message.extensions) == ({"n": 1}, {"tenant": "a", "schedule": "app"})
        delivery.nack("once")
        assert queue.get(message.id).max_attempts == 2

    def test_bytes_stay_bytes(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        queue.every(HOUR, "app", b"\x00\xff")
        case.let_pass(queue, HOUR)
        assert drain(queue) == [b"\x00\xff"]
        assert queue.schedule("app").data == b"\x00\xff"

    def test_declared_again_unchanged_it_stays_untouched(
        self, case: Case, queue: Queue, clock: FakeClock
    ) -> None:
        before = queue.every(HOUR, "app", {"n": 1})
        clock.advance(MINUTE)
        again = (
            case.open().every(HOUR, "app", {"n": 1})
            if not case.in_memory
            else queue.every(HOUR, "app", {"n": 1})
        )
        assert again.change == "unchanged"
        assert (again.revision, again.next_at, again.updated_at) == (
            before.revision,
            before.next_at,
            before.updated_at,
        )

    def test_other_data_replaces_it_and_keeps_its_slots(self, queue: Queue, clock: FakeClock) -> None:
        before = queue.every(HOUR, "app", 1, name="poll")
        clock.advance(MINUTE)
        changed = queue.every(HOUR, "app", 2, name="poll")
        assert (changed.change, changed.data, changed.next_at) == ("replaced", 2, before.next_at)
        assert changed.revision > before.revision

    def test_other_timing_counts_from_now(self, queue: Queue, clock: FakeClock) -> None:
        queue.every(HOUR, "app", 1, name="poll")
        clock.advance(MINUTE)
        changed = queue.every(2 * HOUR, "app", 1, name="poll")
        assert (changed.change, changed.next_at) == ("replaced", clock.now() + 2 * HOUR)

    def test_replacing_is_said(self, queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
        queue.every("0 7 * * *", "app", 1, name="report")
        assert caplog.text == ""
        queue.every("0 8 * * *", "app", 1, name="report")
        assert "schedule.replaced: schedule report was declared differently before" in caplog.text
        assert "0 8 * * * (UTC)" in caplog.text

    def test_start_and_grid_of_an_interval(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        start = clock.now() - DAY - 10 * MINUTE
        assert queue.every(HOUR, "app", 1, start=start).next_at == clock.now() + 50 * MINUTE
        assert queue.every(HOUR, "other", 1, start=clock.now() + DAY).next_at == clock.now() + DAY
        assert queue.every("0 * * * *", "third", 1, start=clock.now() + DAY).next_at == clock.now() + DAY

    def test_one_off_is_sent_once_and_never_again(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        moment = clock.now() + HOUR
        made = queue.at(moment, "app", "now!")
        assert (made.name, made.next_at) == ("app-20260326T130000Z", moment)
        case.let_pass(queue, HOUR)
        assert drain(queue) == ["now!"]
        assert queue.at(moment, "app", "now!").change == "unchanged"
        case.let_pass(queue, DAY)
        assert drain(queue) == []
        assert queue.schedule(made.name).next_at is None

    def test_one_off_of_the_past_is_due_at_once(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        queue.at(clock.now() - DAY, "app", 1)
        queue.at(clock.now() - DAY, "app", 2, name="no-use-any-more", missed="skip")
        case.rescue(queue)
        assert drain(queue) == [1]
        assert queue.schedule("no-use-any-more").next_at is None


@on_memory
class TestRefusals:
    """Decided before the store is asked, so that one store is enough."""

    def test_wrong_expression_is_told_with_its_field(self, queue: Queue) -> None:
        with pytest.raises(InvalidMessage, match="hour: '25' is not a number from 0 to 23"):
            queue.every("0 25 * * *", "app", 1)
        assert queue.schedules() == []

    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (lambda q: q.every("0 7 * * *", "app", 1, timezone="Europe/Pris"), "did you mean Europe/Paris"),
            (lambda q: q.every(HOUR, "app", 1, timezone="Europe/Paris"), "timezone: only a cron expression"),
            (lambda q: q.every(timedelta(seconds=0.5), "app", 1), "interval: .* from 1 second"),
            (
                lambda q: q.every(datetime.now(UTC), "app", 1, start=datetime.now(UTC)),
                "start: a schedule that sends once",
            ),
            (lambda q: q.every(3, "app", 1), "when: 3 is neither"),
            (lambda q: q.every(HOUR, "app", 1, start=datetime(2026, 1, 1)), "start: .* time zone"),  # noqa: DTZ001
            (lambda q: q.at(datetime(2026, 1, 1), "app", 1), "at: .* time zone"),  # noqa: DTZ001
            (
                lambda q: q.every(HOUR, "app", 1, missed="last"),
                "missed: 'last' is none of .*did you mean latest",
            ),
            (lambda q: q.every(HOUR, "app", 1, name="a b"), "name: 'a b' is not a name"),
            (lambda q: q.every(HOUR, "app", 1, name=""), "name: '' is not a name"),
            (lambda q: q.every(HOUR, "a b", 1), "'a b' is not a name"),
            (lambda q: q.every(HOUR, "app", object()), "data: not a JSON value"),
            (lambda q: q.every(HOUR, "app", 1, delay=HOUR), "delay: cannot be said of a schedule"),
            (lambda q: q.every(HOUR, "app", 1, priority=12), "priority: 12"),
            (lambda q: q.every(HOUR, "app", 1, extensions={"schedule": "x"}), "extensions.schedule: is set"),
        ],
    )
    def test_wrong_declarations_are_refused(self, queue: Queue, call: Any, words: str) -> None:
        with pytest.raises(InvalidMessage, match=words):
            call(queue)
        assert queue.schedules() == []

    def test_unknown_option_is_told_with_the_nearest(self, queue: Queue) -> None:
        with pytest.raises(TypeError, match="did you mean priority"):
            queue.every(HOUR, "app", 1, prioritty=1)  # type: ignore[call-arg]

    def test_two_nameless_schedules_of_one_app_are_refused(self, queue: Queue) -> None:
        queue.every("0 7 * * *", "app", 1)
        queue.every("0 7 * * *", "app", 1)  # the same one
        with pytest.raises(InvalidMessage, match="give both a name"):
            queue.every("0 8 * * *", "app", 1)
        queue.every("0 8 * * *", "app", 1, name="second")
        queue.delete_schedule("app")
        assert queue.every("0 8 * * *", "app", 1).change == "created"

    def test_unknown_name_is_not_found(self, queue: Queue) -> None:
        for call in (
            queue.schedule,
            queue.pause_schedule,
            queue.resume_schedule,
            queue.delete_schedule,
            queue.edit_schedule,
        ):
            with pytest.raises(ScheduleNotFound, match="no schedule nothing"):
                call("nothing")
