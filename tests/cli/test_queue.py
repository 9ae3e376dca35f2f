from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock import PermanentError, Queue
from tests.cli.command import Shell, without_colour

Store = Callable[[], AbstractContextManager[Queue]]


@pytest.fixture
def busy(store: Store) -> None:
    """Make a store with 3 ready, 1 scheduled, 1 blocked, 2 completed and 2 dead messages, and a paused queue."""
    with store() as queue:
        queue.send_many("validator", [{"n": n} for n in range(4)])
        for delivery in queue.claim("validator", limit=2):
            delivery.ack()
        for delivery, code in zip(queue.claim("validator", limit=2), ("broken", "worse"), strict=True):
            delivery.fail(PermanentError(code))
        queue.send_many("validator", [1, 2])
        queue.send("validator", 3, delay=timedelta(hours=1))
        queue.send("validator", 4, partition_key="k")
        queue.send("validator", 5, partition_key="k")
        queue.send("warehouse", 1)
        queue.pause("warehouse")


def test_stats_tell_how_queues_stand(shell: Shell, busy: None) -> None:
    lines = [line.split() for line in shell.good("queue", "stats").out.splitlines()]
    assert lines[0] == [
        "QUEUE",
        "READY",
        "SCHEDULED",
        "BLOCKED",
        "PROCESSING",
        "COMPLETED",
        "FAILED",
        "OLDEST",
        "DUE",
    ]
    assert lines[1][:7] == ["validator", "3", "1", "1", "0", "2", "2"]
    assert lines[2][:7] == ["warehouse", "1", "0", "0", "0", "0", "0"]
    assert lines[2][-1] == "paused"
    [one] = shell.good("queue", "stats", "warehouse", "--json").json
    assert {key: one[key] for key in ("app", "ready", "paused")} == {
        "app": "warehouse",
        "ready": 1,
        "paused": True,
    }


def test_an_empty_store_is_told(shell: Shell, store: Store) -> None:
    with store():
        pass
    result = shell.good("queue", "stats")
    assert (result.out, result.err) == ("", "no queue holds a message\n")
    assert shell.good("queue", "stats", "--json").json == []
    assert shell.good("queue", "list", "validator", "--status", "failed").err == (
        "no failed message in the queue of validator\n"
    )
    assert shell.good("queue", "list", "--json").out == ""


def test_messages_are_listed(shell: Shell, busy: None) -> None:
    lines = shell.good("queue", "list", "validator").out.splitlines()
    assert lines[0].split() == ["ID", "STATUS", "TRIES", "SENT", "DATA,", "OR", "ERROR"]
    assert len(lines) == 1 + 9
    assert lines[1].endswith('{"n": 0}')
    assert lines[3].endswith("PERMANENT: broken")
    assert "pending (blocked)" in lines[9]
    assert shell.good("queue", "list").out.splitlines()[0].split()[:2] == ["ID", "QUEUE"]


def test_a_listing_is_chosen_and_paged(shell: Shell, busy: None) -> None:
    failed = shell.good("queue", "list", "validator", "--status", "failed", "--json").json_lines
    assert [line["error"]["message"] for line in failed] == ["broken", "worse"]
    newest = shell.good("queue", "list", "--newest-first", "--limit", "2", "--json").json_lines
    assert [line["app"] for line in newest] == ["warehouse", "validator"]
    after = str(failed[0]["row_id"])
    assert (
        len(
            shell.good(
                "queue", "list", "validator", "--status", "failed", "--after", after, "--json"
            ).json_lines
        )
        == 1
    )


def test_a_long_listing_is_whole(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send_many("validator", range(2300))
    lines = shell.good("queue", "list", "validator", "--limit", "2200", "--json").json_lines
    assert [line["message"]["data"] for line in lines] == list(range(2200))


def test_a_queue_is_paused_and_resumed(shell: Shell, busy: None, store: Store) -> None:
    assert "resume validator" in shell.good("queue", "pause", "validator").err
    with store() as queue:
        assert queue.claim("validator") == []
    shell.good("queue", "resume", "validator")
    with store() as queue:
        assert len(queue.claim("validator")) == 1


def test_a_name_of_which_nothing_is_known_is_remarked_on(shell: Shell, tmp_path: Path, busy: None) -> None:
    (tmp_path / "crossdock.toml").write_text('[apps.importer]\nnext = ["exporter"]\n')
    for known in ("validator", "importer", "exporter"):
        assert "not configured" not in shell.good("queue", "pause", known).err
    mistyped = shell.good("queue", "pause", "exportr").err
    assert mistyped == (
        "exportr is paused, though it is not configured and its queue is empty (did you mean exporter?); "
        "go on with: crossdock queue resume exportr\n"
    )
    assert shell.good("queue", "resume", "zebra").err == (
        "zebra is not paused, though it is not configured and its queue is empty\n"
    )
    status = shell("app", "status", "importr")
    assert (status.code, status.err) == (
        5,
        "crossdock: no app importr: it is not configured, and its queue is empty; did you mean importer?\n",
    )


def test_what_was_done_to_a_queue_is_told(shell: Shell, busy: None) -> None:
    shell.good("queue", "resume", "warehouse")
    told = json.loads(shell.good("queue", "log", "warehouse", "--json").out)
    assert [entry["event"] for entry in told] == ["queue.resumed", "queue.paused"]
    assert all(entry["who"] and entry["at"] for entry in told)
    lines = shell.good("queue", "log", "warehouse", "--limit", "1").out.splitlines()
    assert len(lines) == 2
    assert "queue.resumed" in lines[1]
    assert "no operator did anything" in shell.good("queue", "log").err


def test_dead_letters_are_sent_again(shell: Shell, busy: None, store: Store) -> None:
    dry = shell.good("queue", "replay", "validator", "--dry-run")
    assert dry.out == "send 2 dead letters of validator again: not done, this is a dry run\n"
    assert (
        shell.good("queue", "replay", "validator", "--code", "CRASHED", "--yes").err
        == "there is nothing to do\n"
    )
    assert (
        shell.good("queue", "replay", "validator", "--limit", "1", "-y").err
        == "1 dead letter of validator sent again\n"
    )
    result = shell.good("queue", "replay", "validator", "--code", "PERMANENT", "--rate", "0.5", "--yes")
    assert result.err == "1 dead letter of validator sent again, 0.5 per second\n"
    with store() as queue:
        assert queue.stats()["validator"].failed == 0


def test_waiting_messages_are_cancelled(shell: Shell, busy: None, store: Store) -> None:
    assert shell.good("queue", "cancel", "validator", "--dry-run").out.startswith(
        "cancel 5 waiting messages of validator"
    )
    assert shell.good("queue", "cancel", "validator", "--yes").err == "5 messages of validator cancelled\n"
    with store() as queue:
        assert queue.stats()["validator"].failed == 7


def test_finished_messages_are_purged(shell: Shell, busy: None, store: Store) -> None:
    assert (
        shell.good("queue", "purge", "validator", "--older-than", "1h", "--yes").err
        == "there is nothing to do\n"
    )
    assert shell.good("queue", "purge", "validator", "--dry-run").out.startswith(
        "remove 2 completed messages"
    )
    assert shell.good("queue", "purge", "validator", "--yes").err == "2 messages of validator removed\n"
    assert shell.good("queue", "purge", "validator", "--status", "failed", "--limit", "1", "-y").err == (
        "1 message of validator removed\n"
    )
    with store() as queue:
        stats = queue.stats()["validator"]
    assert (stats.completed, stats.failed) == (0, 1)


@pytest.mark.parametrize("verb", ["replay", "cancel", "purge"])
def test_nothing_is_done_where_nobody_can_be_asked(shell: Shell, busy: None, store: Store, verb: str) -> None:
    with store() as queue:
        before = queue.stats()["validator"]
    result = shell("queue", verb, "validator", stdin="y\n")
    assert (result.code, result.out) == (2, "")
    assert result.err.endswith("Nobody can be asked here: add --yes\n")
    with store() as queue:
        now = queue.stats()["validator"]
    assert (now.ready, now.completed, now.failed) == (before.ready, before.completed, before.failed)


def test_a_person_is_asked(shell: Shell, busy: None, store: Store) -> None:
    refused = shell.in_terminal("queue", "cancel", "validator", answer="n\n")
    assert "Cancel 5 waiting messages of validator? [y/N]" in refused.out
    assert (refused.code, without_colour(refused.out).splitlines()[-1]) == (0, "nothing was done")
    agreed = shell.in_terminal("queue", "cancel", "validator", answer="y\n")
    assert (agreed.code, without_colour(agreed.out).splitlines()[-1]) == (
        0,
        "5 messages of validator cancelled",
    )


def test_archive_moves_what_is_completed(shell: Shell, busy: None) -> None:
    assert shell.good("queue", "archive", "validator", "--older-than", "1h", "--json").out.split() == [
        '{"archived":', "0,", '"files":', "[]}",
    ]  # fmt: skip
    assert "2 messages archived" in without_colour(shell.good("queue", "archive", "--to-files").err)
    assert '"archived"' in shell.good("queue", "list", "validator", "--status", "archived", "--json").out
    assert "2 archived" in shell.good("store", "info").out
    assert "given back" in shell.good("store", "vacuum").out
