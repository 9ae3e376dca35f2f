from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest

from crossdock import InvalidMessage, Queue
from tests.cli.command import Shell

Store = Callable[[], AbstractContextManager[Queue]]


@pytest.fixture
def dead(store: Store) -> str:
    """Give a store with a dead letter m-1 of two attempts."""
    with store() as queue:
        queue.send("validator", {"order": 17}, message_id="m-1", partition_key="k", extensions={"shard": 3})
        [delivery] = queue.claim("validator")
        delivery.nack("busy", retry_in=None)
        queue.edit("m-1", available_at=datetime(2020, 1, 1, tzinfo=UTC))
        [delivery] = queue.claim("validator")
        delivery.fail(InvalidMessage("quantity is missing", [("quantity", "is missing")]))
    return "m-1"


def facts(out: str) -> dict[str, str]:
    """Read the two columns of ``message show``."""
    lines = out.partition("\n\n")[0].splitlines()
    return dict(re.split(r"\s{2,}", line, maxsplit=1) for line in lines)  # type: ignore[misc]


def test_messages_of_several_senders_are_told_apart(shell: Shell, store: Store) -> None:
    with store() as queue:
        for sender in ("shop", "bank"):
            queue.send("validator", sender, message_id="m-1", source_app=sender)
    refused = shell("message", "show", "m-1")
    assert (refused.code, "source_app" in refused.err) == (5, True)
    of_bank = ("m-1", "--source-app", "bank")
    assert shell.good("message", "show", *of_bank, "--json").json["message"]["data"] == "bank"
    shell.good("message", "edit", *of_bank, "--priority", "9")
    shell.good("message", "cancel", *of_bank)
    shell.good("message", "replay", *of_bank)
    events = [entry["event"] for entry in shell.good("message", "timeline", *of_bank, "--json").json]
    assert events == ["message.sent", "message.edited", "message.cancelled", "message.replayed"]
    assert shell.good("message", "show", "m-1", "--source-app", "shop", "--json").json["revision"] == 1


def test_a_message_is_shown(shell: Shell, dead: str) -> None:
    result = shell.good("message", "show", dead)
    shown = facts(result.out)
    assert shown["id"] == "m-1"
    assert shown["app"] == "validator"
    assert shown["status"] == "failed"
    assert shown["attempts"] == "2"
    assert shown["partition key"] == "k"
    assert shown["extension shard"] == "3"
    assert "error\nINVALID_MESSAGE  quantity is missing\n  quantity: is missing\n" in result.out
    assert result.out.endswith('data\n{\n  "order": 17\n}\n')


def test_a_message_is_shown_as_json(shell: Shell, dead: str) -> None:
    document = shell.good("message", "show", dead, "--json").json
    assert document["status"] == "failed"
    assert document["error"] == {
        "code": "INVALID_MESSAGE",
        "message": "quantity is missing",
        "details": [{"field": "quantity", "issue": "is missing"}],
    }
    assert document["message"]["data"] == {"order": 17}


def test_the_data_alone_can_be_had(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send("archive", b"\x00\xff\n", message_id="raw")
        queue.send("archive", {"a": "ü"}, message_id="json")
    assert shell.good("message", "show", "json", "--data").out == '{"a": "ü"}\n'
    assert "3 bytes; --data writes them" in shell.good("message", "show", "raw").out
    process = shell.start("message", "show", "raw", "--data", stdout=-1)
    assert process.communicate(timeout=30)[0] == b"\x00\xff\n"


def test_the_timeline_tells_everything(shell: Shell, dead: str) -> None:
    lines = shell.good("message", "timeline", dead).out.splitlines()
    assert lines[0].split() == ["TIME", "AFTER", "EVENT", "ATTEMPT", "WHO", "WHAT"]
    events = [line["event"] for line in shell.good("message", "timeline", dead, "--json").json]
    assert events[0] == "message.sent"
    assert events[-1] == "message.failed"
    assert [
        event.removeprefix("message.") in line for event, line in zip(events, lines[1:], strict=True)
    ] == [True] * len(events)


def test_a_message_is_edited_and_sent_again(shell: Shell, dead: str, store: Store) -> None:
    result = shell.good(
        "message", "edit", dead, "--data", '{"order": 18}', "--priority", "9", "--max-attempts", "2"
    )
    assert result.err == "changed; it is failed in the queue of validator\n"
    result = shell.good("message", "replay", dead)
    assert result.err == "sent again; it is pending in the queue of validator\n"
    with store() as queue:
        record = queue.get(dead)
    assert (record.message.data, record.message.priority, record.max_attempts) == ({"order": 18}, 9, 2)


def test_new_data_comes_from_a_file_or_as_bytes(shell: Shell, dead: str, store: Store) -> None:
    (shell.folder / "new.json").write_text('{"order": 19}')
    shell.good("message", "edit", dead, "--data", "@new.json")
    with store() as queue:
        assert queue.get(dead).message.data == {"order": 19}
    shell.good("message", "edit", dead, "--bytes", "new.json")
    with store() as queue:
        assert queue.get(dead).message.data == b'{"order": 19}'
    shell.good("message", "edit", dead, "--data", "null")
    with store() as queue:
        assert queue.get(dead).message.data is None


def test_an_edit_that_changes_nothing_is_refused(shell: Shell, dead: str) -> None:
    result = shell("message", "edit", dead)
    assert result.code == 2
    assert "say what to change: --data, --bytes, --priority" in result.err


def test_a_message_is_cancelled(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send("validator", 1, message_id="m-1")
    assert shell.good("message", "cancel", "m-1").err == "cancelled; it is failed in the queue of validator\n"
    assert shell.good("message", "replay", "m-1", "--json").json["status"] == "pending"


def test_a_message_of_two_apps_needs_the_app(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send("validator", 1, message_id="m-1")
        queue.send("warehouse", 1, message_id="m-1")
    result = shell("message", "show", "m-1")
    assert (result.code, result.out) == (5, "")
    assert "name the app" in result.err
    assert facts(shell.good("message", "show", "m-1", "--app", "warehouse").out)["app"] == "warehouse"


@pytest.mark.parametrize("verb", ["show", "timeline", "replay", "cancel"])
def test_an_unknown_message_is_not_found(shell: Shell, store: Store, verb: str) -> None:
    with store():
        pass
    result = shell("message", verb, "nothing")
    assert (result.code, result.out, result.err) == (5, "", "crossdock: no message nothing\n")


def test_an_illegal_move_is_refused(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send("validator", 1, message_id="m-1")
    result = shell("message", "replay", "m-1")
    assert (result.code, result.out) == (1, "")
    assert result.err == "crossdock: cannot replay message m-1 of validator: it is pending\n"
