"""What the database itself does for programs that know nothing of Crossdock, and what it does not let them do.

The statements here are those that somebody would write who has read nothing but the names of the columns.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import LeaseLost, Queue, RetryPolicy, StoreError
from crossdock.store.sqlite.ddl import statements
from tests.contract.case import claim_one, drain, events, numbers, strict

if TYPE_CHECKING:
    from crossdock import Record

    Sql = Callable[..., list[Any]]

INSERT = "INSERT INTO data_staging (source_app, target_app, data) VALUES ('shop', 'app', '{\"n\": 1}')"
NEXT = "SELECT id FROM data_staging WHERE target_app = 'app' AND status = 'pending' AND blocked = 0 ORDER BY id LIMIT 1"
CLAIM = f"UPDATE data_staging SET status = 'processing' WHERE id = ({NEXT})"
SLACK = timedelta(seconds=20)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with Queue(f"sqlite:///{tmp_path}/work.db", app="tests") as opened:
        yield opened


@pytest.fixture
def sql(queue: Queue) -> Sql:
    def run(statement: str, *parameters: Any) -> list[Any]:
        with strict(queue):
            found: list[Any] = queue._store.open_store.exclusive(
                lambda database: database.execute(statement, parameters).fetchall()
            )
        return found

    return run


def the_one(queue: Queue) -> Record:
    (record,) = queue.list("app")
    return record


def is_now(moment: datetime | None) -> bool:
    return moment is not None and abs(datetime.now(UTC) - moment) < SLACK


def told(queue: Queue) -> list[str]:
    return events(queue, the_one(queue).message.id)


class TestSend:
    def test_three_columns_are_a_complete_send(self, queue: Queue, sql: Sql) -> None:
        sql(INSERT)
        sql(INSERT)
        first, second = queue.list("app")
        assert uuid.UUID(first.message.id).version == 4
        assert uuid.UUID(first.message.id).variant == uuid.RFC_4122
        assert first.message.id != second.message.id
        assert (first.message.data, first.message.source, first.message.type) == (
            {"n": 1},
            "shop",
            "crossdock.message",
        )
        assert (first.message.priority, first.message.datacontenttype) == (4, "application/json")
        assert (first.status, first.attempts, first.crashes, first.revision) == ("pending", 0, 0, 0)
        assert (first.created_by, first.source_app) == ("sql", "shop")
        assert is_now(first.created_at)
        assert is_now(first.message.time)
        assert drain(queue) == [{"n": 1}, {"n": 1}]
        assert events(queue, first.message.id) == ["sent", "claimed", "completed"]

    @pytest.mark.parametrize(
        "columns",
        [
            {"status": "'processing'"}, {"status": "'completed'"}, {"status": "'nonsense'"}, {"priority": "10"},
            {"priority": "-1"}, {"max_attempts": "0"}, {"attempts": "-1"}, {"source_app": "''"}, {"message_id": "''"},
            {"target_app": "NULL"}, {"data": "NULL"}, {"blocked": "2"}, {"available_at": "'2026-01-01T00:00:00Z'"},
            {"available_at": "'tomorrow'"}, {"expires_at": "1767225600"}, {"available_at": "datetime('now')"},
        ],
        ids=str,
    )  # fmt: skip
    def test_wrong_values_are_refused(self, queue: Queue, sql: Sql, columns: dict[str, str]) -> None:
        row = {"source_app": "'shop'", "target_app": "'app'", "data": "'1'", **columns}
        with pytest.raises(StoreError):
            sql(f"INSERT INTO data_staging ({', '.join(row)}) VALUES ({', '.join(row.values())})")
        assert queue.list() == []

    def test_same_message_twice_is_refused(self, queue: Queue, sql: Sql) -> None:
        statement = INSERT.replace("data)", "data, message_id)").replace("')", "', 'one')")
        sql(statement)
        with pytest.raises(StoreError, match="UNIQUE"):
            sql(statement)

    def test_schedule_priority_and_bytes_may_be_given(self, queue: Queue, sql: Sql) -> None:
        columns = "source_app, target_app, data, data_bytes, content_type, priority, available_at"
        soon = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-1 second')"
        sql(
            f"INSERT INTO data_staging ({columns}) VALUES ('s', 'app', 'null', x'00ff', 'image/png', 9, {soon})"
        )
        sql(INSERT)
        first = claim_one(queue)
        assert (first.message.data, first.message.datacontenttype) == (b"\x00\xff", "image/png")

    def test_deferred_row_is_blocked_behind_its_key(self, queue: Queue, sql: Sql) -> None:
        keyed = INSERT.replace("data)", "data, partition_key)").replace("')", "', 'k')")
        for _ in range(3):
            sql(keyed)
        assert [record.blocked for record in queue.list()] == [False, True, True]


class TestClaim:
    def test_everything_that_a_claim_needs_is_filled_in(self, queue: Queue, sql: Sql) -> None:
        sql(INSERT)
        sql(CLAIM)
        record = the_one(queue)
        assert (record.status, record.attempts, record.lease_owner) == ("processing", 1, "sql")
        assert is_now(record.claimed_at)
        assert is_now(record.updated_at)
        assert record.lease_until is not None
        assert is_now(record.lease_until - timedelta(seconds=30))
        assert len(sql("SELECT lease_token FROM data_staging")[0][0]) == 32
        assert queue.claim("app") == []
        assert told(queue) == ["sent", "claimed"]

    def test_lease_of_its_own_is_kept(self, queue: Queue, sql: Sql) -> None:
        sql(INSERT)
        until = "2099-01-01 00:00:00.000000"
        sql(
            "UPDATE data_staging SET status = 'processing', lease_owner = 'their-worker', lease_token = 'theirs', "
            f"lease_until = '{until}'"
        )
        record = the_one(queue)
        assert record.lease_owner == "their-worker"
        assert record.lease_until == datetime(2099, 1, 1, tzinfo=UTC)
        assert sql("SELECT lease_token FROM data_staging") == [("theirs",)]

    def test_each_claim_has_a_token_of_its_own(self, queue: Queue, sql: Sql) -> None:
        queue.send_many("app", range(3))
        for _ in range(3):
            sql(CLAIM)
        assert len({token for (token,) in sql("SELECT lease_token FROM data_staging")}) == 3

    def test_lapsed_lease_goes_to_another_worker(self, queue: Queue, sql: Sql) -> None:
        sql(INSERT)
        sql("UPDATE data_staging SET status = 'processing', lease_until = '2020-01-01 00:00:00.000000'")
        delivery = claim_one(queue, wait=timedelta(seconds=20))
        assert delivery.attempt == 2
        assert told(queue) == ["sent", "claimed", "lapsed", "claimed"]


class TestSettle:
    @pytest.fixture(autouse=True)
    def claimed(self, sql: Sql) -> None:
        sql(INSERT)
        sql(CLAIM)

    def test_completed(self, queue: Queue, sql: Sql) -> None:
        sql("UPDATE data_staging SET status = 'completed', result = '{\"ok\": true}'")
        record = the_one(queue)
        assert (record.status, record.result, record.lease_until) == ("completed", {"ok": True}, None)
        assert is_now(record.processed_at)
        assert told(queue) == ["sent", "claimed", "completed"]

    @pytest.mark.parametrize(
        ("error", "code", "message"),
        [
            (None, "PERMANENT", "set to failed by another program"),
            ('{"code": "PERMANENT", "message": "no such order"}', "PERMANENT", "no such order"),
            ("plain words", "PERMANENT", "plain words"),
        ],
    )
    def test_failed(self, queue: Queue, sql: Sql, error: str | None, code: str, message: str) -> None:
        sql("UPDATE data_staging SET status = 'failed', error = ?", error)
        record = the_one(queue)
        assert record.error is not None
        assert (record.status, record.error.code, record.error.message) == ("failed", code, message)
        assert is_now(record.processed_at)
        assert told(queue) == ["sent", "claimed", "failed"]

    def test_returned(self, queue: Queue, sql: Sql) -> None:
        sql("UPDATE data_staging SET status = 'pending'")
        record = the_one(queue)
        assert (record.status, record.attempts, record.lease_owner, record.processed_at) == (
            "pending",
            1,
            None,
            None,
        )
        assert told(queue) == ["sent", "claimed", "nacked"]
        assert claim_one(queue).attempt == 2

    def test_returned_for_later(self, queue: Queue, sql: Sql) -> None:
        sql("UPDATE data_staging SET status = 'pending', available_at = '2099-01-01 00:00:00.000000'")
        assert queue.claim("app") == []
        assert queue.stats("app")["app"].scheduled == 1

    @pytest.mark.parametrize("status", ["completed", "failed", "pending"])
    def test_our_worker_loses_its_lease_to_it(self, queue: Queue, sql: Sql, status: str) -> None:
        queue.send("ours", 1)
        delivery = claim_one(queue, "ours")
        sql("UPDATE data_staging SET status = ? WHERE target_app = 'ours'", status)
        with pytest.raises(LeaseLost):
            delivery.ack()


class TestReplay:
    def test_dead_letter_starts_anew(self, queue: Queue, sql: Sql) -> None:
        sql(INSERT)
        sql(CLAIM)
        sql("UPDATE data_staging SET status = 'failed'")
        sql("UPDATE data_staging SET status = 'pending'")
        record = the_one(queue)
        assert (record.status, record.attempts, record.crashes, record.processed_at) == (
            "pending",
            0,
            0,
            None,
        )
        assert told(queue) == ["sent", "claimed", "failed", "replayed"]
        assert drain(queue) == [{"n": 1}]

    def test_completed_one_keeps_its_history(self, queue: Queue, sql: Sql) -> None:
        sql(INSERT)
        drain(queue)
        sql("UPDATE data_staging SET status = 'pending'")
        record = the_one(queue)
        assert (record.status, record.attempts, record.result) == ("pending", 0, None)
        assert told(queue) == ["sent", "claimed", "completed", "replayed"]

    def test_time_budget_begins_anew(self, queue: Queue, sql: Sql) -> None:
        queue.send("app", 1, retry=RetryPolicy(time_budget=timedelta(hours=1)))
        claim_one(queue).fail("no")
        sql("UPDATE data_staging SET created_at = '2020-01-01 00:00:00.000000'")
        sql("UPDATE data_staging SET status = 'pending'")
        since = queue.stats("app")["app"].oldest_due_at
        assert since is not None
        assert datetime.now(UTC) - since < SLACK
        claim_one(queue).nack("no")
        assert the_one(queue).status == "pending"

    def test_expired_one_is_delivered(self, queue: Queue, sql: Sql) -> None:
        sql(INSERT)
        sql("UPDATE data_staging SET expires_at = '2020-01-01 00:00:00.000000'")
        assert queue.claim("app") == []
        sql("UPDATE data_staging SET status = 'pending'")
        assert drain(queue) == [{"n": 1}]


class TestOrderOfKeys:
    @pytest.fixture(autouse=True)
    def sent(self, queue: Queue, sql: Sql) -> None:
        keyed = "INSERT INTO data_staging (source_app, target_app, data, partition_key) VALUES ('s', 'app', ?, 'k')"
        for n in (1, 2, 3):
            sql(keyed, str(n))

    def test_one_goes_after_the_other(self, queue: Queue) -> None:
        assert numbers(queue.claim("app", limit=5)) == [1]

    @pytest.mark.parametrize("end", ["completed", "failed"])
    def test_end_of_the_first_lets_the_next_go(self, queue: Queue, sql: Sql, end: str) -> None:
        sql(CLAIM)
        assert queue.claim("app", limit=5) == []
        sql("UPDATE data_staging SET status = ? WHERE status = 'processing'", end)
        assert numbers(queue.claim("app", limit=5)) == [2]

    def test_returned_one_goes_first_again(self, queue: Queue, sql: Sql) -> None:
        sql(CLAIM)
        sql("UPDATE data_staging SET status = 'pending' WHERE status = 'processing'")
        assert drain(queue) == [1, 2, 3]

    def test_returned_one_that_must_wait_holds_the_others(self, queue: Queue, sql: Sql) -> None:
        sql(CLAIM)
        later = "status = 'pending', available_at = '2099-01-01 00:00:00.000000'"
        sql(f"UPDATE data_staging SET {later} WHERE status = 'processing'")
        assert queue.claim("app", limit=5) == []

    def test_withdrawn_one_is_passed_over(self, queue: Queue, sql: Sql) -> None:
        sql("UPDATE data_staging SET status = 'failed' WHERE data = '1'")
        assert drain(queue) == [2, 3]

    def test_deleted_one_is_passed_over(self, queue: Queue, sql: Sql) -> None:
        sql("DELETE FROM data_staging WHERE data = '1'")
        assert drain(queue) == [2, 3]

    def test_replayed_one_goes_before_the_next_that_waits(self, queue: Queue, sql: Sql) -> None:
        sql("UPDATE data_staging SET status = 'failed' WHERE data = '1'")
        sql("UPDATE data_staging SET status = 'pending' WHERE data = '1'")
        assert numbers(queue.claim("app", limit=5)) == [1]
        assert [record.blocked for record in queue.list("app", status="pending")] == [True, True]

    def test_replayed_one_waits_for_the_one_in_hand(self, queue: Queue, sql: Sql) -> None:
        sql("UPDATE data_staging SET status = 'failed' WHERE data = '1'")
        second = claim_one(queue)
        sql("UPDATE data_staging SET status = 'pending' WHERE data = '1'")
        assert queue.claim("app", limit=5) == []
        second.ack()
        assert drain(queue) == [1, 3]

    def test_dead_letter_holds_its_key_if_told_so(self, queue: Queue, sql: Sql) -> None:
        queue.set_on_dead("app", "block")
        sql(CLAIM)
        sql("UPDATE data_staging SET status = 'failed' WHERE status = 'processing'")
        assert queue.claim("app", limit=5) == []
        sql("UPDATE data_staging SET status = 'pending' WHERE status = 'failed'")
        assert drain(queue) == [1, 2, 3]


class TestEdit:
    @pytest.mark.parametrize(
        "change", ["priority = 9", "data = '{\"n\": 2}'", "max_attempts = 1", "expires_at = NULL"]
    )
    def test_change_of_a_waiting_message_is_seen(self, queue: Queue, sql: Sql, change: str) -> None:
        sent = queue.send("app", 1)
        sql("UPDATE data_staging SET updated_at = '2020-01-01 00:00:00.000000', revision = 7")
        sql(f"UPDATE data_staging SET {change}")
        record = queue.get(sent.id)
        assert is_now(record.updated_at)
        assert record.revision == 8


def test_triggers_find_what_they_change_by_an_index(sql: Sql) -> None:
    """Or each row of another program would cost a look at the whole table."""
    triggers = [text for text in statements() if text.startswith("CREATE TRIGGER")]
    bodies = [text.partition("BEGIN\n")[2].rpartition("END")[0] for text in triggers]
    parts = [part for body in bodies for part in body.split(";\n") if part.strip() and "RAISE" not in part]
    assert len(parts) > 10
    for part in parts:
        plan = [step[3] for step in sql("EXPLAIN QUERY PLAN " + re.sub(r"\b(NEW|OLD)\.\w+", "'x'", part))]
        assert not [step for step in plan if step.startswith("SCAN data_staging")], (part, plan)


class TestViews:
    @pytest.fixture(autouse=True)
    def filled(self, queue: Queue) -> None:
        queue.send_many("app", range(4))
        claim_one(queue).ack()
        claim_one(queue).fail("no such order")
        claim_one(queue)
        queue.send("app", 5, delay=timedelta(hours=1))
        queue.send_many("app", [6, 7], partition_key="k")
        queue.send("other", 8)

    def test_queue_depth(self, queue: Queue, sql: Sql) -> None:
        found = {
            (app, state): count for app, state, count in sql("SELECT app, state, messages FROM queue_depth")
        }
        assert found == {
            ("app", "ready"): 2, ("app", "blocked"): 1, ("app", "scheduled"): 1, ("app", "processing"): 1,
            ("app", "completed"): 1, ("app", "failed"): 1, ("other", "ready"): 1,
        }  # fmt: skip

    def test_oldest_due(self, sql: Sql) -> None:
        found = dict(sql("SELECT app, age_s FROM oldest_due"))
        assert found.keys() == {"app", "other"}
        assert all(-1 < age < SLACK.total_seconds() for age in found.values())

    def test_dead_letters(self, queue: Queue, sql: Sql) -> None:
        rows = sql("SELECT app, source_app, code, reason, data, attempts FROM dead_letters")
        assert rows == [("app", "tests", "PERMANENT", "no such order", "1", 1)]
        (record,) = queue.list("app", status="failed")
        queue.delete(record.message.id)
        assert sql("SELECT * FROM dead_letters") == []

    def test_latency(self, sql: Sql) -> None:
        ((app, messages, wait_s, work_s),) = sql(
            "SELECT app, messages, mean_wait_s, mean_work_s FROM latency"
        )
        assert (app, messages) == ("app", 1)
        assert 0 <= wait_s < SLACK.total_seconds()
        assert 0 <= work_s < SLACK.total_seconds()

    def test_all_messages(self, sql: Sql) -> None:
        assert sql("SELECT count(*), count(archived_at) FROM all_messages") == [(8, 0)]
