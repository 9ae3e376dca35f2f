"""The application in a hub: it fetches, writes back, and keeps the files up to date."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock import ConfigError, Hub
from crossdock.config import load
from task_priority.application import APPLICATION, FILES
from task_priority.asked import WRITER
from task_priority.changes import Changes
from task_priority.connections import Connections
from task_priority.credentials import KEY_RING_VARIABLE, Credentials
from task_priority.home import Home
from task_priority.model import TaskId
from task_priority.overview import Change
from task_priority.sandbox import Sandbox

AT_ONCE = timedelta(0)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(timezone="UTC") as sandbox:
        yield sandbox


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv(KEY_RING_VARIABLE, "off")
    home = Home(tmp_path / "home")
    home.make()
    return home


@pytest.fixture
def connected(home: Home, sandbox: Sandbox) -> Home:
    Credentials(home.folder).store("todoist", {"token": sandbox.token})
    Connections(home.connections).put("todoist", {"base_url": sandbox.todoist_url})
    return home


def test_what_is_not_connected_is_not_asked(home: Home) -> None:
    with Hub(home.configuration) as hub:
        assert hub.names() == [FILES]


def test_a_hub_fetches_and_renews_the_files(connected: Home) -> None:
    with Hub(connected.configuration) as hub:
        assert set(hub.names()) == {"todoist", WRITER, FILES}
        hub.run("todoist", wait=AT_ONCE)
        sent = hub.queue.send(FILES, {})
        hub.run(FILES, wait=AT_ONCE)
        written = hub.queue.get(sent.id).result["files"]
    exported = json.loads((connected.files / "todoist_export.json").read_text())
    assert len(written) == 3
    assert len(exported["tasks"]) > 10


def test_a_change_goes_through_the_queue_and_is_shown_until_it_has_arrived(connected: Home) -> None:
    with Hub(connected.configuration) as hub:
        hub.run("todoist", wait=AT_ONCE)
        tasks = hub.exports.all_objects("todoist")["tasks"]
        task = next(name for name, one in tasks.items() if not (one.get("due") or {}).get("is_recurring"))
        changes = Changes(hub.queue, hub.exports)
        changes.complete(TaskId(f"todoist:{task}"))
        assert [(one.task, one.change) for one in changes.pending()] == [(f"todoist:{task}", Change.DONE)]
        hub.run(WRITER, wait=AT_ONCE)
        assert [one.change for one in changes.pending()] == [Change.DONE]
        hub.run("todoist", wait=AT_ONCE)
        assert changes.pending() == []
        assert task not in hub.exports.all_objects("todoist")["tasks"]


def test_a_change_that_is_refused_for_good_is_told_and_can_be_dropped(
    connected: Home, sandbox: Sandbox
) -> None:
    with Hub(connected.configuration) as hub:
        hub.run("todoist", wait=AT_ONCE)
        task = next(iter(hub.exports.all_objects("todoist")["tasks"]))
        changes = Changes(hub.queue, hub.exports)
        hub.queue.send(WRITER, {"action": "complete", "task": task, "before": {}})
        hub.run(WRITER, wait=AT_ONCE)
        (pending,) = changes.pending()
        assert pending.given_up
        assert "before" in str(pending.problem)
        assert changes.undo().sent is None
        assert changes.pending() == []


def test_its_table_is_checked(home: Home) -> None:
    text = home.configuration.read_text().replace("home = ", "hoome = ")
    home.configuration.write_text(text)
    with pytest.raises(ConfigError, match="hoome: unknown key; known here: home"):
        load(home.configuration)
    assert list(APPLICATION.check({"home": 3}))
