from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

from crossdock import Queue, Status
from tests.cli.command import Shell

Store = Callable[[], AbstractContextManager[Queue]]


def test_what_is_next_is_shown_and_left_as_it_was(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send("validator", {"order": 17}, message_id="m-1", subject="seventeen")
    result = shell.good("claim", "validator")
    assert result.out.splitlines()[0].startswith("m-1  crossdock.message  from test  priority 4  attempt 1  ")
    assert result.out.splitlines()[1] == '  {"order": 17}'
    assert result.err == "1 message shown and given back; add --ack to complete what is shown\n"
    with store() as queue:
        record = queue.get("m-1")
    assert (record.status, record.attempts, record.crashes) == (Status.PENDING, 0, 0)


def test_what_is_acknowledged_is_completed(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send_many("validator", range(5))
    result = shell.good("claim", "validator", "--count", "3", "--ack")
    assert [line.strip() for line in result.out.splitlines()[1::2]] == ["0", "1", "2"]
    assert result.err == "3 messages completed\n"
    with store() as queue:
        stats = queue.stats("validator")["validator"]
    assert (stats.completed, stats.ready) == (3, 2)


def test_more_than_a_batch_can_be_taken(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send_many("validator", range(1200))
    result = shell.good("claim", "validator", "-n", "1100", "--ack", "--json")
    assert [line["message"]["data"] for line in result.json_lines] == list(range(1100))
    result = shell.good("claim", "validator", "-n", "1100", "--json")
    assert len(result.json_lines) == 100
    with store() as queue:
        assert queue.stats("validator")["validator"].ready == 100


def test_json_has_the_whole_message(shell: Shell, store: Store) -> None:
    with store() as queue:
        sent = queue.send("validator", b"\x00\xff", partition_key="k", extensions={"shard": 3})
    [line] = shell.good("claim", "validator", "--json").json_lines
    assert line == {
        "app": "validator",
        "row_id": sent.row_id,
        "attempt": 1,
        "message": {
            "specversion": "1.0",
            "id": sent.id,
            "source": "test",
            "type": "crossdock.message",
            "time": sent.time.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/octet-stream",
            "priority": 4,
            "partitionkey": "k",
            "shard": 3,
            "data_base64": "AP8=",
        },
    }


def test_an_empty_queue_is_told_and_is_no_failure(shell: Shell, store: Store) -> None:
    with store():
        pass
    for wait in ([], ["--wait", "0.1"], ["--wait", "100ms"]):
        result = shell.good("claim", "validator", *wait)
        assert (result.out, result.err) == ("", "nothing is ready for validator\n")


def test_what_keeps_messages_from_being_claimed_is_told(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send("validator", 1, delay=timedelta(hours=1))
        queue.send("warehouse", 1)
        queue.pause("warehouse")
    assert shell.good("claim", "validator").err == "nothing is ready for validator: 1 scheduled\n"
    paused = "nothing is ready for warehouse: it is paused; go on with: crossdock queue resume warehouse\n"
    assert shell.good("claim", "warehouse").err == paused
    assert shell.good("claim", "validatr").err == "nothing is ready for validatr; did you mean validator?\n"


def test_foreign_text_cannot_command_the_terminal(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send("validator", "\x1b[2Jgone")
    assert "\x1b" not in shell.good("claim", "validator").out
