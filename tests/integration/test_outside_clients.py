"""Programs that know nothing of Crossdock send with a three-column INSERT and consume with two statements."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import Queue, StoreSettings
from crossdock.store.published import CLAIM_SQL, COMPLETE_SQL, FAIL_SQL, RETURN_SQL, SEND_SQL

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).parent / "outside_client.py"
PATIENCE = timedelta(seconds=10)
INSERT = "INSERT INTO data_staging (source_app, target_app, data"
BRIEF = timedelta(milliseconds=50)


@pytest.fixture(params=[True, False], ids=["safe-mode", "wal"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A store; made in the mode that outside writers ask for, and in the default one."""
    made = tmp_path / "work.db"
    with Queue(f"sqlite:///{made}", settings=StoreSettings(outside_writers=request.param)):
        return made


@pytest.fixture
def queue(path: Path, request: pytest.FixtureRequest) -> Iterator[Queue]:
    safe = "safe-mode" in request.node.callspec.id
    with Queue(f"sqlite:///{path}", app="ours", settings=StoreSettings(outside_writers=safe)) as opened:
        yield opened


class Shell:
    """The sqlite3 command line on a store: one statement at a time, each in a process of its own."""

    def __init__(self, path: Path) -> None:
        self._command = [shutil.which("sqlite3") or "sqlite3", "-bail", str(path)]

    def run(self, statement: str, **parameters: object) -> list[dict[str, Any]]:
        """Run a statement and return its rows."""
        lines = [".timeout 10000", ".mode json"]
        lines += [f".parameter set :{name} {_quoted(value)}" for name, value in parameters.items()]
        text = "\n".join([*lines, f"{statement};"])
        done = subprocess.run(self._command, input=text, capture_output=True, text=True, check=False)
        if done.returncode or done.stderr:
            raise RuntimeError(done.stderr)
        rows: list[dict[str, Any]] = json.loads(done.stdout) if done.stdout.strip() else []
        return rows

    def changes(self, statement: str, **parameters: object) -> int:
        """Run a statement and return how many rows it changed."""
        (changed,) = self.run(f"{statement};\nSELECT changes() AS rows", **parameters)
        return int(changed["rows"])

    def claim(self, app: str = "shell", lease_seconds: int = 30) -> dict[str, Any] | None:
        """Claim the next message with the published statement."""
        rows = self.run(CLAIM_SQL, app=app, worker="person", lease_seconds=lease_seconds)
        return rows[0] if rows else None

    def settle(self, statement: str, claimed: dict[str, Any], **parameters: object) -> int:
        """Settle what was claimed with a published statement; return how many rows that changed."""
        lease = {"id": claimed["id"], "lease_token": claimed["lease_token"]}
        return self.changes(statement, **lease, **parameters)


def _quoted(value: object) -> str:
    if not isinstance(value, str):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("'", "''")
    return f"\"'{escaped}'\""


@pytest.fixture
def shell(path: Path) -> Shell:
    return Shell(path)


def script(path: Path, *arguments: object) -> subprocess.Popen[str]:
    """Start the script that uses the standard library's SQLite, in a process that cannot see Crossdock."""
    command = [sys.executable, "-I", str(SCRIPT), str(path), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcome(process: subprocess.Popen[str]) -> Any:
    """Wait for the script and return what it told."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    written = tmp_path / "published.json"
    written.write_text(json.dumps({"claim": CLAIM_SQL, "complete": COMPLETE_SQL}))
    return written


@pytest.mark.needs_sqlite3_command
class TestSqlite3Command:
    """What a person can do at the prompt of the sqlite3 command line."""

    def test_insert_of_three_columns_is_a_complete_send(self, queue: Queue, shell: Shell) -> None:
        assert (
            shell.changes(SEND_SQL, source_app="shell", target_app="ours", data='{"it": "isn\'t \\"odd\\""}')
            == 1
        )
        (delivery,) = queue.claim("ours", wait=PATIENCE)
        assert delivery.message.data == {"it": 'isn\'t "odd"'}
        assert delivery.message.source == "shell"
        assert delivery.attempt == 1
        delivery.ack()
        record = queue.get(delivery.message.id)
        assert (record.status, record.source_app, record.created_by) == ("completed", "shell", "sql")

    def test_published_statements_consume_a_message(self, queue: Queue, shell: Shell) -> None:
        sent = queue.send("shell", {"n": 2})
        claimed = shell.claim()
        assert claimed is not None
        assert (claimed["id"], claimed["message_id"]) == (sent.row_id, sent.id)
        assert json.loads(claimed["data"]) == {"n": 2}
        held = queue.get(sent.id)
        assert (held.status, held.lease_owner, held.attempts) == ("processing", "person", 1)
        assert shell.settle(COMPLETE_SQL, claimed) == 1
        record = queue.get(sent.id)
        assert (record.status, record.attempts, record.lease_owner) == ("completed", 1, "person")
        assert record.claimed_at is not None
        assert record.processed_at is not None

    def test_claim_returns_by_priority_and_never_twice(self, queue: Queue, shell: Shell) -> None:
        low, high = queue.send("shell", 1, priority=1), queue.send("shell", 2, priority=9)
        claims = [shell.claim(), shell.claim(), shell.claim()]
        assert [claim and claim["id"] for claim in claims] == [high.row_id, low.row_id, None]

    @pytest.mark.parametrize("statement", [COMPLETE_SQL, FAIL_SQL, RETURN_SQL])
    def test_settling_with_another_token_changes_nothing(
        self, queue: Queue, shell: Shell, statement: str
    ) -> None:
        sent = queue.send("shell", 1)
        claimed = shell.claim()
        assert claimed is not None
        before = queue.get(sent.id)
        other = {**claimed, "lease_token": claimed["lease_token"] + "0"}
        reason = {"reason": "no"} if statement == FAIL_SQL else {}
        assert shell.settle(statement, other, **reason) == 0
        assert queue.get(sent.id) == before

    def test_failed_message_is_a_dead_letter_with_its_reason(self, queue: Queue, shell: Shell) -> None:
        sent = queue.send("shell", 1)
        claimed = shell.claim()
        assert claimed is not None
        assert shell.settle(FAIL_SQL, claimed, reason="the customer is unknown") == 1
        record = queue.get(sent.id)
        assert record.status == "failed"
        assert record.error is not None
        assert (record.error.code, record.error.message) == ("PERMANENT", "the customer is unknown")
        assert [entry.event for entry in queue.timeline(sent.id)][-1] == "message.failed"

    def test_returned_message_is_tried_again(self, queue: Queue, shell: Shell) -> None:
        sent = queue.send("shell", 1)
        claimed = shell.claim()
        assert claimed is not None
        assert shell.settle(RETURN_SQL, claimed) == 1
        assert "message.nacked" in [entry.event for entry in queue.timeline(sent.id)]
        (delivery,) = queue.claim("shell", wait=PATIENCE)
        assert (delivery.row_id, delivery.attempt) == (sent.row_id, 2)

    def test_lease_of_a_shell_that_went_away_lapses(self, queue: Queue, shell: Shell) -> None:
        sent = queue.send("shell", 1)
        assert shell.claim(lease_seconds=1) is not None
        assert queue.claim("shell") == []
        (delivery,) = queue.claim("shell", wait=PATIENCE)
        assert (delivery.row_id, delivery.attempt) == (sent.row_id, 2)
        assert "message.lapsed" in [entry.event for entry in queue.timeline(sent.id)]

    def test_claim_leaves_scheduled_messages_alone(self, queue: Queue, shell: Shell) -> None:
        queue.send("shell", 1, delay=timedelta(hours=1))
        assert shell.claim() is None

    def test_claim_takes_what_has_become_due(self, queue: Queue, shell: Shell) -> None:
        sent = queue.send("shell", 1, delay=timedelta(milliseconds=20))
        found = None
        while found is None:
            found = shell.claim()
        assert found["id"] == sent.row_id

    def test_message_of_a_key_waits_for_the_one_that_the_shell_holds(
        self, queue: Queue, shell: Shell
    ) -> None:
        first = queue.send("shell", 1, partition_key="k")
        second = queue.send("shell", 2, partition_key="k", priority=9)
        claimed = shell.claim()
        assert claimed is not None
        assert claimed["id"] == first.row_id
        assert queue.claim("shell") == []
        assert shell.claim() is None
        assert shell.settle(COMPLETE_SQL, claimed) == 1
        (delivery,) = queue.claim("shell", wait=PATIENCE)
        assert delivery.row_id == second.row_id

    def test_message_of_a_key_that_the_shell_returns_goes_before_its_followers(
        self, queue: Queue, shell: Shell
    ) -> None:
        row_ids = [queue.send("shell", number, partition_key="k").row_id for number in range(3)]
        claimed = shell.claim()
        assert claimed is not None
        assert shell.settle(RETURN_SQL, claimed) == 1
        seen = [delivery.row_id for delivery in queue.consume("shell", wait=BRIEF)]
        assert seen == row_ids

    def test_paused_queue_gives_the_shell_nothing(self, queue: Queue, shell: Shell) -> None:
        queue.send("shell", 1)
        queue.pause("shell")
        assert shell.claim() is None
        queue.resume("shell")
        assert shell.claim() is not None

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE data_staging SET status = 'completed'",
            "UPDATE data_staging SET status = 'archived'",
            "UPDATE data_staging SET status = 'done'",
            f"{INSERT}, status) VALUES ('a', 'b', '1', 'completed')",
            f"{INSERT}, available_at) VALUES ('a', 'b', '1', 'noon')",
            f"{INSERT}, priority) VALUES ('a', 'b', '1', 10)",
            f"{INSERT}) VALUES ('', 'b', '1')",
            f"{INSERT}) VALUES ('a', 'b', NULL)",
        ],
    )
    def test_illegal_statement_is_refused_and_changes_nothing(
        self, queue: Queue, shell: Shell, statement: str
    ) -> None:
        sent = queue.send("shell", 1)
        before = queue.get(sent.id)
        with pytest.raises(RuntimeError, match=r"crossdock: |constraint failed"):
            shell.run(statement)
        assert queue.list() == [before]

    @pytest.mark.parametrize("data", ["not json", "{", "NaN", "", "[1,]", "x'fffe'", "'[\"\\ud800\"'"])
    def test_row_that_cannot_be_decoded_is_set_aside_and_the_loop_goes_on(
        self, queue: Queue, shell: Shell, data: str
    ) -> None:
        value = data if "'" in data else f"'{data}'"
        shell.run(f"{INSERT}, priority) VALUES ('shell', 'ours', {value}, 9)")
        good = queue.send("ours", "good")
        seen = [delivery.row_id for delivery in queue.consume("ours", wait=BRIEF)]
        assert seen == [good.row_id]
        (bad,) = queue.list("ours", status="failed")
        assert bad.error is not None
        assert bad.error.code == "INVALID_MESSAGE"


class TestScript:
    """A script with another SQLite library, in a process of its own."""

    def test_sends_of_a_script_are_consumed_in_order(self, path: Path, queue: Queue) -> None:
        sender = script(path, "send", "ours", 200)
        seen = [
            delivery.message.data["number"] for delivery in queue.consume("ours", wait=timedelta(seconds=2))
        ]
        assert len(outcome(sender)) == 200
        assert seen == list(range(200))
        assert {record.status for record in queue.list("ours", limit=500)} == {"completed"}

    def test_keyed_sends_of_a_script_keep_their_order_beside_ours(self, path: Path, queue: Queue) -> None:
        sender = script(path, "send", "ours", 50, "k")
        while sender.poll() is None:
            queue.send("ours", {"number": -1}, partition_key="k", priority=9)
        outcome(sender)
        row_ids = [delivery.row_id for delivery in queue.consume("ours", wait=BRIEF)]
        assert row_ids == sorted(row_ids)
        assert len(row_ids) >= 50

    def test_script_consumes_with_the_published_statements_while_we_send(
        self, path: Path, queue: Queue, published: Path
    ) -> None:
        consumer = script(path, "consume", "theirs", 100, published)
        row_ids = [queue.send("theirs", {"number": number}).row_id for number in range(100)]
        seen = outcome(consumer)
        assert sorted(each["number"] for each in seen) == list(range(100))
        records = queue.list("theirs", limit=200)
        assert [record.row_id for record in records] == row_ids
        assert {(record.status, record.attempts) for record in records} == {("completed", 1)}

    def test_two_scripts_never_get_the_same_message(self, path: Path, queue: Queue, published: Path) -> None:
        queue.send_many("theirs", [{"number": number} for number in range(200)])
        halves = [script(path, "consume", "theirs", 100, published) for _ in range(2)]
        numbers = [each["number"] for half in halves for each in outcome(half)]
        assert sorted(numbers) == list(range(200))

    def test_sleeping_consumer_finds_a_strangers_row_soon(self, path: Path, queue: Queue) -> None:
        sender = script(path, "send", "ours", 1)
        (delivery,) = queue.claim("ours", wait=PATIENCE)
        assert delivery.message.data == {"number": 0}
        delivery.ack()
        outcome(sender)

    def test_timeline_of_a_message_that_strangers_sent_and_consumed_is_whole(
        self, path: Path, queue: Queue, published: Path
    ) -> None:
        outcome(script(path, "send", "theirs", 1))
        outcome(script(path, "consume", "theirs", 1, published))
        (record,) = queue.list("theirs")
        events = [entry.event for entry in queue.timeline(record.message.id)]
        assert events == ["message.sent", "message.claimed", "message.completed"]
