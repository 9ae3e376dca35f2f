"""Rows that other programs wrote and nobody can read: set aside one by one, never in the way of the others."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import CrossdockError
from tests.contract.case import IN_MEMORY, POSTGRESQL, SQLITE, drain, events, numbers

if TYPE_CHECKING:
    from crossdock import Queue
    from tests.contract.case import Case

NOT_A_DAY = "2026-19-39 29:59:69.000000"  # of the right shape, so that the CHECK lets it pass

BAD_RETRY = {
    "retry out of range": {
        "retry": '{"max_attempts":0,"backoff_min_s":1,"backoff_max_s":1,"jitter":true,"time_budget_s":null}'
    },
    "retry too large": {
        "retry": '{"max_attempts":1,"backoff_min_s":1,"backoff_max_s":1e300,"jitter":true,"time_budget_s":null}'
    },
    "retry of words": {
        "retry": '{"max_attempts":"many","backoff_min_s":"a","backoff_max_s":1,"jitter":1,"time_budget_s":[]}'
    },
}
BAD_IN_SQLITE = {
    "no JSON": {"data": "{not json"},
    "empty": {"data": ""},
    "NaN": {"data": "NaN"},
    "blob for text": {"data": b"\xff\xfe"},
    "not UTF-8": {"data": "CAST(x'22ff22' AS TEXT)"},
    "deep nesting": {"data": "[" * 100_000},
    "text for bytes": {"data_bytes": "text"},
    "number for bytes": {"data_bytes": 10**15},
    "impossible time": {"time": NOT_A_DAY},
    "impossible expiry": {"expires_at": "9999-99-99 00:00:00.000000".replace("9999-99-99", "9999-19-39")},
    "impossible creation": {"created_at": NOT_A_DAY},
    "extensions no JSON": {"extensions": "{"},
    "extensions a number": {"extensions": "5"},
    "retry no JSON": {"retry": "{"},
    "retry a list": {"retry": "[]"},
    "retry empty": {"retry": "{}"},
    **BAD_RETRY,
}
"""What is wrong -> the columns that say it; CAST(…) stands for itself."""
BAD_IN_POSTGRESQL = {
    "number of many digits": {"data": "1e100000"},
    "endless time": {"time": "infinity"},
    "endless expiry": {"expires_at": "infinity"},
    "creation before all time": {"created_at": "-infinity"},
    "creation before Christ": {"created_at": "0044-03-15 12:00:00+00 BC"},
    "year of five digits": {"time": "12024-01-01 00:00:00+00"},
    "extensions a number": {"extensions": "5"},
    "retry a list": {"retry": "[]"},
    "retry empty": {"retry": "{}"},
    **BAD_RETRY,
}
"""What its types let through, though nobody can read it; most of what is bad in SQLite is refused there."""
BROKEN = {"extensions": "5"}
"""What is wrong everywhere."""
_ROWS = [
    *(
        pytest.param(store, columns, id=f"{'-'.join(store)}-{what}")
        for store in [*SQLITE, *IN_MEMORY]
        for what, columns in BAD_IN_SQLITE.items()
    ),
    *(
        pytest.param(*store.values, columns, id=f"{'-'.join(store.values[0])}-{what}", marks=store.marks)
        for store in POSTGRESQL
        for what, columns in BAD_IN_POSTGRESQL.items()
    ),
]
bad_row = pytest.mark.parametrize(("case", "columns"), _ROWS, indirect=["case"])


def insert(case: Case, queue: Queue, columns: dict[str, Any]) -> None:
    """Insert a row as another program would: a good one, but for ``columns``."""
    row = {"source_app": "stranger", "target_app": "app", "data": '"fine"', "message_id": "bad", **columns}
    marks = [value if str(value).startswith("CAST(") else "?" for value in row.values()]
    values = [value for value in row.values() if not str(value).startswith("CAST(")]
    case.sql(queue, f"INSERT INTO data_staging ({', '.join(row)}) VALUES ({', '.join(marks)})", values)


@bad_row
def test_bad_row_is_set_aside_and_its_neighbours_delivered(
    case: Case, queue: Queue, columns: dict[str, Any]
) -> None:
    queue.send("app", 1)
    insert(case, queue, columns)
    queue.send("app", 2)
    assert numbers(queue.claim("app", limit=10)) == [1, 2]
    record = queue.get("bad")
    assert (record.status, record.attempts) == ("failed", 1)
    assert record.error is not None
    assert record.error.code == "INVALID_MESSAGE"
    (column,) = columns
    assert [field for field, _ in record.error.details] == [column]
    assert f": {column}: " in record.error.message
    assert events(queue, "bad") == ["sent", "claimed", "failed"]


@bad_row
def test_consumer_goes_on_past_a_bad_row(case: Case, queue: Queue, columns: dict[str, Any]) -> None:
    insert(case, queue, {**columns, "priority": 9})
    queue.send("app", 1)
    assert drain(queue) == [1]
    assert queue.get("bad").status == "failed"


@bad_row
def test_bad_row_can_be_looked_at_and_worked_on(case: Case, queue: Queue, columns: dict[str, Any]) -> None:
    insert(case, queue, columns)
    assert len(queue.list("app")) == 1
    assert queue.get("bad").source_app == "stranger"
    assert queue.stats("app")["app"].ready == 1
    assert events(queue, "bad") == ["sent"]
    assert queue.cancel("bad").status == "failed"
    assert queue.replay_many("app") == 1
    queue.cancel("bad")
    queue.delete("bad")
    assert queue.purge("app", status="failed") == 1


def json_column(case: Case, value: str) -> str:
    """Return what a stranger writes: any text, or where the column refuses that, the text as JSON."""
    if not case.on_postgresql:
        return value
    try:
        json.loads(value)
    except ValueError:
        return json.dumps(value)
    return value


def test_mended_row_is_delivered(case: Case, queue: Queue) -> None:
    insert(case, queue, {"data": "1e100000" if case.on_postgresql else "{not json"})
    assert drain(queue) == []
    if not case.on_postgresql:
        assert queue.get("bad").message.data == "{not json"
    queue.edit("bad", data={"mended": True})
    queue.replay("bad")
    assert drain(queue) == [{"mended": True}]


@pytest.mark.many_rows
def test_many_bad_rows_do_not_end_a_consumer(case: Case, queue: Queue) -> None:
    for n in range(250):
        insert(case, queue, {**BROKEN, "message_id": f"bad-{n}", "priority": 9})
    queue.send("app", "good")
    assert drain(queue) == ["good"]
    assert queue.stats("app")["app"].failed == 250


def test_data_of_many_levels_stops_nobody(case: Case, queue: Queue) -> None:
    """Some Pythons can read it, some give up; either way it goes past."""
    insert(case, queue, {"data": "[" * 5000 + "]" * 5000})
    queue.send("app", 1)
    assert drain(queue)[-1] == 1
    assert len(queue.list("app")) == 2


def test_bad_row_lets_the_next_of_its_key_go(case: Case, queue: Queue) -> None:
    insert(case, queue, {**BROKEN, "partition_key": "k"})
    queue.send("app", 2, partition_key="k")
    assert drain(queue) == [2]


def test_impossible_schedule_stops_nobody(case: Case, queue: Queue) -> None:
    never = "infinity" if case.on_postgresql else "2099-19-39 00:00:00.000000"
    insert(case, queue, {"available_at": never})
    queue.send("app", 1)
    assert drain(queue) == [1]
    assert queue.claim("app", wait=timedelta(milliseconds=20)) == []
    assert queue.stats("app")["app"].scheduled == 1


BAD_CLAIMS = [{"lease_until": NOT_A_DAY}, {"retry": "{"}, {"created_at": NOT_A_DAY}, {"lease_keep_s": "'x'"}]
BAD_CLAIMS_IN_POSTGRESQL = [
    {"lease_until": "-infinity"},
    {"retry": "[5]"},
    {"created_at": "-infinity"},
    {"lease_keep_s": "nan"},
]


@pytest.mark.parametrize("kind", range(4))
def test_strangers_claim_that_cannot_be_read_lapses(case: Case, queue: Queue, kind: int) -> None:
    """What the rescuer cannot read must neither end it nor keep it from the leases of others."""
    for n in (1, 2):
        insert(case, queue, {"message_id": f"held-{n}"})
    columns = BAD_CLAIMS_IN_POSTGRESQL if case.on_postgresql else BAD_CLAIMS
    ((name, value),) = columns[kind].items()
    claim = "UPDATE data_staging SET status = 'processing', lease_until = '2020-01-01 00:00:00.000000'"
    case.sql(queue, f"{claim} WHERE message_id IN ('held-1', 'held-2')")
    case.sql(queue, f"UPDATE data_staging SET {name} = ? WHERE message_id = 'held-1'", [value])
    case.lapse(queue)
    assert queue.get("held-2").status == "pending"
    case.clock.advance(timedelta(days=36500))
    case.rescue(queue)
    assert queue.get("held-1").status in {"pending", "failed"}


ERRORS = [
    "boom",
    '"boom"',
    "[1]",
    "5",
    '{"code": 5}',
    '{"details": 7}',
    '{"details": [{"field": "a"}]}',
    '{"details": [1]}',
]


@pytest.mark.parametrize("error", ERRORS)
def test_strangers_own_words_for_an_error_are_kept(case: Case, queue: Queue, error: str) -> None:
    insert(case, queue, {})
    statement = "UPDATE data_staging SET status = 'failed', error = ? WHERE message_id = 'bad'"
    case.sql(queue, statement, [json_column(case, error)])
    record = queue.get("bad")
    assert record.error is not None
    assert [one.message.id for one in queue.list("app", status="failed")] == ["bad"]
    assert queue.replay_many("app", code="CANCELLED") == 0
    assert case.sql(queue, "SELECT count(*) FROM dead_letters") == [(1,)]
    assert len(case.sql(queue, "SELECT code, reason FROM dead_letters")) == 1
    assert queue.replay_many("app") == 1


def test_strangers_own_words_for_a_result_are_kept(case: Case, queue: Queue) -> None:
    insert(case, queue, {})
    case.sql(queue, "UPDATE data_staging SET status = 'processing' WHERE message_id = 'bad'")
    statement = "UPDATE data_staging SET status = 'completed', result = ? WHERE message_id = 'bad'"
    case.sql(queue, statement, [json_column(case, "all fine")])
    assert queue.get("bad").result == "all fine"


def test_sending_what_a_bad_row_holds_already_is_told(case: Case, queue: Queue) -> None:
    insert(case, queue, BROKEN)
    try:
        assert queue.send("app", 1, message_id="bad", source_app="stranger").duplicate
    except CrossdockError as error:
        assert "bad" in str(error)  # noqa: PT017 - either answer will do, so long as it is one


@pytest.mark.parametrize(
    "details", ["{", "[1]", '"text"', '{"claimed_at": "' + NOT_A_DAY + '"}', '{"claimed_at": 5}']
)
def test_strangers_line_in_the_audit_log_is_told_as_far_as_it_can_be(
    case: Case, queue: Queue, details: str
) -> None:
    sent = queue.send("app", 1)
    statement = "INSERT INTO audit_log (row_id, event, details) VALUES (?, 'message.noted', ?)"
    case.sql(queue, statement, [sent.row_id, json_column(case, details)])
    assert "noted" in events(queue, sent.id)
