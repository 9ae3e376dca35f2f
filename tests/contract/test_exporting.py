"""Exporters: what they find is stored with their state and told once, whatever happens in between."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import ExporterBusy, InvalidMessage, PermanentError, TransientError
from crossdock.domain.message import AppId
from crossdock.domain.routing import Routes, Subscription
from crossdock.exporting import Counts, Exports, Found, Pull, SetAside
from crossdock.testing import ScriptedExporter as Scripted
from tests.contract.case import on_disk, on_one_of_each

if TYPE_CHECKING:
    from crossdock import Queue
    from crossdock.testing import FakeClock
    from tests.contract.case import Case

ROUTES = Routes({AppId("scripted"): [AppId("reader")]}, {})
TASKS = frozenset({"tasks"})


def task(name: str, title: str = "a task") -> Found:
    return Found("tasks", name, {"id": name, "title": title})


def gone(name: str) -> Found:
    return Found("tasks", name, None)


@pytest.fixture
def exports(queue: Queue) -> Exports:
    return Exports(queue, ROUTES)


def told(queue: Queue, app: str = "reader") -> list[tuple[str, str | None, Any]]:
    """Take what an app was told: type, subject, data."""
    found = []
    for delivery in queue.claim(app, limit=1000):
        message = delivery.message
        found.append((message.type, message.subject, message.data))
        delivery.ack()
    return found


def names(queue: Queue) -> list[tuple[str, str | None]]:
    return [(kind.removeprefix("scripted."), subject) for kind, subject, _ in told(queue)]


@on_one_of_each
class TestPulls:
    def test_what_is_found_is_stored_and_told(self, queue: Queue, exports: Exports) -> None:
        odd = {"id": "1", "title": "é😀\ud800\x00", "n": 1.5, "deep": [{"a": None}]}
        report = exports.sync(Scripted([Pull("", {"token": 1}, [Found("tasks", "1", odd), task("2")])]))
        assert report.counts == Counts(received=2, taken=2, changed=2)
        assert exports.all_objects("scripted") == {
            "tasks": {"1": odd, "2": dict(task("2").data or {})},
            "projects": {},
        }
        first, second = told(queue)
        assert first == (
            "scripted.tasks.changed",
            "1",
            {"kind": "tasks", "id": "1", "data": odd, "gone": False},
        )
        assert second[:2] == ("scripted.tasks.changed", "2")

    def test_the_same_again_changes_and_sends_nothing(self, queue: Queue, exports: Exports) -> None:
        same = [Pull("", 1, [Found("tasks", "1", {"a": 1, "b": [2]}), task("2")], whole=TASKS)]
        again = [Pull("", 2, [task("2"), Found("tasks", "1", {"b": [2], "a": 1})], whole=TASKS)]
        exporter = Scripted(same, again)
        exports.sync(exporter)
        told(queue)
        revision = exports.revision()
        assert exports.sync(exporter).counts == Counts(received=2, taken=2, unchanged=2)
        assert (told(queue), exports.revision()) == ([], revision)

    def test_only_what_differs_is_told(self, queue: Queue, exports: Exports) -> None:
        exporter = Scripted(
            [Pull("", 1, [task("1"), task("2"), task("3")])],
            [Pull("", 2, [task("1"), task("2", "another title"), gone("3"), gone("unknown"), task("4")])],
            [Pull("", 3, [task("3")])],
        )
        exports.sync(exporter)
        told(queue)
        assert exports.sync(exporter).counts == Counts(received=5, taken=5, changed=2, unchanged=2, gone=1)
        assert names(queue) == [("tasks.changed", "2"), ("tasks.changed", "4"), ("tasks.gone", "3")]
        assert "3" not in exports.all_objects("scripted")["tasks"]
        assert exports.sync(exporter).counts.changed == 1  # back, as it was
        assert names(queue) == [("tasks.changed", "3")]

    def test_of_two_with_one_id_the_later_counts(self, queue: Queue, exports: Exports) -> None:
        report = exports.sync(Scripted([Pull("", 1, [task("1", "old"), task("1", "new")])]))
        assert report.counts == Counts(received=2, taken=2, changed=1, unchanged=1)
        assert exports.all_objects("scripted")["tasks"]["1"]["title"] == "new"

    def test_states_are_handed_to_the_next_run(self, exports: Exports) -> None:
        exporter = Scripted([Pull("a", {"t": 1}), Pull("b", None)], [])
        exports.sync(exporter)
        exports.sync(exporter)
        assert exporter.asked == [{}, {"a": {"t": 1}, "b": None}]

    def test_nothing_is_sent_where_nobody_receives_it(self, queue: Queue) -> None:
        Exports(queue).sync(Scripted([Pull("", 1, [task("1")])]))
        assert queue.stats() == {}

    def test_subscribers_receive_what_they_want(self, queue: Queue) -> None:
        wanted = {
            AppId("archive"): [Subscription(type="scripted.*.gone")],
            AppId("one"): [Subscription(subject="1")],
        }
        exports = Exports(queue, Routes({}, wanted))
        exporter = Scripted([Pull("", 1, [task("1"), task("2")])], [Pull("", 2, [gone("2")])])
        exports.sync(exporter)
        exports.sync(exporter)
        assert [subject for _, subject, _ in told(queue, "archive")] == ["2"]
        assert [subject for _, subject, _ in told(queue, "one")] == ["1"]

    def test_a_receiver_that_is_full_does_not_hold_up_the_state(self, queue: Queue, exports: Exports) -> None:
        queue.set_rules("reader", max_depth=1)
        exports.sync(Scripted([Pull("", 1, [task("1"), task("2")])]))
        assert len(told(queue)) == 2


@on_one_of_each
class TestWhole:
    def test_what_a_whole_answer_lacks_is_gone(self, queue: Queue, exports: Exports) -> None:
        project = Found("projects", "p", {"name": "home"})
        exporter = Scripted(
            [Pull("a", 1, [task("1"), task("2"), project]), Pull("b", 1, [task("3")])],
            [Pull("a", 2, [task("2")], whole=TASKS)],
        )
        exports.sync(exporter)
        told(queue)
        assert exports.sync(exporter).counts == Counts(received=1, taken=1, unchanged=1, gone=1)
        assert names(queue) == [("tasks.gone", "1")]
        assert {kind: sorted(found) for kind, found in exports.all_objects("scripted").items()} == {
            "tasks": ["2", "3"],
            "projects": ["p"],
        }

    def test_an_object_in_another_scope_since_then_stays(self, queue: Queue, exports: Exports) -> None:
        exporter = Scripted(
            [Pull("a", 1, [task("1"), task("2")], whole=TASKS)],
            [Pull("b", 1, [task("1"), task("2")]), Pull("a", 2, [gone("2")], whole=TASKS)],
        )
        exports.sync(exporter)
        told(queue)
        assert exports.sync(exporter).counts.gone == 0
        assert (told(queue), sorted(exports.all_objects("scripted")["tasks"])) == ([], ["1", "2"])

    def test_objects_and_state_of_an_ended_scope_go(self, queue: Queue, exports: Exports) -> None:
        aside = [SetAside("tasks", "bad", "no title")]
        exporter = Scripted(
            [Pull("", 1), Pull("a", 1, [task("1"), task("2")], aside)],
            [Pull("", 2, [task("2")], ended=frozenset({"a"}))],
            [],
        )
        exports.sync(exporter)
        told(queue)
        assert exports.sync(exporter).counts == Counts(received=1, taken=1, unchanged=1, gone=1)
        assert names(queue) == [("tasks.gone", "1")]
        exports.sync(exporter)
        assert (exporter.asked[-1], exports.set_aside("scripted")) == ({"": 2}, [])

    def test_a_full_run_knows_nothing_and_ends_what_it_is_not_told_of(
        self, queue: Queue, exports: Exports
    ) -> None:
        exporter = Scripted(
            [Pull("a", 1, [task("1")]), Pull("b", 1, [task("2")])],
            [Pull("a", 5, [task("1")], whole=TASKS)],
            [],
        )
        exports.sync(exporter)
        told(queue)
        report = exports.sync(exporter, full=True)
        assert (exporter.asked[1], report.full, report.counts.gone) == ({}, True, 1)
        assert names(queue) == [("tasks.gone", "2")]
        exports.sync(exporter)
        assert exporter.asked[-1] == {"a": 5}


@on_one_of_each
class TestSetAside:
    def test_one_bad_object_stops_no_other(self, exports: Exports) -> None:
        nan = Found("tasks", "nan", {"n": float("nan")})
        nameless = Found("tasks", "", {"title": "who?"})
        found = [task("1"), nan, nameless, Found("tasks", "x" * 2000, {}), Found("tasks", "list", [1])]  # type: ignore[arg-type]
        report = exports.sync(
            Scripted([Pull("", 1, found, [SetAside("tasks", None, "unreadable", {"x": 1})])])
        )
        assert report.counts == Counts(received=6, taken=1, changed=1, set_aside=5)
        reasons = {one.reason for one in exports.set_aside("scripted")}
        assert {"unreadable", "must not be empty"} <= reasons
        assert list(exports.all_objects("scripted")["tasks"]) == ["1"]

    def test_it_is_kept_with_its_first_time_until_it_is_taken(
        self, exports: Exports, clock: FakeClock
    ) -> None:
        bad = SetAside("tasks", "1", "no title", {"id": "1"})
        exporter = Scripted(
            [Pull("", 1, [], [bad])],
            [Pull("", 2, [], [bad])],
            [Pull("", 3, [task("9")])],
            [Pull("", 4, [task("1")])],
        )
        began = clock.now()
        for kept in (1, 1, 1, 0):
            exports.sync(exporter)
            clock.advance(timedelta(minutes=1))
            assert [one.since for one in exports.set_aside("scripted")] == [began] * kept
        assert exports.status("scripted").set_aside == 0  # type: ignore[union-attr]

    def test_a_whole_answer_without_it_forgets_it(self, exports: Exports) -> None:
        nameless = SetAside("tasks", None, "no id", {"x": 1})
        exporter = Scripted([Pull("", 1, [], [nameless, nameless])], [Pull("", 2, whole=TASKS)])
        assert exports.sync(exporter).counts.set_aside == 1
        exports.sync(exporter)
        assert exports.set_aside("scripted") == []

    def test_an_object_that_cannot_be_read_any_more_is_not_gone(self, queue: Queue, exports: Exports) -> None:
        bad = SetAside("tasks", "1", "no title")
        exporter = Scripted([Pull("", 1, [task("1")])], [Pull("", 2, [], [bad], whole=TASKS)])
        exports.sync(exporter)
        told(queue)
        assert exports.sync(exporter).counts == Counts(received=1, set_aside=1)
        assert (list(exports.all_objects("scripted")["tasks"]), told(queue)) == (["1"], [])


@on_one_of_each
class TestEndings:
    def test_what_was_pulled_before_an_error_stays_with_its_state(
        self, queue: Queue, exports: Exports
    ) -> None:
        broken = TransientError("the service does not answer")
        exporter = Scripted([Pull("a", 1, [task("1")]), broken], [Pull("b", 1, [task("2")])])
        with pytest.raises(TransientError, match="does not answer"):
            exports.sync(exporter)
        exports.sync(exporter)
        assert (exporter.asked, exporter.closed) == ([{}, {"a": 1}], 2)
        assert names(queue) == [("tasks.changed", "1"), ("tasks.changed", "2")]
        newest, failed = exports.history("scripted")
        assert (newest.outcome, failed.outcome, failed.error_code, failed.error) == (
            "completed", "failed", "TRANSIENT", "the service does not answer",
        )  # fmt: skip
        assert (failed.counts.changed, failed.ended_at is not None) == (1, True)

    def test_a_run_that_ended_without_a_word_is_abandoned(self, queue: Queue, exports: Exports) -> None:
        exports.sync(Scripted([]))
        queue._store.write(
            lambda tx: tx.begin_run("scripted", full=False, keep=9, gone_before=tx.now - timedelta(1))
        )
        exports.sync(Scripted([]))
        assert [run.outcome for run in exports.history("scripted")] == ["completed", "abandoned", "completed"]

    def test_an_unknown_kind_is_a_defect_of_the_exporter(self, exports: Exports) -> None:
        with pytest.raises(
            PermanentError, match="'task', which is none of its kinds: tasks, projects; did you mean"
        ):
            exports.sync(Scripted([Pull("", 1, [Found("task", "1", {})])]))
        assert exports.history("scripted")[0].error_code == "PERMANENT"

    def test_of_many_runs_the_newest_are_known(
        self, exports: Exports, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("crossdock.exporting.run.KEPT_RUNS", 3)
        for number in range(6):
            exports.sync(Scripted([Pull("", number, remark=f"run {number}")]))
        assert [run.remarks for run in exports.history("scripted", 3)] == [("run 5",), ("run 4",), ("run 3",)]
        assert len(exports.history("scripted")) == 4  # the one that runs, and those before it

    def test_progress_is_told_after_each_pull(self, exports: Exports) -> None:
        seen: list[int] = []
        exporter = Scripted([Pull("", 1, [task("1")]), Pull("", 2, [task("2"), task("3")])])
        exports.sync(exporter, progress=lambda report: seen.append(report.counts.received))
        assert seen == [1, 3]


class TestTwoRuns:
    @on_one_of_each
    def test_a_pull_of_older_states_is_not_stored(self, queue: Queue, exports: Exports) -> None:
        """Another machine stores a newer answer while ours still reads; then we begin again from that."""

        def elsewhere() -> None:
            monkey = Exports(queue, ROUTES)
            other = Scripted([Pull("", "newer", [task("1", "newer")])])
            run = _run(monkey, other)
            run.execute()

        exporter = Scripted([elsewhere, Pull("", "older", [task("1", "older")])], [Pull("", "newest")])
        exports.sync(exporter)
        assert exporter.asked == [{}, {"": "newer"}]
        assert exports.all_objects("scripted")["tasks"]["1"]["title"] == "newer"
        assert len(names(queue)) == 1

    @on_disk
    def test_a_second_process_is_told_to_wait(self, case: Case, queue: Queue, exports: Exports) -> None:
        refused: list[str] = []

        def meanwhile() -> None:
            with pytest.raises(ExporterBusy) as error:
                Exports(case.open(), ROUTES).sync(Scripted([]))
            refused.append(str(error.value))

        exports.sync(Scripted([meanwhile]))
        assert refused == ["scripted is being exported by another process; try again when it has ended"]
        assert len(exports.history("scripted")) == 1


@on_one_of_each
class TestReading:
    def test_pages_follow_the_order_of_changes_and_miss_none(
        self, exports: Exports, clock: FakeClock
    ) -> None:
        runs = [[Pull("", n, [task(f"{n}-{m}") for m in range(3)])] for n in range(3)]
        exporter = Scripted(*runs, [Pull("", 9, [task("0-0", "new")])])
        for _ in range(4):
            exports.sync(exporter)
            clock.advance(timedelta(minutes=1))
        seen, after = [], None
        while True:
            page = exports.objects("scripted", "tasks", after=after, limit=2)
            seen += [one.id for one in page.objects]
            after = page.after
            if after is None:
                break
        assert seen == ["0-1", "0-2", "1-0", "1-1", "1-2", "2-0", "2-1", "2-2", "0-0"]

    def test_changes_since_an_instant(self, exports: Exports, clock: FakeClock) -> None:
        exporter = Scripted([Pull("", 1, [task("1"), task("2")])], [Pull("", 2, [task("3"), gone("1")])])
        exports.sync(exporter)
        clock.advance(timedelta(minutes=1))
        since = clock.now()
        exports.sync(exporter)
        found = exports.objects("scripted", "tasks", updated_since=since).objects
        assert [one.id for one in found] == ["3"]
        found = exports.objects("scripted", "tasks", updated_since=since, gone=True).objects
        assert [(one.id, one.gone_at) for one in found] == [("1", since), ("3", None)]

    def test_what_is_gone_for_long_is_forgotten(self, exports: Exports, clock: FakeClock) -> None:
        exporter = Scripted([Pull("", 1, [task("1")])], [Pull("", 2, [gone("1")])], [])
        exports.sync(exporter)
        exports.sync(exporter)
        assert exports.object("scripted", "tasks", "1") is not None
        clock.advance(timedelta(days=91))
        exports.sync(exporter)
        assert exports.object("scripted", "tasks", "1") is None

    def test_status_says_how_it_stands(self, queue: Queue, exports: Exports, clock: FakeClock) -> None:
        began = clock.now()
        exports.sync(Scripted([Pull("a", 1, [task("1")], [SetAside("tasks", "x", "bad")], whole=TASKS)]))
        status = exports.status("scripted")
        assert status is not None
        assert (status.fetched_at, status.objects, status.set_aside, status.revision) == (
            began, {"tasks": 1, "projects": 0}, 1, 1,
        )  # fmt: skip
        assert [(one.scope, one.pulled_at, one.whole_at) for one in status.scopes] == [("a", began, began)]
        assert status.is_fresh(clock.now() + timedelta(days=9))  # nobody said how often it is to run
        queue._store.write(lambda tx: tx.declare_exporter("scripted", ["tasks"], timedelta(minutes=5)))
        status = exports.statuses()[0]
        assert status.is_fresh(began + timedelta(minutes=10))
        assert not status.is_fresh(began + timedelta(minutes=11))

    def test_an_unknown_exporter_is_none(self, exports: Exports) -> None:
        assert (exports.status("x"), exports.history("x"), exports.all_objects("x")) == (None, [], {})
        with pytest.raises(InvalidMessage, match="there is no exporter 'x'"):
            exports.objects("x", "tasks")


@on_one_of_each
def test_thousands_of_objects_are_stored_together(queue: Queue, exports: Exports) -> None:
    exporter = Scripted(*[[Pull("", n, [task(str(i)) for i in range(2500)], whole=TASKS)] for n in range(2)])
    assert exports.sync(exporter).counts.changed == 2500
    assert exports.sync(exporter).counts.unchanged == 2500
    assert queue.stats("reader")["reader"].ready == 2500


def _run(exports: Exports, exporter: Scripted) -> Any:
    """Return a run of another machine, which our lock does not keep out."""
    from crossdock.exporting.run import Run

    return Run(exports._store, exports._gateway, exports._routes, exporter, full=False, progress=None)
