"""Every statement finds its rows by an index, whatever else the table holds (P17)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crossdock import Queue
from crossdock.domain.lifecycle import Status
from crossdock.store import statements
from crossdock.store.prepared import prepare

PARAMETERS: dict[str, Any] = {
    "app": "validator", "now": "2026-11-21 12:00:00.000000", "limit": 100, "key": "customer-3", "row_id": 5,
    "token": "t", "owner": "o", "until": "2026-11-21 12:00:30.000000", "keep_s": 1.0, "ids": "[1, 2]", "after": 0,
    "available_at": "", "refund": 0, "crashed": 0, "error": "", "priority": 4, "suspect_id": 9, "message_id": "m",
    "source_app": "python", "result": "1", "code": "PERMANENT", "status": "completed", "before": "2026-11-21",
}  # fmt: skip
DAILY: list[tuple[Any, dict[str, Any], str]] = [
    (statements.find_sent, {}, "uq_data_staging_message"),
    (statements.is_paused, {}, "sqlite_autoindex_queue_state_1"),
    (statements.promote_due, {}, "idx_due"),
    (statements.expired, {}, "idx_expiry"),
    (statements.first_suspect, {"unexpired": False}, "idx_suspect"),
    (statements.claim_first, {"kept": True, "before_suspect": False, "unexpired": False}, "idx_claim"),
    (statements.claim_first, {"kept": False, "before_suspect": True, "unexpired": True}, "idx_claim"),
    (statements.run_of_key, {}, "idx_partition_key"),
    (statements.release_key, {}, "idx_partition_key"),
    (statements.hold_key, {}, "idx_partition_key"),
    (statements.complete, {"with_result": False}, "INTEGER PRIMARY KEY"),
    (statements.give_back, {}, "INTEGER PRIMARY KEY"),
    (statements.fail_held, {}, "INTEGER PRIMARY KEY"),
    (statements.extend, {}, "INTEGER PRIMARY KEY"),
    (statements.overdue, {}, "idx_status_created"),
    (statements.owned, {}, "idx_status_created"),
    (statements.owners, {}, "idx_status_created"),
    (statements.next_due, {}, "idx_due"),
    (statements.has_work, {}, "idx_claim"),
    (statements.by_message_id, {"with_app": False, "with_source": False}, "uq_data_staging_message"),
    (statements.finished_depth, {}, "idx_target_app"),
    (statements.processing_depth, {}, "idx_status_created"),
    (statements.ready_depth, {"suspect": False}, "idx_claim"),
    (statements.scheduled_depth, {}, "idx_due"),
    (statements.blocked_depth, {}, "idx_blocked"),
    (statements.audit_of, {}, "idx_audit_row"),
]
SELDOM: list[tuple[Any, dict[str, Any], str]] = [
    (statements.due_depth, {}, "idx_due"),
    (statements.oldest_ready, {"suspect": True}, "idx_suspect"),
    (statements.oldest_ready, {"suspect": False}, "idx_claim"),
    (statements.oldest_due, {}, "idx_due"),
    (statements.deleted_depth, {}, "idx_deleted"),
    (statements.claim_ids, {"kept": True}, "INTEGER PRIMARY KEY"),
    (statements.fail_pending, {}, "INTEGER PRIMARY KEY"),
    (statements.cancel, {}, "INTEGER PRIMARY KEY"),
    (statements.replay, {}, "INTEGER PRIMARY KEY"),
    (statements.delete_row, {}, "INTEGER PRIMARY KEY"),
    (statements.purge, {}, "idx_target_app"),
    (statements.purge_log, {}, "idx_audit_row"),
    (statements.dead_keys, {}, "idx_target_app"),
    (statements.free_dead, {}, "idx_target_app"),
    (statements.of_app, {"status": Status.FAILED, "with_code": True}, "idx_target_app"),
    (statements.listing, {"with_app": True, "status": Status.FAILED, "newest_first": True}, "idx_target_app"),
    (statements.listing, {"with_app": False, "status": None, "newest_first": True}, "INTEGER PRIMARY KEY"),
]


@pytest.fixture(scope="module", params=["without statistics", "with statistics"])
def database(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Any]:
    path: Path = tmp_path_factory.mktemp("plans") / "work.db"
    with Queue(f"sqlite:///{path}") as queue:
        queue.send_many("validator", range(100_000))
        queue.send_many("validator", range(2_000), partition_key="customer-3")
        writer = queue._store.open_store._writer
        if request.param == "with statistics":
            writer.execute("ANALYZE")
        yield writer


@pytest.mark.parametrize(("build", "options", "index"), [*DAILY, *SELDOM])
def test_every_statement_uses_its_index(
    database: Any, build: Any, options: dict[str, Any], index: str
) -> None:
    prepared = prepare(build, **options)
    plan = [
        row[3]
        for row in database.execute(
            f"EXPLAIN QUERY PLAN {prepared.sql}", prepared.bind(**PARAMETERS)
        ).fetchall()
    ]
    assert any(index in step for step in plan), plan
    unindexed = [step for step in plan if step.startswith("SCAN data_staging") and "USING" not in step]
    assert not unindexed, plan


def test_the_claim_needs_no_sorting(database: Any) -> None:
    prepared = prepare(statements.claim_first, kept=True, before_suspect=False, unexpired=False)
    plan = database.execute(f"EXPLAIN QUERY PLAN {prepared.sql}", prepared.bind(**PARAMETERS)).fetchall()
    assert not [row for row in plan if "ORDER BY" in row[3]]


def test_no_statement_is_prepared_anew_at_each_execution(database: Any) -> None:
    """A bare parameter in LIMIT makes SQLite look at its value when it plans, and plan again when it changes."""
    for build, options, _ in [*DAILY, *SELDOM]:
        sql = prepare(build, **options).sql
        assert "LIMIT ?" not in sql, sql
