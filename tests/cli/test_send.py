from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crossdock import Queue, RetryPolicy
from tests.cli.command import Shell

Store = Callable[[], AbstractContextManager[Queue]]


def test_a_message_is_sent_and_its_id_printed(shell: Shell, store: Store) -> None:
    result = shell.good("send", "validator", '{"order": 17}')
    assert result.err == "made a new store at ./crossdock.db\n"
    with store() as queue:
        record = queue.get(result.out.strip(), app="validator")
    assert record.message.data == {"order": 17}
    assert record.source_app == "cli"


def test_every_option_of_a_send_can_be_given(shell: Shell, store: Store) -> None:
    result = shell.good(
        "send", "validator", '"hello"', "--message-id", "m-1", "--source", "/shop", "--source-app", "shop",
        "--type", "order.placed", "--subject", "order 17", "--time", "2031-05-17T08:30:00Z",
        "--content-type", "application/json; v=2", "--data-schema", "https://example.com/order", "--priority", "7",
        "--available-at", "2031-05-17T09:30:00+01:00", "--expires-at", "2031-05-18", "--partition-key", "customer-3",
        "--correlation-id", "c-1", "--traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "--extension", "shard=3", "--extension", "region=eu", "--extension", "test=true",
        "--max-attempts", "3", "--backoff", "1s..1m", "--time-budget", "1h", "--no-jitter",
    )  # fmt: skip
    with store() as queue:
        record = queue.get("m-1")
        text = record.message
    assert result.out == "m-1\n"
    assert (text.source, text.type, text.subject) == ("/shop", "order.placed", "order 17")
    assert record.source_app == "shop"
    assert text.time == datetime(2031, 5, 17, 8, 30, tzinfo=UTC)
    assert record.available_at == datetime(2031, 5, 17, 8, 30, tzinfo=UTC)
    assert text.expirytime == datetime(2031, 5, 18, tzinfo=UTC)
    assert (text.datacontenttype, text.dataschema) == ("application/json; v=2", "https://example.com/order")
    assert (text.priority, text.partitionkey, text.correlationid) == (7, "customer-3", "c-1")
    assert text.traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert dict(text.extensions) == {"shard": 3, "region": "eu", "test": True}
    assert record.max_attempts == 3


def test_a_retry_option_stands_over_the_policy_of_the_app(shell: Shell, tmp_path: Path, store: Store) -> None:
    (tmp_path / "crossdock.toml").write_text(
        '[apps.validator]\nretry = { max_attempts = 9, backoff = "1ms..2ms" }\n'
    )
    shell.good("send", "validator", "1", "--max-attempts", "2")
    with store() as queue:
        for _ in range(2):
            [delivery] = queue.claim("validator", wait=timedelta(seconds=5))
            delivery.nack("no")
        [record] = queue.list("validator")
    assert record.error is not None
    assert record.error.code == "ATTEMPTS_EXHAUSTED"


def test_a_delay_is_a_duration_or_a_number_of_seconds(shell: Shell, store: Store) -> None:
    shell.good("send", "validator", "1", "--delay", "1h30m")
    shell.good("send", "validator", "2", "--delay", "90")
    with store() as queue:
        waits = [record.available_at - record.created_at for record in queue.list() if record.available_at]
    assert [round(wait.total_seconds()) for wait in waits] == [5400, 90]


def test_a_message_sent_again_is_stored_once(shell: Shell, store: Store) -> None:
    first = shell.good("send", "validator", "1", "--message-id", "m-1", "--json").json
    again = shell.good("send", "validator", "2", "--message-id", "m-1", "--json").json
    assert first == {"id": "m-1", "app": "validator", "row_id": first["row_id"], "duplicate": False}
    assert again == {**first, "duplicate": True}
    told = shell.good("send", "validator", "2", "--message-id", "m-1")
    assert (told.out, told.err) == ("m-1\n", "validator has this message already; nothing was stored\n")
    with store() as queue:
        assert [record.message.data for record in queue.list()] == [1]


def test_json_comes_from_a_file(shell: Shell, tmp_path: Path, store: Store) -> None:
    (tmp_path / "order.json").write_text('{\n  "order": "Jürgen"\n}\n')
    shell.good("send", "validator", "@order.json")
    with store() as queue:
        assert [record.message.data for record in queue.list()] == [{"order": "Jürgen"}]


def test_json_lines_come_from_standard_input(shell: Shell, store: Store) -> None:
    result = shell.good("send", "validator", "-", "--priority", "8", stdin='{"n": 1}\n\n{"n": 2}\n"three"')
    assert result.out == "3 messages sent to validator\n"
    with store() as queue:
        records = queue.list()
    assert [record.message.data for record in records] == [{"n": 1}, {"n": 2}, "three"]
    assert {record.message.priority for record in records} == {8}


def test_json_lines_come_from_a_file(shell: Shell, tmp_path: Path, store: Store) -> None:
    (tmp_path / "orders.jsonl").write_text("".join(f'{{"n": {n}}}\n' for n in range(2500)))
    assert shell.good("send", "validator", "@orders.jsonl").out == "2,500 messages sent to validator\n"
    with store() as queue:
        assert queue.stats()["validator"].ready == 2500


def test_a_line_is_sent_as_soon_as_it_has_come(shell: Shell, store: Store) -> None:
    with store():
        pass
    process = shell.start("send", "validator", "-", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    try:
        process.stdin.write(b'"early"\n')
        process.stdin.flush()
        with store() as queue:
            [delivery] = queue.claim("validator", wait=timedelta(seconds=20))
            delivery.ack()
        assert process.poll() is None
    finally:
        process.stdin.close()
        assert process.wait(timeout=20) == 0


def test_rows_of_a_csv_file_are_messages(shell: Shell, tmp_path: Path, store: Store) -> None:
    (tmp_path / "orders.csv").write_text('\ufefforder,item\n1,tea\n\n2,"mug, blue"\n', encoding="utf-8")
    result = shell.good("send", "validator", "--csv", "orders.csv", "--json")
    assert [line["duplicate"] for line in result.json_lines] == [False, False]
    with store() as queue:
        data = [record.message.data for record in queue.list()]
    assert data == [{"order": "1", "item": "tea"}, {"order": "2", "item": "mug, blue"}]


def test_csv_comes_from_standard_input_too(shell: Shell) -> None:
    assert (
        shell.good("send", "validator", "--csv", "-", stdin="a,b\n1,2\n").out
        == "1 message sent to validator\n"
    )


def test_bytes_are_sent_as_they_are(shell: Shell, tmp_path: Path, store: Store) -> None:
    (tmp_path / "invoice.pdf").write_bytes(b"%PDF\x00\xff")
    shell.good("send", "archive", "--bytes", "invoice.pdf", "--content-type", "application/pdf")
    shell.good("send", "archive", "--bytes", "-", stdin=b"\x00\x01")
    with store() as queue:
        messages = [record.message for record in queue.list()]
    assert [message.data for message in messages] == [b"%PDF\x00\xff", b"\x00\x01"]
    assert [message.datacontenttype for message in messages] == [
        "application/pdf",
        "application/octet-stream",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{bad"], "DATA: not JSON (expecting property name enclosed in double quotes at column 2)"),
        (
            ["hello"],
            "DATA: not JSON (expecting value at column 1); text is JSON only in quotes, as in '\"text\"'",
        ),
        (["NaN"], "data: not a JSON value: Out of range float values are not JSON compliant"),
        (["1", "--csv", "x.csv"], "give one of DATA, @FILE, - (standard input), --csv FILE and --bytes FILE"),
        ([], "give one of DATA, @FILE, - (standard input), --csv FILE and --bytes FILE"),
        (["-", "--message-id", "m-1"], "--message-id names one message, and these are many"),
        (["1", "--delay", "1m", "--available-at", "2031-05-17"], "delay: give either delay or available_at"),
        (["1", "--type", ""], "type: must not be empty"),
    ],
)
def test_wrong_data_is_refused_in_one_sentence(
    shell: Shell, store: Store, arguments: list[str], message: str
) -> None:
    with store():
        pass
    result = shell("send", "validator", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"crossdock: {message}")
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--delay", "soon"],
            "invalid value for '--delay': 'soon' is no duration; write for example 30s, 5m or 1h30m",
        ),
        (["--backoff", "5m"], "invalid value for '--backoff': '5m' is not two durations, the smaller first"),
        (
            ["--time", "noon"],
            "invalid value for '--time': 'noon' is no instant; write for example 2031-05-17T08:30",
        ),
        (["--extension", "x"], "invalid value for '--extension': 'x' is not name=value"),
        (["--priority", "12"], "invalid value for '--priority' / '-p': must be 9 or less (see"),
        (["--priority", "-1"], "invalid value for '--priority' / '-p': must be 0 or more (see"),
        (["--priority", "high"], "invalid value for '--priority' / '-p': must be a whole number (see"),
        (["--prio", "1"], "no such option: --prio"),
    ],
)
def test_a_wrong_option_is_refused_in_one_sentence(shell: Shell, arguments: list[str], message: str) -> None:
    result = shell("send", "validator", "1", *arguments)
    assert result.code == 2
    assert result.err.startswith(f"crossdock send: {message}")
    assert result.err.endswith("(see 'crossdock send --help')\n")
    assert result.err.count("\n") == 1


def test_a_file_with_a_wrong_line_sends_nothing(shell: Shell, tmp_path: Path, store: Store) -> None:
    (tmp_path / "orders.jsonl").write_text('{"n": 1}\n{"n": \n')
    (tmp_path / "orders.csv").write_text("a,b\n1,2\n3\n")
    result = shell("send", "validator", "@orders.jsonl")
    assert (result.code, result.err.partition("crossdock: ")[2]) == (
        2,
        "orders.jsonl, line 2: not JSON (expecting value at column 6); nothing was sent\n",
    )
    result = shell("send", "validator", "--csv", "orders.csv")
    assert (
        result.err == "crossdock: orders.csv, line 3: 1 field, and the first row names 2; nothing was sent\n"
    )
    with store() as queue:
        assert queue.list() == []


def test_what_came_before_a_wrong_line_of_a_stream_is_sent_and_counted(shell: Shell, store: Store) -> None:
    result = shell("send", "validator", "-", stdin="1\n2\nthree\n4\n")
    assert result.code == 2
    assert "standard input, line 3: not JSON" in result.err
    assert result.err.endswith("the 2 messages before it went out\n")
    with store() as queue:
        assert [record.message.data for record in queue.list()] == [1, 2]


def test_a_missing_file_is_named(shell: Shell, tmp_path: Path) -> None:
    for arguments in (["@nowhere.json"], ["--csv", "nowhere.csv"], ["--bytes", "nowhere.bin"]):
        result = shell("send", "validator", *arguments)
        name = arguments[-1].removeprefix("@")
        assert (result.code, result.out) == (2, "")
        assert result.err.endswith(
            f"crossdock: there is no file {name!r} in {tmp_path}; name one that is there\n"
        )
    (tmp_path / "folder").mkdir()
    result = shell("send", "validator", "@folder")
    assert (result.code, result.err) == (
        2,
        "crossdock: 'folder' cannot be read (Is a directory); name a file that can be\n",
    )


def test_a_partition_key_can_be_blocked_by_configuration(shell: Shell, tmp_path: Path, store: Store) -> None:
    (tmp_path / "crossdock.toml").write_text('[apps.validator]\non_dead = "block"\n')
    shell.good("send", "validator", "1", "--partition-key", "k")
    with store() as queue:
        [delivery] = queue.claim("validator")
        delivery.fail("no")
        queue.send("validator", 2, partition_key="k")
        assert queue.stats()["validator"].blocked == 1


def test_retry_options_reach_the_store(shell: Shell, store: Store) -> None:
    shell.good(
        "send",
        "validator",
        "1",
        "--backoff",
        "1ms..1ms",
        "--no-jitter",
        "--max-attempts",
        "2",
        "--time-budget",
        "1h",
    )
    expected = RetryPolicy(
        2, timedelta(milliseconds=1), timedelta(milliseconds=1), jitter=False, time_budget=timedelta(hours=1)
    )
    with store() as queue:
        [delivery] = queue.claim("validator")
        assert delivery._claimed.retry == expected


def test_a_send_and_a_look_are_the_same_in_json(shell: Shell) -> None:
    sent = shell.good("send", "validator", json.dumps({"a": [1, None, "ü"]}), "--json").json
    [listed] = shell.good("queue", "list", "--json").json_lines
    assert listed["message"]["id"] == sent["id"]
    assert listed["message"]["data"] == {"a": [1, None, "ü"]}


def test_full_queue_refuses_and_is_shown(shell: Shell, store: Store) -> None:
    shell.good("init")
    with store() as queue:
        queue.set_rules("validator", max_depth=1)
    shell.good("send", "validator", "1")
    refused = shell("send", "validator", "2", "--wait", "10ms")
    assert refused.code == 1
    assert "max_depth is 1" in refused.err
    assert "full: takes in no more than 1" in shell.good("queue", "stats").out
    assert "1 of 1 at most" in shell.good("app", "status", "validator").out
