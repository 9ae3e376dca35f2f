"""Schedules: one message per slot, whoever is there, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock.domain.message import AppId, Draft, Envelope, MessageId
from crossdock.domain.schedule import Firing
from tests.contract.case import drain, ids, on, on_disk, on_one_of_each

if TYPE_CHECKING:
    from crossdock import Queue
    from crossdock.testing import FakeClock
    from tests.contract.case import Case

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def slots(queue: Queue, app: str = "app") -> list[datetime]:
    """Return the slots of the messages that an app has, in the order in which they were sent."""
    return [record.message.time for record in queue.list(app, limit=1000)]


@pytest.fixture(autouse=True)
def _start(clock: FakeClock) -> None:
    clock.set(datetime(2026, 3, 26, 12, 0, tzinfo=UTC))  # a Thursday


@on_one_of_each
class TestSlots:
    def test_each_slot_is_sent_once_however_many_look(
        self, case: Case, queue: Queue, clock: FakeClock
    ) -> None:
        queue.every(HOUR, "app", 1)
        others = [queue] if case.in_memory else [queue, case.open(), case.open()]
        for _ in range(5):
            clock.advance(HOUR)
            for other in others:
                case.rescue(other)
        assert slots(queue) == [datetime(2026, 3, 26, hour, 0, tzinfo=UTC) for hour in range(13, 18)]
        assert queue.schedule("app").sent == 5

    def test_second_scheduler_with_what_it_read_before_sends_nothing(
        self, case: Case, queue: Queue, clock: FakeClock
    ) -> None:
        """Both have read the schedule as due; the transaction of one comes after that of the other."""
        queue.every(HOUR, "app", 1)
        read = queue.schedule("app")
        clock.advance(HOUR)
        case.rescue(queue)
        moved = queue.schedule("app")
        assert moved.sent == 1
        late = Firing((clock.now(),), clock.now() + DAY, clock.now() + DAY + HOUR)
        draft = Draft(MessageId("other"), "1", None, None)
        message = (draft, Envelope(app=AppId("app"), source_app=AppId("scheduler")))
        assert queue._store.write(lambda tx: tx.fire(read, late, [message])) == 0
        assert (queue.schedule("app"), len(slots(queue))) == (moved, 1)

    def test_slot_survives_deletion_of_its_schedule(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        """Made anew under the same name, it does not send a slot again that was sent."""
        start = clock.now()
        queue.every(HOUR, "app", 1, start=start, name="poll")
        case.let_pass(queue, HOUR)
        queue.delete_schedule("poll")
        clock.set(start)  # the clock goes back, too
        queue.every(HOUR, "app", 2, start=start, name="poll", source="elsewhere")
        case.let_pass(queue, HOUR)
        assert drain(queue) == [1]
        case.let_pass(queue, HOUR)
        assert drain(queue) == [2]

    def test_waiting_consumer_gets_a_slot_by_itself(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        queue.every(HOUR, "app", "tick")
        clock.advance(HOUR)
        (delivery,) = queue.claim("app", wait=timedelta(seconds=60))
        assert delivery.message.data == "tick"

    def test_timeline_tells_schedule_and_slot(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        queue.every(HOUR, "app", 1, name="poll")
        case.let_pass(queue, HOUR)
        (record,) = queue.list("app")
        sent, *_ = queue.timeline(record.message.id)
        assert sent.details == {"schedule": "poll", "slot": "2026-03-26T13:00:00Z"}
        other = queue.send("app", 1, extensions={"schedule": "poll"})  # says so, and is not
        assert queue.timeline(other.id)[0].details == {}

    def test_one_bad_schedule_keeps_back_no_other(
        self, case: Case, queue: Queue, clock: FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        queue.every("0 * * * *", "app", "bad", name="a", timezone="Europe/Paris")
        queue.every(HOUR, "app", "good", name="b")
        case.sql(queue, "UPDATE schedule SET timezone = 'Mars/Olympus' WHERE name = 'a'")
        case.let_pass(queue, HOUR)
        case.rescue(queue)
        assert drain(queue) == ["good"]
        assert caplog.text.count("schedule a cannot be sent") == 1
        assert "'Mars/Olympus' is not a time zone that is known here" in caplog.text
        case.sql(queue, "UPDATE schedule SET timezone = 'Europe/Rome' WHERE name = 'a'")
        case.rescue(queue)
        assert drain(queue) == ["bad"]


@on_one_of_each
class TestMissed:
    @pytest.mark.parametrize(
        ("missed", "expected"),
        [("latest", [17]), ("all", [13, 14, 15, 16, 17]), ("skip", [])],
    )
    def test_after_a_standstill(
        self, case: Case, queue: Queue, clock: FakeClock, missed: Any, expected: list[int]
    ) -> None:
        queue.every("0 * * * *", "app", 1, missed=missed)
        case.let_pass(queue, 5 * HOUR + 10 * MINUTE)
        case.rescue(queue)
        assert [slot.hour for slot in slots(queue)] == expected
        case.let_pass(queue, 50 * MINUTE)  # and on time again
        assert [slot.hour for slot in slots(queue)] == [*expected, 18]

    def test_a_minute_late_is_on_time(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        queue.every(HOUR, "app", 1, missed="skip")
        case.let_pass(queue, HOUR + MINUTE)
        assert len(slots(queue)) == 1

    def test_a_long_standstill_is_made_up_in_steps(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        queue.every(MINUTE, "app", 1, missed="all")
        clock.advance(250 * MINUTE)
        for _ in range(3):
            case.rescue(queue)
        assert slots(queue) == [datetime(2026, 3, 26, 12, 0, tzinfo=UTC) + n * MINUTE for n in range(1, 251)]


@on([("wal", "sync")])
class TestOnOneStore:
    def test_many_that_are_due_at_once_are_sent_in_few_transactions(
        self, case: Case, queue: Queue, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(300):
            queue.every(HOUR, f"app-{number}", number, start=clock.now())
        queue._housekeeper.stop()
        commits = []
        write = queue._store.write
        monkeypatch.setattr(queue._store, "write", lambda work: commits.append(work) or write(work))
        clock.advance(HOUR)
        assert queue._housekeeper._scheduler.run_once() == 300
        assert len(commits) == 6
        assert queue._housekeeper._scheduler.run_once() == 0

    def test_cron_keeps_to_the_clocks_of_its_zone(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        queue.every("30 2 * * *", "app", 1, timezone="Europe/Paris")
        for _ in range(5 * 24):
            case.let_pass(queue, HOUR)
        assert [f"{slot:%d %H:%M}" for slot in slots(queue)] == [
            "27 01:30",
            "28 01:30",
            "29 01:00",
            "30 00:30",
            "31 00:30",
        ]

    @pytest.mark.parametrize("years", [1, 200])
    def test_the_latest_of_very_many_is_found_at_once(
        self, case: Case, queue: Queue, clock: FakeClock, years: int
    ) -> None:
        queue.every("* * * * *", "app", 1, timezone="Europe/Paris")
        queue.every(timedelta(seconds=1), "app", 2, name="seconds")
        case.let_pass(queue, years * 365 * DAY)
        assert slots(queue) == [clock.now(), clock.now()]


@on_one_of_each
class TestClock:
    def test_set_back_it_sends_nothing_twice(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        queue.every(HOUR, "app", 1, missed="all")
        case.let_pass(queue, 3 * HOUR)
        clock.set(clock.now() - 2 * HOUR)
        for _ in range(6):
            case.let_pass(queue, 30 * MINUTE)
        assert [slot.hour for slot in slots(queue)] == [13, 14, 15, 16]

    def test_set_back_slots_on_the_same_clock_go_on(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        """Declared anew meanwhile, unchanged, by a program that starts: nothing is sent twice either."""
        queue.every(HOUR, "app", 1)
        case.let_pass(queue, 3 * HOUR)
        clock.set(clock.now() - 2 * HOUR)
        assert queue.every(HOUR, "app", 1).change == "unchanged"
        case.let_pass(queue, 2 * HOUR)
        assert [slot.hour for slot in slots(queue)] == [15]

    def test_a_leap_forward_is_a_standstill(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        queue.every(HOUR, "app", 1)
        case.let_pass(queue, 100 * DAY)
        assert slots(queue) == [clock.now()]


@on_one_of_each
class TestDirecting:
    def test_paused_it_sends_nothing_and_goes_on_with_the_next_slot(
        self, case: Case, queue: Queue, clock: FakeClock
    ) -> None:
        queue.every(HOUR, "app", 1)
        assert queue.pause_schedule("app").paused_at == clock.now()
        assert queue.every(HOUR, "app", 1).paused_at is not None  # a program that starts does not resume it
        case.let_pass(queue, 3 * HOUR + 10 * MINUTE)
        assert slots(queue) == []
        resumed = queue.resume_schedule("app")
        assert (resumed.paused_at, resumed.next_at) == (None, datetime(2026, 3, 26, 16, 0, tzinfo=UTC))
        case.let_pass(queue, 50 * MINUTE)
        assert [slot.hour for slot in slots(queue)] == [16]

    def test_one_off_whose_time_came_during_a_pause_is_late(
        self, case: Case, queue: Queue, clock: FakeClock
    ) -> None:
        queue.at(clock.now() + HOUR, "app", 1, name="once")
        queue.pause_schedule("once")
        case.let_pass(queue, 2 * HOUR)
        assert slots(queue) == []
        queue.resume_schedule("once")
        case.rescue(queue)
        assert [slot.hour for slot in slots(queue)] == [13]

    def test_pausing_and_resuming_twice_are_harmless(self, queue: Queue) -> None:
        queue.every(HOUR, "app", 1)
        first = queue.pause_schedule("app")
        assert queue.pause_schedule("app") == first
        second = queue.resume_schedule("app")
        assert queue.resume_schedule("app") == second

    def test_edit_changes_only_what_is_given(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        queue.every(
            "0 7 * * *", "app", {"n": 1}, name="report", timezone="Europe/Paris", priority=7, type="a"
        )
        edited = queue.edit_schedule("report", when="0 8 * * *", priority=3)
        assert (edited.cron, edited.timezone, edited.data, edited.missed) == (
            "0 8 * * *",
            "Europe/Paris",
            {"n": 1},
            "latest",
        )
        assert edited.options == {"type": "a", "priority": 3}
        assert edited.change == "replaced"
        edited = queue.edit_schedule("report", timezone="Asia/Tokyo", data=[2], missed="skip", app="other")
        assert (edited.cron, edited.timezone, edited.data, edited.missed, edited.app) == (
            "0 8 * * *", "Asia/Tokyo", [2], "skip", "other",
        )  # fmt: skip
        assert queue.edit_schedule("report", when=HOUR).next_at == clock.now() + HOUR
        assert queue.edit_schedule("report", data=None).data is None
        assert queue.edit_schedule("report").change == "unchanged"
        assert queue.edit_schedule("report", when=clock.now() + DAY).at == clock.now() + DAY

    def test_edited_data_leaves_the_slots_of_an_interval(self, queue: Queue, clock: FakeClock) -> None:
        before = queue.every(HOUR, "app", 1, start=clock.now() + MINUTE)
        clock.advance(10 * MINUTE)
        assert queue.edit_schedule("app", data=2).start == before.start

    def test_deleted_it_sends_nothing_more_and_what_it_sent_stays(
        self, case: Case, queue: Queue, clock: FakeClock
    ) -> None:
        queue.every(HOUR, "app", 1)
        case.let_pass(queue, HOUR)
        queue.delete_schedule("app")
        case.let_pass(queue, HOUR)
        assert (len(slots(queue)), queue.schedules()) == (1, [])


class TestStore:
    @on_disk
    def test_schedules_survive_a_restart(self, case: Case, clock: FakeClock) -> None:
        first = case.open()
        first.every(HOUR, "app", 1)
        first.close()
        second = case.open()
        case.let_pass(second, HOUR)
        assert ids(second.list("app")) == ["app@2026-03-26T13:00:00Z"]

    @on_one_of_each
    def test_the_database_refuses_what_says_no_time(self, case: Case, queue: Queue) -> None:
        with pytest.raises(Exception, match="ck_schedule_timing"):
            case.sql(queue, "INSERT INTO schedule (name, target_app, data) VALUES ('x', 'app', 'null')")
