"""Connecting, syncing and writing back, against the sandbox."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from crossdock import Queue
from task_priority.sandbox import Consent, Sandbox
from task_priority.views.markdown import escaped
from tests.task_priority.cli.conftest import Owner
from tests.task_priority.exporters.ics.feeds import SECRET, feeds


def test_a_token_is_tried_and_kept_only_if_it_works(owner: Owner, sandbox: Sandbox) -> None:
    wrong = owner("connect", "todoist", "--base", sandbox.todoist_url, stdin="wrong\n")
    assert wrong.code == 1
    assert "refuses the token" in wrong.err
    assert "wrong" not in wrong.err
    assert not list((owner.home / "credentials").glob("*.json"))
    assert "No source is connected" in owner.good("sources").out
    owner.connect(sandbox)
    assert sandbox.token not in owner.good("sources", "--json").out
    assert [one["name"] for one in owner.good("sources", "--json").json["sources"]] == ["todoist"]


def test_a_token_that_is_refused_or_cannot_be_tried_leaves_the_one_of_before(
    owner: Owner, sandbox: Sandbox
) -> None:
    owner.connect(sandbox)
    (file,) = (owner.home / "credentials").glob("*.json")
    before = file.read_bytes(), (owner.home / "sources.json").read_bytes(), file.stat().st_mtime_ns
    refused = owner("connect", "todoist", "--base", sandbox.todoist_url, stdin="wrong\n")
    offline = owner("connect", "todoist", "--base", "http://127.0.0.1:9", stdin="other\n")
    assert (refused.code, offline.code) == (1, 1)
    assert "refuses the token" in refused.err
    assert "Todoist at 127.0.0.1 does not answer" in offline.err
    for result in (refused, offline):
        assert f"nothing was connected, and the credentials of before are kept, in {file}" in result.err
    assert before == (
        file.read_bytes(),
        (owner.home / "sources.json").read_bytes(),
        file.stat().st_mtime_ns,
    )
    (source,) = owner.good("sources", "--json").json["sources"]
    assert source["problem"] is None
    owner.good("sync")


def test_no_token_is_refused(owner: Owner) -> None:
    result = owner("connect", "todoist", "--base", "http://127.0.0.1:9/")
    assert result.code == 2
    assert (
        "The API token of Todoist is missing: type it, or write it to standard input, or set TODOIST_API"
        in result.err
    )


def test_a_service_that_does_not_answer_connects_nothing(owner: Owner) -> None:
    result = owner("connect", "todoist", "--base", "http://127.0.0.1:9", stdin="token\n")
    assert result.code == 1
    assert "Todoist at 127.0.0.1 does not answer" in result.err
    assert "nothing was connected, and nothing is kept" in result.err
    assert "No source is connected" in owner.good("today").out


def test_a_calendar_is_connected_though_another_is_offline(owner: Owner) -> None:
    one, two = (
        ("BEGIN:VTODO", "UID:1", "SUMMARY:Rake", "END:VTODO"),
        ("BEGIN:VTODO", "UID:1", "SUMMARY:Row", "END:VTODO"),
    )
    with feeds() as new:
        new.serve(*two)
        with feeds() as old:
            old.serve(*one)
            owner.good("connect", "ics", "-", "--name", "garden", "--private", stdin=f"{old.url()}\n")
        result = owner.good("connect", "ics", "-", "--name", "club", "--private", stdin=f"{new.url()}\n")
        assert result.out == (
            "connected ics: all that could be fetched now; the rest with the next task-priority sync\n"
        )
        assert "ics: garden at 127.0.0.1 does not answer: the connection was refused" in result.err
        assert SECRET not in result.err
        assert {one["task"]["title"] for one in owner.ranked()} == {"Rake", "Row"}
        assert owner("sync").code == 1
        assert "ics: garden at 127.0.0.1 does not answer" in owner.good("today").out
        new.replies.clear()
        again = owner("connect", "ics", "-", "--name", "rowing", "--private", stdin=f"{new.url()}\n")
        assert (again.code, again.out) == (1, "")
        assert again.err == (
            "task-priority: rowing: there is no calendar (404); was its address reset? Connect the new one; nothing "
            "was connected, and what was connected before stays as it is\n"
        )


def test_of_a_file_that_is_no_calendar_no_credentials_are_spoken(owner: Owner) -> None:
    (owner.folder / "club.ics").write_text("hello")
    alone = owner("connect", "ics", "club.ics")
    assert (alone.code, alone.err.partition("VCALENDAR")[2]) == (1, "; nothing was connected\n")
    (owner.folder / "mine.ics").write_text("BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n")
    owner.good("connect", "ics", "mine.ics")
    result = owner("connect", "ics", "club.ics")
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        "task-priority: club: it is no calendar: it does not begin with BEGIN:VCALENDAR; nothing was connected, and "
        "what was connected before stays as it is\n"
    )


def test_a_disconnected_source_is_forgotten(owner: Owner, sandbox: Sandbox) -> None:
    owner.connect(sandbox)
    owner.good("disconnect", "todoist")
    assert "No source is connected" in owner.good("today").out
    assert not list((owner.home / "credentials").glob("*.json"))
    assert owner("disconnect", "todoist").code == 5


def test_sync_fetches_what_has_changed(owner: Owner, sandbox: Sandbox) -> None:
    owner.connect(sandbox)
    before = len(owner.ranked())
    task = owner.ranked()[0]["task"]["id"].removeprefix("todoist:")
    owner.good("done", f"todoist:{task}")
    assert len(owner.ranked()) == before - 1
    again = owner.good("sync", "--full", "--json").json
    assert [(one["name"], one["problem"], one["set_aside"]) for one in again] == [("todoist", None, 0)]
    assert len(owner.ranked()) == before - 1


@contextmanager
def fetching(owner: Owner) -> Iterator[None]:
    """Be a hub that fetches from Todoist as long as the block lasts."""
    with (
        Queue.from_config(owner.home / "crossdock.toml", app="task-priority") as queue,
        queue._store.alone("exporter-todoist") as is_ours,
    ):
        assert is_ours
        yield


def test_nothing_alarms_while_the_hub_fetches_what_was_changed(owner: Owner, sandbox: Sandbox) -> None:
    owner.connect(sandbox)
    task = next(one["task"] for one in owner.ranked() if not one["task"]["recurring"])
    with fetching(owner):
        for words, is_there in ((("done", task["id"]), False), (("undo",), True)):
            result = owner.good(*words)
            assert "Todoist" not in result.err.replace("1 change arrived at Todoist", "")
            assert "todoist" not in result.err
            assert (task["id"] in {one["task"]["id"] for one in owner.ranked()}) is is_there


def test_sync_waits_for_the_run_of_the_hub(owner: Owner, sandbox: Sandbox) -> None:
    owner.connect(sandbox)
    with fetching(owner):
        waiting = owner.start("sync")
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1)
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, err) == (0, b"")
    assert out.startswith(b"todoist: ")


def test_how_the_runs_went_is_told_with_what_went_wrong(owner: Owner, sandbox: Sandbox) -> None:
    owner.connect(sandbox)
    owner.good("sync")
    sandbox.faults.add("unauthorized", api="todoist", times=None)
    assert owner("sync").code == 1
    failed, normal, first = owner.good("history", "--json").json
    assert [one["outcome"] for one in (failed, normal, first)] == ["failed", "completed", "completed"]
    assert (first["full"], first["counts"]["received"]) == (True, first["counts"]["taken"])
    assert (normal["full"], normal["counts"]["changed"], normal["error"]) == (False, 0, None)
    assert "refuses the token" in failed["error"]["message"]
    shown = owner.good("history", "todoist", "--limit", "1").out.splitlines()
    assert shown[0].startswith("today ")
    assert "todoist  failed  0 objects received" in shown[0]
    assert shown[1] == f"    {failed['error']['message']}"
    assert len(owner.good("history", "--markdown").out.splitlines()) == 5
    unknown = owner("history", "todoits")
    assert (unknown.code, unknown.out) == (5, "")
    assert "no source is called 'todoits'; connected: todoist" in unknown.err


def test_what_is_done_is_done_at_todoist_and_can_be_undone(owner: Owner, sandbox: Sandbox) -> None:
    owner.connect(sandbox)
    task = next(one["task"] for one in owner.ranked() if not one["task"]["recurring"])
    assert owner.good("done", task["id"]).out == f"{task['title']}: done\n"
    assert task["id"] not in {one["task"]["id"] for one in owner.ranked()}
    assert owner.good("undo").out == f"{task['title']}: taken back\n"
    assert task["id"] in {one["task"]["id"] for one in owner.ranked()}
    nothing = owner("undo")
    assert nothing.code == 5
    assert "nothing to undo" in nothing.err


def test_what_is_put_off_is_due_then(owner: Owner, sandbox: Sandbox) -> None:
    owner.connect(sandbox)
    task = next(one["task"] for one in owner.ranked() if not one["task"]["recurring"] and one["task"]["due"])
    day = (datetime.now(UTC) + timedelta(days=400)).date().isoformat()
    owner.good("snooze", task["id"], day, "14:00")
    found = {one["task"]["id"]: one["task"] for one in owner.ranked()}
    assert found[task["id"]]["due"] == {"kind": "floating", "value": f"{day}T14:00:00"}
    owner.good("undo")
    found = {one["task"]["id"]: one["task"] for one in owner.ranked()}
    assert found[task["id"]]["due"] == task["due"]
    assert owner("snooze", task["id"], "whenever").code == 2
    passed = owner("snooze", task["id"], "2020-01-01")
    assert passed.code == 2
    assert "Wed 1 Jan 2020 has passed" in passed.err


def test_changes_are_told_to_programs_and_in_markdown(owner: Owner, sandbox: Sandbox) -> None:
    owner.connect(sandbox)
    task = next(one["task"] for one in owner.ranked() if not one["task"]["recurring"] and one["task"]["due"])
    day = (datetime.now(UTC) + timedelta(days=400)).date().isoformat()
    about = {"task_id": task["id"], "title": task["title"]}
    for words in (("done", task["id"]), ("snooze", task["id"], day)):
        assert owner(*words, "--json", "--markdown").code == 2
    assert owner("undo", "--json").code == 5  # since what was refused has changed nothing

    put_off = owner.good("snooze", task["id"], day, "--json").json
    assert put_off == {
        **about, "change": "put off", "due": {"kind": "day", "value": day}, "job_id": put_off["job_id"],
    }  # fmt: skip
    assert owner("undo", "--json", "--markdown").code == 2
    undone = owner.good("undo", "--json").json
    assert undone == {**about, "change": "taken back", "due": None, "job_id": f"undo-{put_off['job_id']}"}
    done = owner.good("done", task["id"], "--json").json
    assert done == {**about, "change": "done", "due": None, "job_id": done["job_id"]}
    assert len({None, *(one["job_id"] for one in (put_off, undone, done))}) == 4

    title = escaped(task["title"])
    assert owner.good("undo", "--markdown").out == f"- **{title}**: taken back\n"
    assert owner.good("snooze", task["id"], day, "--markdown").out.startswith(f"- **{title}**: put off to ")
    assert owner.good("done", task["id"], "--markdown").out == f"- **{title}**: done\n"


def test_a_change_survives_being_offline(owner: Owner, sandbox: Sandbox) -> None:
    owner.connect(sandbox)
    task = owner.ranked()[0]["task"]
    connections = owner.home / "sources.json"
    online = connections.read_text()
    connections.write_text(json.dumps({"todoist": {"base_url": "http://127.0.0.1:9"}}))
    result = owner.good("done", task["id"])
    assert "does not answer" in result.err
    listed = owner.good("list")
    assert (
        f"{task['title']}: done; the last attempt failed: Todoist at 127.0.0.1 does not answer" in listed.out
    )
    pending = owner.good("list", "--json").json["pending"]
    assert [(one["task_id"], one["change"], one["given_up"]) for one in pending] == [
        (task["id"], "done", False)
    ]
    assert task["id"] not in {one["task"]["id"] for one in owner.ranked()}
    assert owner.good("undo", "--json").json == {
        "task_id": task["id"], "title": task["title"], "change": "taken back", "due": None, "job_id": None,
    }  # fmt: skip
    owner.good("done", task["id"])
    connections.write_text(online)
    assert owner.good("undo").out == f"{task['title']}: the change was dropped before Todoist had it\n"
    assert task["id"] in {one["task"]["id"] for one in owner.ranked()}


def test_a_service_that_asks_to_wait_says_how_long(owner: Owner, sandbox: Sandbox) -> None:
    owner.connect(sandbox)
    sandbox.faults.add("rate-limited", api="todoist", times=None, retry_after_s=20)
    assert "Todoist at 127.0.0.1 asks to wait; try again in 20 s" in owner("sync").err


def test_files_are_exported(owner: Owner, sandbox: Sandbox) -> None:
    owner.connect(sandbox)
    written = owner.good("export", "--json").json
    assert [path.rsplit("/", 1)[1].split("_2")[0] for path in written] == [
        "todoist_tasks", "calendar_events", "ranked_tasks",
    ]  # fmt: skip
    exported = json.loads((owner.home / "files" / "todoist_export.json").read_text())
    assert len(exported["tasks"]) >= len(owner.ranked()) > 0


def sign_in(owner: Owner, *options: str) -> str:
    with owner.start("connect", "google", *options) as process:
        assert process.stderr is not None
        address = next(line.strip() for line in map(bytes.decode, process.stderr) if "http" in line)
        with urllib.request.urlopen(address, timeout=30):  # noqa: S310 - the browser, whom the answer leads back
            out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return out.decode()


def test_google_is_connected_by_signing_in(owner: Owner, sandbox: Sandbox) -> None:
    sandbox.oauth.consent = Consent.GRANT
    client = owner.folder / "client.json"
    client.write_text(json.dumps(sandbox.google_client()))
    without = owner("connect", "google")
    assert without.code == 2
    assert "--client is needed" in without.err
    assert "connected google-calendar: " in sign_in(owner, "--client", str(client), "--base", sandbox.url)
    assert "connected google-calendar: " in sign_in(owner, "--base", sandbox.url)
    names = [one["name"] for one in owner.good("sources", "--json").json["sources"]]
    assert names == ["google-calendar", "google-tasks"]
    assert owner.ranked()
    owner.good("disconnect", "google-calendar")
    assert list((owner.home / "credentials").glob("google.json"))  # the tasks need it still
    owner.good("disconnect", "google-tasks")
    assert not list((owner.home / "credentials").glob("*.json"))


def test_what_a_refused_token_has_paused_goes_on_when_another_is_connected(
    owner: Owner, sandbox: Sandbox
) -> None:
    owner.connect(sandbox)
    with Queue(f"sqlite:///{owner.home / 'crossdock.db'}") as queue:
        for app in ("todoist", "todoist-writer"):
            queue.pause(app)  # as a hub does when Todoist refuses the token
        owner.connect(sandbox)
        stats = queue.stats()
    assert not any(stats[app].paused for app in ("todoist", "todoist-writer"))


def test_the_sandbox_is_served_until_it_is_interrupted(owner: Owner) -> None:
    with owner.start("sandbox", "--port", "0", "--client", "client.json") as process:
        assert process.stdout is not None
        told = [process.stdout.readline().decode() for _ in range(5)]
        words = told[2].split()
        owner.good("connect", "todoist", "--base", words[-1], stdin=f"{words[1]}\n")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert f"connect google --client {owner.folder / 'client.json'} --base" in told[3]
    assert json.loads((owner.folder / "client.json").read_text())["installed"]["client_id"]
    assert owner.ranked()
