"""What can be asked: get, list, stats, timeline."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import InvalidMessage, MessageNotFound, RateLimited, RetryPolicy
from tests.contract.case import claim_one, events, numbers

if TYPE_CHECKING:
    from crossdock import Queue
    from tests.contract.case import Case

MINUTE = timedelta(minutes=1)


class TestGet:
    def test_message_at_several_apps_needs_the_app_named(self, queue: Queue) -> None:
        for app in ("a", "b"):
            queue.send(app, app, message_id="one")
        with pytest.raises(MessageNotFound, match=r"a \(from .*, b \(from "):
            queue.get("one")
        assert queue.get("one", app="b").message.data == "b"
        queue.cancel("one", app="a")
        assert queue.get("one", app="b").status == "pending"

    def test_messages_of_several_senders_need_the_sender_named(self, queue: Queue) -> None:
        for sender in ("shop", "bank"):
            queue.send("app", sender, message_id="one", source_app=sender)
        with pytest.raises(MessageNotFound, match="source_app"):
            queue.get("one", app="app")
        assert queue.get("one", source_app="bank").message.data == "bank"
        queue.edit("one", source_app="bank", priority=9)
        queue.cancel("one", source_app="bank")
        assert [entry.event for entry in queue.timeline("one", source_app="shop")] == ["message.sent"]
        queue.replay("one", source_app="bank")
        assert numbers(queue.claim("app", limit=5)) == ["bank", "shop"]

    def test_message_is_not_found_at_another_app(self, queue: Queue) -> None:
        sent = queue.send("a", 1)
        with pytest.raises(MessageNotFound, match="b"):
            queue.get(sent.id, app="b")

    def test_revision_rises_with_each_change(self, queue: Queue) -> None:
        sent = queue.send("app", 1)
        revisions = [queue.get(sent.id).revision]
        delivery = claim_one(queue)
        revisions.append(queue.get(sent.id).revision)
        delivery.ack()
        revisions.append(queue.get(sent.id).revision)
        assert revisions == sorted(set(revisions))


class TestList:
    @pytest.fixture(autouse=True)
    def sent(self, queue: Queue) -> None:
        queue.send_many("a", range(5))
        queue.send_many("b", range(5, 8))
        claim_one(queue, "a").ack()
        claim_one(queue, "a")

    @pytest.mark.parametrize(
        ("app", "options", "expected"),
        [
            (None, {}, [0, 1, 2, 3, 4, 5, 6, 7]),
            ("a", {}, [0, 1, 2, 3, 4]),
            ("a", {"newest_first": True}, [4, 3, 2, 1, 0]),
            ("a", {"limit": 2}, [0, 1]),
            ("a", {"status": "pending"}, [2, 3, 4]),
            ("a", {"status": "pending", "newest_first": True, "limit": 2}, [4, 3]),
            (None, {"status": "completed"}, [0]),
            (None, {"status": "processing"}, [1]),
            (None, {"status": "failed"}, []),
            ("nobody", {}, []),
        ],
    )
    def test_messages_come_in_order_of_arrival(
        self, queue: Queue, app: str | None, options: dict[str, Any], expected: list[int]
    ) -> None:
        assert numbers(queue.list(app, **options)) == expected

    @pytest.mark.parametrize("newest_first", [True, False])
    @pytest.mark.parametrize("app", [None, "a"])
    def test_cursor_goes_on_where_the_last_page_ended(
        self, queue: Queue, app: str | None, newest_first: Any
    ) -> None:
        pages, after = [], None
        while page := queue.list(app, limit=3, after=after, newest_first=newest_first):
            pages += numbers(page)
            after = page[-1].row_id
        assert pages == numbers(queue.list(app, newest_first=newest_first))

    @pytest.mark.parametrize("newest_first", [True, False])
    @pytest.mark.parametrize("status", [None, "pending", "processing", "completed", "failed"])
    @pytest.mark.parametrize("app", [None, "a", "b"])
    def test_all_kinds_are_listed_in_one_order(
        self, case: Case, queue: Queue, app: str | None, status: str | None, newest_first: Any
    ) -> None:
        for name in ("a", "b"):
            queue.send(name, "urgent", priority=9)
            queue.send_many(name, ["first", "second"], partition_key="k")
            queue.send(name, "crashed", priority=8)
            queue.send(name, "later", delay=MINUTE)
            queue.claim(name, limit=2)
            case.crash(queue)
            for record in queue.list(name, status="pending")[:2]:
                queue.cancel(record.message.id)
        queue.delete(queue.list("a", status="failed")[0].message.id)
        wanted = [
            row_id
            for row_id, one, kind, hidden in case.sql(
                queue, "SELECT id, target_app, status, deleted_at FROM data_staging ORDER BY id"
            )
            if app in {None, one} and status in {None, kind} and hidden is None
        ]
        found: list[Any] = []
        options: dict[str, Any] = {"status": status, "newest_first": newest_first, "limit": 2}
        while page := queue.list(app, after=found[-1] if found else None, **options):
            found += [record.row_id for record in page]
        assert found == (wanted[::-1] if newest_first else wanted)

    @pytest.mark.parametrize("options", [{"limit": 0}, {"limit": -5}, {"status": "nonsense"}])
    def test_wrong_option_is_refused(self, queue: Queue, options: dict[str, Any]) -> None:
        with pytest.raises(InvalidMessage):
            queue.list(**options)


class TestStats:
    def test_every_kind_is_counted(self, case: Case, queue: Queue) -> None:
        queue.send_many("app", range(6))
        for verb in ("ack", "fail", "nack", "hold"):
            delivery = claim_one(queue)
            if verb != "hold":
                getattr(delivery, verb)(*([] if verb == "ack" else ["no"]))
        queue.send("app", 1, delay=MINUTE)
        queue.send_many("app", [1, 2, 3], partition_key="k")
        queue.send("other", 1)
        queue.pause("empty")
        stats = queue.stats()
        assert list(stats) == ["app", "empty", "other"]
        app = stats["app"]
        assert (app.ready, app.scheduled, app.blocked) == (3, 2, 2)
        assert (app.processing, app.completed, app.failed) == (1, 1, 1)
        assert (app.paused, stats["empty"].paused, stats["empty"].ready) == (False, True, 0)
        assert queue.stats("other") == {"other": stats["other"]}
        assert app.oldest_due_at == case.clock.now()

    def test_unknown_queue_is_empty(self, queue: Queue) -> None:
        stats = queue.stats("nobody")["nobody"]
        assert (stats.app, stats.ready, stats.oldest_due_at) == ("nobody", 0, None)

    def test_due_messages_are_ready_though_nobody_claimed_yet(self, case: Case, queue: Queue) -> None:
        queue.send("app", 1, delay=MINUTE)
        queue.send("app", 2, delay=3 * MINUTE)
        case.clock.advance(2 * MINUTE)
        stats = queue.stats("app")["app"]
        assert (stats.ready, stats.scheduled, stats.blocked) == (1, 1, 0)
        assert stats.oldest_due_at == case.clock.now() - MINUTE

    def test_oldest_is_the_one_that_waits_longest(self, case: Case, queue: Queue) -> None:
        start = case.clock.now()
        for priority in (0, 9):
            queue.send("app", 1, priority=priority)
            case.clock.advance(MINUTE)
        assert queue.stats("app")["app"].oldest_due_at == start
        queue.claim("app")
        assert queue.stats("app")["app"].oldest_due_at == start
        queue.claim("app")
        assert queue.stats("app")["app"].oldest_due_at is None


class TestOldestDue:
    """It is the instant since which the message could have been claimed, and the view says the same."""

    @pytest.fixture
    def start(self, case: Case) -> datetime:
        return case.clock.now()

    def test_delayed_message_is_due_since_its_time_came(
        self, case: Case, queue: Queue, start: datetime
    ) -> None:
        queue.send("app", 1, delay=10 * MINUTE)
        queue.send("app", 2, delay=20 * MINUTE)
        case.clock.advance(30 * MINUTE)
        self.demand(case, queue, start + 10 * MINUTE)
        queue.claim("app")  # which makes ready what is due
        self.demand(case, queue, start + 20 * MINUTE)

    def test_one_that_never_waited_for_its_time_is_due_since_it_was_sent(
        self, case: Case, queue: Queue, start: datetime
    ) -> None:
        queue.send("app", 1, delay=10 * MINUTE)
        case.clock.advance(MINUTE)
        queue.send("app", 2)
        queue.send("app", 3, priority=9)
        case.clock.advance(30 * MINUTE)
        assert numbers(queue.claim("app")) == [3]
        self.demand(case, queue, start + MINUTE)

    def test_retry_is_due_since_its_backoff_is_over(self, case: Case, queue: Queue, start: datetime) -> None:
        queue.send_many("app", [1, 2])
        for delivery in queue.claim("app", limit=2):
            delivery.nack("no", retry_in=5 * MINUTE)
        case.clock.advance(7 * MINUTE)
        self.demand(case, queue, start + 5 * MINUTE)
        queue.claim("app")
        self.demand(case, queue, start + 5 * MINUTE)

    @pytest.mark.parametrize("verb", ["hand_back", "nack", "crash", "lapse"])
    def test_what_comes_back_is_due_since_then(self, case: Case, queue: Queue, verb: str) -> None:
        queue.send("app", 1)
        delivery = claim_one(queue)
        case.clock.advance(MINUTE)
        match verb:
            case "hand_back":
                delivery.hand_back()
            case "nack":
                delivery.nack("no", retry_in=timedelta(0))
            case "crash":
                case.crash(queue)
            case "lapse":
                case.rescue(queue)
        back = case.clock.now()
        case.clock.advance(MINUTE)
        self.demand(case, queue, back)

    def test_replayed_message_is_due_since_the_replay(self, case: Case, queue: Queue) -> None:
        sent = queue.send("app", 1)
        claim_one(queue).fail("no")
        replayed_at = case.clock.advance(MINUTE)
        queue.replay(sent.id)
        case.clock.advance(MINUTE)
        self.demand(case, queue, replayed_at)

    def test_follower_of_a_key_is_due_since_its_turn_came(self, case: Case, queue: Queue) -> None:
        queue.send_many("app", [1, 2], partition_key="k")
        delivery = claim_one(queue)
        turn = case.clock.advance(MINUTE)
        delivery.ack()
        case.clock.advance(MINUTE)
        self.demand(case, queue, turn)

    def test_scheduled_for_the_past_is_due_since_it_was_sent(
        self, case: Case, queue: Queue, start: datetime
    ) -> None:
        queue.send("app", 1, available_at=start - MINUTE)
        self.demand(case, queue, start)
        queue.send("app", 2, priority=9)
        case.clock.advance(MINUTE)
        queue.claim("app")
        self.demand(case, queue, start)

    def test_brought_forward_is_due_since_then(self, case: Case, queue: Queue, start: datetime) -> None:
        sent = queue.send("app", 1, delay=10 * MINUTE)
        changed_at = case.clock.advance(MINUTE)
        queue.edit(sent.id, available_at=start - MINUTE)
        case.clock.advance(MINUTE)
        self.demand(case, queue, changed_at)

    def demand(self, case: Case, queue: Queue, instant: datetime) -> None:
        assert queue.stats("app")["app"].oldest_due_at == instant
        told = case.sql(queue, "SELECT due_at FROM oldest_due WHERE app = 'app'")
        assert told == [(instant if case.on_postgresql else f"{instant:%Y-%m-%d %H:%M:%S.%f}",)]


class TestTimeline:
    """Each path through the life of a message is told completely and in order."""

    def test_ordinary_life_tells_when_and_who(self, case: Case, queue: Queue) -> None:
        sent = queue.send("app", 1)
        case.clock.advance(MINUTE)
        delivery = claim_one(queue)
        case.clock.advance(MINUTE)
        delivery.ack()
        entries = queue.timeline(sent.id)
        assert [entry.event for entry in entries] == ["message.sent", "message.claimed", "message.completed"]
        assert [entry.at for entry in entries] == [case.clock.now() - n * MINUTE for n in (2, 1, 0)]
        assert [entry.attempt for entry in entries] == [None, 1, 1]
        assert entries[0].who is not None
        assert entries[0].who.startswith(("tests/", "tests@"))
        assert {entry.app for entry in entries} == {"app"}

    def test_failures_tell_attempt_code_and_reason(self, case: Case, queue: Queue) -> None:
        sent = queue.send("app", 1, retry=RetryPolicy(max_attempts=2, backoff_min=MINUTE, jitter=False))
        for error in ("first", RateLimited("slow"), "last"):
            claim_one(queue).nack(error)
            case.clock.advance(10 * MINUTE)
        told = [(entry.event, entry.attempt, entry.code) for entry in queue.timeline(sent.id)]
        assert told == [
            ("message.sent", None, None),
            ("message.claimed", 1, None),
            ("message.nacked", 1, "TRANSIENT"),
            ("message.claimed", 2, None),
            ("message.nacked", 2, "RATE_LIMITED"),
            ("message.claimed", 2, None),
            ("message.failed", 2, "ATTEMPTS_EXHAUSTED"),
        ]
        nacked = queue.timeline(sent.id)[2]
        assert nacked.details["message"] == "first"
        assert "retry_at" in nacked.details
        assert nacked.who is not None
        assert nacked.who.startswith(("tests/", "tests@"))

    def test_every_event_is_in_order_of_time(self, case: Case, queue: Queue) -> None:
        sent = queue.send("app", 1)
        for verb in (
            "nack",
            "hand_back",
            "lapse",
            "crash",
            "cancel",
            "replay",
            "edit",
            "ack",
            "replay",
            "fail",
        ):
            self.do(case, queue, sent.id, verb)
            case.clock.advance(timedelta(seconds=1))
        entries = queue.timeline(sent.id)
        assert [entry.event.removeprefix("message.") for entry in entries] == [
            "sent", "claimed", "nacked", "claimed", "handed_back", "claimed", "lapsed", "claimed", "crashed",
            "claimed", "cancelled", "replayed", "edited", "claimed", "completed", "replayed", "claimed", "failed",
        ]  # fmt: skip
        moments = [entry.at for entry in entries]
        assert moments == sorted(moments)

    @staticmethod
    def do(case: Case, queue: Queue, message_id: str, verb: str) -> None:
        if verb == "replay":
            queue.replay(message_id)
            return
        if verb == "edit":
            queue.edit(message_id, priority=1)
            return
        delivery = claim_one(queue)
        match verb:
            case "nack":
                delivery.nack("no", retry_in=timedelta(0))
            case "lapse":
                case.lapse(queue)
            case "crash":
                case.crash(queue)
            case "cancel":
                queue.cancel(message_id)
            case "fail":
                delivery.fail("no")
            case _:
                getattr(delivery, verb)()

    def test_claim_in_progress_is_told(self, queue: Queue) -> None:
        sent = queue.send("app", 1)
        claim_one(queue)
        assert events(queue, sent.id) == ["sent", "claimed"]
        assert (queue.timeline(sent.id)[-1].who or "").startswith(("tests/", "tests@"))

    def test_each_app_has_its_own_timeline(self, queue: Queue) -> None:
        for app in ("a", "b"):
            queue.send(app, 1, message_id="one")
        claim_one(queue, "a").ack()
        assert events(queue, "one", app="a") == ["sent", "claimed", "completed"]
        assert events(queue, "one", app="b") == ["sent"]
