"""Exporters as apps of a hub: they run when a message says so, and what they raise decides what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import ConfigError, CredentialError, Hub, Message, PermanentError, Queue, RateLimited
from crossdock.config import applications
from crossdock.exporting import Exports, Found, Pull
from crossdock.testing import FakeClock, ScriptedExporter
from tests.app.case import AT_ONCE, data_of, only, received

MINUTES = timedelta(minutes=5)


def one(name: str = "1") -> Pull:
    return Pull("", name, [Found("tasks", name, {"id": name})])


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def queue(clock: FakeClock) -> Any:
    with Queue.testing(clock=clock) as made:
        yield made


def hub_of(queue: Queue, exporter: ScriptedExporter, **options: Any) -> Hub:
    hub = Hub(queue)
    hub.exporter(exporter, every=MINUTES, next=["reader"], **options)
    return hub


def test_it_runs_at_once_and_then_every_so_often(queue: Queue, clock: FakeClock) -> None:
    exporter = ScriptedExporter([one("1")], [one("2")])
    hub = hub_of(queue, exporter)
    hub.run("scripted", wait=AT_ONCE)
    hub.run("scripted", wait=AT_ONCE)
    assert exporter.asked == [{}]
    clock.advance(MINUTES)
    queue._housekeeper.run_once()
    hub.run("scripted", wait=AT_ONCE)
    assert exporter.asked == [{}, {"": "1"}]
    assert [one["id"] for one in data_of(queue, "reader")] == ["1", "2"]
    assert queue.schedule("sync-scripted").interval == MINUTES
    assert Exports(queue).status("scripted").every == MINUTES  # type: ignore[union-attr]


def test_the_report_is_the_result_of_the_message(queue: Queue) -> None:
    hub_of(queue, ScriptedExporter([one()])).run("scripted", wait=AT_ONCE)
    result = only(queue, "scripted").result
    assert (result["outcome"], result["counts"]["changed"], result["full"]) == ("completed", 1, False)
    assert [message.type for message in received(queue, "reader")] == ["scripted.tasks.changed"]


def test_requests_that_waited_are_answered_by_one_run(queue: Queue, clock: FakeClock) -> None:
    exporter = ScriptedExporter([one()], [one()])
    hub = hub_of(queue, exporter)
    for full in (True, False, False):
        queue.send("scripted", {"full": full}, partition_key="scripted")
    clock.advance(timedelta(seconds=1))
    hub.run("scripted", wait=AT_ONCE)
    assert len(exporter.asked) == 1
    assert [record.status for record in queue.list("scripted")] == ["completed"] * 4
    clock.advance(timedelta(seconds=1))
    queue.send("scripted", {"full": True})
    hub.run("scripted", wait=AT_ONCE)
    assert exporter.asked == [{}, {}]


def test_a_rate_limit_parks_it(queue: Queue, clock: FakeClock) -> None:
    limited = RateLimited("wait", retry_after=timedelta(minutes=1))
    hub = hub_of(queue, ScriptedExporter([limited], [one()]))
    hub.run("scripted", wait=AT_ONCE)
    assert queue.stats("scripted")["scripted"].parked_until == clock.now() + timedelta(minutes=1)
    clock.advance(timedelta(minutes=2))
    hub.run("scripted", wait=AT_ONCE)
    assert [run.outcome for run in Exports(queue).history("scripted")] == ["completed", "failed"]


def test_refused_credentials_pause_it_and_say_what_to_do(queue: Queue) -> None:
    refused = CredentialError("the token was revoked; connect again")
    hub_of(queue, ScriptedExporter([refused])).run("scripted", wait=AT_ONCE)
    stats = queue.stats("scripted")["scripted"]
    assert (stats.paused, "connect again" in (stats.note or "")) == (True, True)
    assert Exports(queue).history("scripted")[0].error_code == "CREDENTIAL"


def test_what_will_never_work_is_a_dead_letter(queue: Queue) -> None:
    hub_of(queue, ScriptedExporter([PermanentError("the API was retired")])).run("scripted", wait=AT_ONCE)
    assert only(queue, "scripted").error.message == "the API was retired"


def test_a_message_for_no_exporter_is_refused(queue: Queue) -> None:
    exporter = ScriptedExporter([])
    hub = hub_of(queue, exporter)
    queue.send("scripted", {"fall": True})
    hub.run("scripted", wait=AT_ONCE)
    [dead] = queue.list("scripted", status="failed")
    assert dead.error is not None
    assert (dead.error.code, dead.error.details) == (
        "INVALID_MESSAGE", (("data", 'must be an object that has nothing but "full"'),),
    )  # fmt: skip


@pytest.mark.parametrize("every", [timedelta(0), 300])
def test_a_wrong_distance_is_refused(queue: Queue, every: Any) -> None:
    with pytest.raises(
        ConfigError, match=r"every of 'scripted' is .*; it must be a timedelta of 1 s or more"
    ):
        Hub(queue).exporter(ScriptedExporter(), every=every)


class Played:
    """An application whose table says what it adds."""

    def __init__(self) -> None:
        self.exporter = ScriptedExporter([one()], name="played")

    def check(self, table: Any) -> list[tuple[str, str]]:
        return [] if table.get("good", True) else [("good", "expected true")]

    def register(self, hub: Hub, table: Any) -> None:
        hub.exporter(self.exporter, every=MINUTES, next=[table.get("to", "played-reader")])
        hub.app(table.get("to", "played-reader"))(_swallow)

    def operations(self, table: Any) -> list[Any]:
        return []


class _Installed:
    """Stands for the entry point of an application."""

    def __init__(self, application: Played) -> None:
        self._application = application

    def load(self) -> Played:
        return self._application


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Any:
    application = Played()
    monkeypatch.setattr(applications, "installed", lambda: {"played": _Installed(application)})
    applications.application_of.cache_clear()
    yield application
    applications.application_of.cache_clear()


def _swallow(message: Message) -> None:
    """Receive a change."""


def test_an_application_joins_a_hub_of_its_configuration(played: Played, tmp_path: Path) -> None:
    file = tmp_path / "crossdock.toml"
    file.write_text('[applications.played]\n[apps.played]\nnext = ["elsewhere"]\n', encoding="utf-8")
    with Hub(file) as hub:
        assert hub.names() == ["played", "played-reader"]
        hub.run("played", wait=AT_ONCE)
        assert len(data_of(hub.queue, "elsewhere")) == 1  # the configuration holds over the application


def test_what_it_adds_follows_its_table_when_that_changes(played: Played, tmp_path: Path) -> None:
    file = tmp_path / "crossdock.toml"
    file.write_text("[applications.played]\n", encoding="utf-8")
    with Hub(file) as hub:

        @hub.app("own")
        def own(message: Message) -> None:
            """Stay."""

        file.write_text('[applications.played]\nto = "other"\n', encoding="utf-8")
        assert sorted(hub._renew((), hub.queue).apps) == ["other", "own", "played"]
        file.write_text("[applications.played]\ngood = false\n", encoding="utf-8")
        with pytest.raises(ConfigError, match=r"applications\.played\.good: expected true"):
            hub._renew((), hub.queue)
        assert hub.names() == ["own", "played", "other"]
        file.write_text("", encoding="utf-8")
        assert sorted(hub._renew((), hub.queue).apps) == ["own"]
