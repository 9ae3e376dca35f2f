"""The archiver: moves what is due, in a thread of its own, one process of a host at a time."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from crossdock import Retention
from crossdock.domain.retention import Keep
from crossdock.hub.measuring import ROW_BYTES
from crossdock.testing import FakeClock
from tests.contract.case import drain, numbers
from tests.hub.filing_case import DAY, Open


class TestMoving:
    def test_moves_what_ended_long_enough_ago(self, open_queue: Open, clock: FakeClock) -> None:
        queue = open_queue()
        queue.send_many("app", range(1200))
        drain(queue)
        clock.advance(DAY / 2)
        queue.send_many("app", ["young"])
        drain(queue)
        clock.advance(DAY / 2)
        queue._archiver.run_once()
        assert numbers(queue.list("app")) == ["young"]
        assert len(queue.list(status="archived", limit=2000)) == 1200

    def test_message_that_waited_long_does_not_hide_those_behind_it(
        self, open_queue: Open, clock: FakeClock
    ) -> None:
        """They are looked at in the order of arrival, and ended in another."""
        queue = open_queue()
        queue.send_many("app", range(1100))
        late = queue.claim("app", limit=600)
        drain(queue)
        clock.advance(DAY)
        queue.ack_many(late)
        queue._archiver.run_once()
        assert numbers(queue.list(status="archived", limit=2000)) == list(range(600, 1100))

    def test_keeps_only_the_newest_so_many(self, open_queue: Open) -> None:
        queue = open_queue(Retention(keep=Keep(max_completed=2), apps={"other": Keep(max_completed=0)}))
        queue.send_many("app", range(5))
        queue.send_many("other", range(5))
        drain(queue)
        drain(queue, "other")
        queue._archiver.run_once()
        assert numbers(queue.list("app")) == [3, 4]
        assert queue.list("other") == []

    def test_keeps_only_the_newest_whose_data_has_room(self, open_queue: Open, url: str) -> None:
        """The data may stand in the row as text or as bytes, or outside of it."""
        room = 2 * (6_000 + ROW_BYTES) + 300_000 + ROW_BYTES + 1000
        keep = Keep(max_completed_bytes=room)
        queue = open_queue(Retention(keep=keep, apps={"other": Keep(max_completed_bytes=0)}))
        for data in ("a" * 6_000, b"b" * 6_000, "c" * 6_000, "d" * 300_000, b"e" * 6_000):
            queue.send("app", data)
        queue.send("other", "x")
        drain(queue)
        drain(queue, "other")
        queue._archiver.run_once()
        assert [record.message.data[:1] for record in queue.list("app")] == ["c", "d", b"e"]
        assert queue.list("other") == []

    def test_measures_many_messages_in_steps(self, open_queue: Open) -> None:
        queue = open_queue(Retention(keep=Keep(max_completed_bytes=1100 * (ROW_BYTES + 4))))
        queue.send_many("app", range(1000, 2500))
        drain(queue)
        queue._archiver.run_once()
        assert numbers(queue.list("app", limit=2000)) == list(range(1400, 2500))

    def test_dead_letters_and_what_waits_stay(self, open_queue: Open, clock: FakeClock) -> None:
        queue = open_queue()
        queue.send_many("app", ["dead", "claimed", "waiting"])
        dead, _ = queue.claim("app", limit=2, lease=timedelta(days=3000))
        dead.fail("no")
        clock.advance(timedelta(days=1000))
        queue._archiver.run_once()
        assert numbers(queue.list("app")) == ["dead", "claimed", "waiting"]
        assert queue.list(status="archived") == []

    def test_does_nothing_by_itself_if_told_so(self, open_queue: Open, clock: FakeClock) -> None:
        queue = open_queue(Retention(automatic=False))
        queue.send("app", 1)
        drain(queue)
        clock.advance(timedelta(days=1000))
        queue._archiver.run_once()
        assert queue.stats("app")["app"].completed == 1

    def test_one_process_at_a_time(self, open_queue: Open, clock: FakeClock) -> None:
        queue, other = open_queue(), open_queue()
        queue.send("app", 1)
        drain(queue)
        clock.advance(DAY)
        with other._store.alone("retention") as ours:
            assert ours
            queue._archiver.run_once()
            assert queue.stats("app")["app"].completed == 1
        queue._archiver.run_once()
        assert queue.stats("app")["app"].completed == 0

    def test_starts_by_itself_and_stops_with_the_queue(self, open_queue: Open, clock: FakeClock) -> None:
        queue = open_queue()
        queue.send("app", 1)
        drain(queue)
        clock.advance(DAY)
        queue._archiver.start()
        thread = next(t for t in threading.enumerate() if t.name == "crossdock-archiver")
        thread.join(60)
        assert queue.stats("app")["app"].completed == 0
        queue.close()

    def test_begins_nothing_once_the_queue_is_being_closed(self, open_queue: Open) -> None:
        archiver = open_queue()._archiver
        archiver.stop()
        archiver.start()  # as the housekeeper may that has not heard of it yet
        assert archiver._thread is None

    @pytest.mark.parametrize("url", ["sqlite"], indirect=True)
    def test_closed_while_a_pass_is_being_started(
        self, open_queue: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queue = open_queue()
        queue._housekeeper.stop()
        queue._archiver.restart()
        errors: list[BaseException] = []
        start = threading.Thread.start

        def stop() -> None:
            try:
                queue._archiver.stop()
            except RuntimeError as error:
                errors.append(error)

        def stop_before_it_runs(thread: threading.Thread) -> None:
            stopper = threading.Thread(target=stop)
            start(stopper)
            stopper.join(0.2)
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", stop_before_it_runs)
        queue._archiver.start()
        monkeypatch.undo()
        queue._archiver.stop()
        assert errors == []

    @pytest.mark.parametrize("url", ["sqlite"], indirect=True)
    def test_the_file_of_the_store_shrinks(self, open_queue: Open) -> None:
        queue = open_queue(Retention(keep=Keep(completed_for=timedelta(0))))
        queue.send_many("app", ["x" * 20_000 for _ in range(1000)])
        drain(queue)
        queue.purge("app")
        look = queue._store.open_store.look
        before = look(lambda database: database.execute("PRAGMA page_count").fetchone()[0])
        queue._archiver.run_once()
        after = look(lambda database: database.execute("PRAGMA page_count").fetchone()[0])
        assert after < before / 2
