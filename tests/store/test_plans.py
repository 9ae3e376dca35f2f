"""Every statement finds its rows by an index, whatever else the table holds (P17)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import Queue, StoreSettings
from crossdock.domain.lifecycle import Status
from crossdock.store import statements
from crossdock.store.prepared import prepare
from crossdock.store.reading import Reader
from crossdock.store.statements import listing
from crossdock.store.transaction import PreparedStatements

PARAMETERS: dict[str, Any] = {
    "app": "validator", "now": "2026-11-21 12:00:00.000000", "limit": 100, "key": "customer-3", "row_id": 5,
    "token": "t", "owner": "o", "until": "2026-11-21 12:00:30.000000", "keep_s": 1.0, "ids": "[1, 2]", "after": 0,
    "available_at": "", "refund": 0, "crashed": 0, "error": "", "priority": 4, "suspect_id": 9, "message_id": "m",
    "source_app": "python", "result": "1", "code": "PERMANENT", "status": "completed", "before": "2026-11-21",
    "since": "2026-11-20", "skip": 1000, "first": "2026-11/a", "last": "2026-11/b",
    "fallback": "rescue", "extensions": "{}", "who": "o", "rate_next_at": "2026-11-21 12:00:00.000000",
    "which": "report", "times": "{}", "at": "2026-11-21 12:00:00.000000", "event": "e", "details": "",
}  # fmt: skip
PARTS: list[tuple[Any, str]] = [
    (listing.unharmed, "idx_claim"),
    (listing.suspect, "idx_suspect"),
    (listing.scheduled, "idx_due"),
    (listing.blocked, "idx_blocked"),
    (listing.finished, "idx_target_app"),
]
DAILY: list[tuple[Any, dict[str, Any], str]] = [
    (statements.find_sent, {}, "uq_data_staging_message"),
    (statements.claim_state, {}, "sqlite_autoindex_queue_state_1"),
    (statements.limits, {}, "idx_status_created"),
    (statements.spend_rate, {}, "sqlite_autoindex_queue_state_1"),
    (statements.halted_until, {}, "sqlite_autoindex_queue_state_1"),
    (statements.depth_up_to, {}, "idx_claim"),
    (statements.promote_due, {}, "idx_due"),
    (statements.expired, {}, "idx_expiry"),
    (statements.first_suspect, {"unexpired": False}, "idx_suspect"),
    (statements.claim_first, {"kept": True, "before_suspect": False, "unexpired": False}, "idx_claim"),
    (statements.claim_first, {"kept": False, "before_suspect": True, "unexpired": True}, "idx_claim"),
    (statements.whole, {}, "INTEGER PRIMARY KEY"),
    (statements.run_of_key, {}, "idx_partition_key"),
    (statements.release_key, {}, "idx_partition_key"),
    (statements.hold_key, {}, "idx_partition_key"),
    (statements.complete, {"with_result": False, "heard": False}, "INTEGER PRIMARY KEY"),
    (statements.give_back, {}, "INTEGER PRIMARY KEY"),
    (statements.fail_held, {}, "INTEGER PRIMARY KEY"),
    (statements.extend, {}, "INTEGER PRIMARY KEY"),
    (statements.overdue, {}, "idx_status_created"),
    (statements.owned, {}, "idx_status_created"),
    (statements.owners, {}, "idx_status_created"),
    (statements.next_due, {}, "idx_due"),
    (statements.has_work, {"suspects": True}, "idx_claim"),
    (statements.has_work, {"suspects": False}, "idx_claim"),
    (statements.by_message_id, {"with_app": False, "with_source": False}, "uq_data_staging_message"),
    (statements.finished_depth, {}, "idx_target_app"),
    (statements.processing_depth, {}, "idx_status_created"),
    (statements.ready_depth, {"suspect": False}, "idx_claim"),
    (statements.scheduled_depth, {}, "idx_due"),
    (statements.blocked_depth, {}, "idx_blocked"),
    (statements.audit_of, {}, "idx_audit_row"),
    (statements.actions_on, {}, "idx_audit_app"),
    (statements.aged, {}, "idx_target_app"),
    (statements.nth_newest, {}, "idx_target_app"),
    (statements.archive_rows, {}, "INTEGER PRIMARY KEY"),
    (statements.drop_staged, {}, "INTEGER PRIMARY KEY"),
    (statements.find_archived, {}, "idx_archive_message"),
    (statements.records_of_archive, {"with_app": False, "with_source": False}, "idx_archive_message"),
    (statements.record_of_archive, {}, "INTEGER PRIMARY KEY"),
    (statements.archived_app_after, {}, "idx_archive_a"),
    (statements.oldest_archived, {}, "idx_archive_age"),
    (statements.next_slot, {}, "idx_schedule_next"),
    (statements.due_schedules, {}, "idx_schedule_next"),
    (statements.schedule_by_name, {}, "sqlite_autoindex_schedule_1"),
]
SELDOM: list[tuple[Any, dict[str, Any], str]] = [
    (statements.due_depth, {}, "idx_due"),
    (statements.ready_depth, {"suspect": True}, "idx_suspect"),
    (statements.oldest_due, {}, "idx_due"),
    (statements.deleted_depth, {}, "idx_deleted"),
    (statements.fallback_of, {}, "sqlite_autoindex_queue_state_1"),
    (statements.send_to_fallback, {}, "INTEGER PRIMARY KEY"),
    (statements.claim_ids, {"kept": True}, "INTEGER PRIMARY KEY"),
    (statements.fail_pending, {}, "INTEGER PRIMARY KEY"),
    (statements.cancel, {"waiting": False}, "INTEGER PRIMARY KEY"),
    (statements.replay, {}, "INTEGER PRIMARY KEY"),
    (statements.cancel_listed, {}, "INTEGER PRIMARY KEY"),
    (statements.replay_listed, {}, "INTEGER PRIMARY KEY"),
    (statements.log_listed, {}, "INTEGER PRIMARY KEY"),
    (statements.hold_waiting, {}, "idx_partition_key"),
    (statements.delete_row, {}, "INTEGER PRIMARY KEY"),
    (statements.purge, {}, "idx_target_app"),
    (statements.purge_log, {}, "idx_audit_row"),
    (statements.archived_ids, {"with_app": True, "newest_first": True}, "idx_archive_app"),
    (statements.archived_ids, {"with_app": False, "newest_first": False}, "INTEGER PRIMARY KEY"),
    (statements.archived_records, {"newest_first": True}, "INTEGER PRIMARY KEY"),
    (statements.archived_lines, {}, "idx_archive_age"),
    (statements.completed_sizes, {}, "idx_target_app"),
    (statements.archived_sizes, {}, "idx_archive_age"),
    (statements.histories, {}, "idx_audit_row"),
    (statements.purge_archived, {}, "INTEGER PRIMARY KEY"),
    (statements.file_names, {}, "sqlite_autoindex_archive_file_1"),
    (statements.dead_keys, {}, "idx_target_app"),
    (statements.free_dead, {}, "idx_target_app"),
    (statements.of_app, {"status": Status.FAILED, "with_code": True}, "idx_target_app"),
    (listing.ids_of_all, {"newest_first": True}, "INTEGER PRIMARY KEY"),
    (listing.ids_processing, {"with_app": True, "newest_first": True}, "idx_status_created"),
    (listing.ids_processing, {"with_app": False, "newest_first": False}, "idx_status_created"),
    (listing.records, {"newest_first": True}, "INTEGER PRIMARY KEY"),
    (listing.records, {"newest_first": True, "with_since": True}, "INTEGER PRIMARY KEY"),
    (statements.archived_records, {"newest_first": True, "with_since": True}, "INTEGER PRIMARY KEY"),
    *((listing.next_app, {"part": part}, index) for part, index in PARTS),
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
    plan = _plan(database, build, options)
    assert _is_indexed(plan, index), plan


@pytest.mark.parametrize("newest_first", [False, True], ids=["oldest first", "newest first"])
@pytest.mark.parametrize(("part", "index"), PARTS)
def test_each_part_of_a_list_comes_from_its_index(
    database: Any, part: Any, index: str, newest_first: Any
) -> None:
    """Of an app that has few: where statistics say that nearly all are of one app, its list may walk the table."""
    options = {"part": part, "newest_first": newest_first}
    plan = _plan(database, listing.ids_in_order, options, app="other")
    assert _is_indexed(plan, index), plan


class TestStatisticsOfANearlyEmptyStore:
    """They mislead SQLite for ever; nothing of ours may ever be planned by them."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/work.db"

    @pytest.fixture
    def queue(self, url: str) -> Iterator[Queue]:
        with Queue(url) as queue:
            queue.send_many("validator", range(3))
            queue.send("validator", 1, partition_key="customer-3")
            yield queue

    def test_they_would_mislead(self, queue: Queue) -> None:
        """Otherwise the tests below would show nothing."""
        _analyze(queue)
        assert "claim_first" in _misplanned(queue)
        assert "complete" in _misplanned(queue)

    def test_a_queue_that_opens_forgets_them_for_all(self, queue: Queue, url: str) -> None:
        _analyze(queue)
        with Queue(url) as later:
            assert not _misplanned(later)
            assert not _misplanned(queue)
            assert len(queue.claim("validator", limit=10)) == 4

    def test_a_queue_that_is_open_forgets_them_as_time_goes_by(self, queue: Queue) -> None:
        _analyze(queue)
        queue._housekeeper._tend_at = 0.0
        queue._housekeeper.run_once()
        assert not _misplanned(queue)

    def test_those_of_the_tables_of_an_application_stay(self, queue: Queue, url: str) -> None:
        writer = queue._store.open_store._writer
        writer.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT)")
        writer.execute("INSERT INTO orders (customer) VALUES ('a'), ('b')")
        _analyze(queue)
        with Queue(url):
            kept = writer.execute("SELECT DISTINCT tbl FROM sqlite_stat1").fetchall()
        assert kept == [("orders",)]

    def test_a_store_that_cannot_be_written_opens_nevertheless(self, queue: Queue, url: str) -> None:
        _analyze(queue)
        writer = queue._store.open_store._writer
        writer.execute("BEGIN IMMEDIATE")  # as a program that does not mind our lock of the writers' turn
        try:
            with Queue(url, settings=StoreSettings(lock_timeout=timedelta(milliseconds=50))) as later:
                assert later.stats("validator")["validator"].ready == 4
        finally:
            writer.execute("ROLLBACK")


def _analyze(queue: Queue) -> None:
    """Let another program run ANALYZE."""
    other = queue._store.open_store.connections.open()
    try:
        other.execute("ANALYZE")
    finally:
        other.close()


def _misplanned(queue: Queue) -> list[str]:
    """Return the statements that a connection would not execute by their index."""
    database = queue._store.open_store._writer
    # EXPLAIN alone does not see that the schema changed.
    database.execute("SELECT count(*) FROM data_archive").fetchall()
    return [
        build.__name__
        for build, options, index in [*DAILY, *SELDOM]
        if not _is_indexed(_plan(database, build, options), index)
    ]


def _plan(database: Any, build: Any, options: dict[str, Any], **parameters: Any) -> list[str]:
    """Return the steps of a plan made now: the driver keeps statements by their text, so each is new."""
    prepared = prepare(build, **options)
    sql = f"EXPLAIN QUERY PLAN {prepared.sql} -- {uuid.uuid4()}"
    return [row[3] for row in database.execute(sql, prepared.bind(**{**PARAMETERS, **parameters})).fetchall()]


def _is_indexed(plan: list[str], index: str) -> bool:
    unindexed = [step for step in plan if step.startswith("SCAN data_staging") and "USING" not in step]
    return any(index in step for step in plan) and not unindexed


def test_the_claim_needs_no_sorting(database: Any) -> None:
    prepared = prepare(statements.claim_first, kept=True, before_suspect=False, unexpired=False)
    plan = database.execute(f"EXPLAIN QUERY PLAN {prepared.sql}", prepared.bind(**PARAMETERS)).fetchall()
    assert not [row for row in plan if "ORDER BY" in row[3]]


@pytest.mark.parametrize("newest_first", [False, True], ids=["oldest first", "newest first"])
@pytest.mark.parametrize("status", [None, *Status])
def test_what_others_hold_costs_a_list_nothing(
    database: Any, status: Status | None, newest_first: Any
) -> None:
    """102,000 messages of another app; the steps that SQLite makes are counted in hundreds."""
    hundreds: list[None] = []
    database.set_progress_handler(lambda: hundreds.append(None), 100)
    try:
        reader = Reader(database, PreparedStatements())
        assert reader.list("other", status=status, limit=10, after=None, newest_first=newest_first) == []
    finally:
        database.set_progress_handler(None, 0)
    assert len(hundreds) < 50


@pytest.mark.parametrize("options", [{"suspect": False}, {"suspect": True}], ids=["unharmed", "suspect"])
def test_the_figures_of_ready_messages_come_from_the_index_alone(
    database: Any, options: dict[str, Any]
) -> None:
    prepared = prepare(statements.ready_depth, **options)
    steps = database.execute(f"EXPLAIN {prepared.sql}").fetchall()
    indexes = {cursor for _, name, cursor, _, _, kind, *_ in steps if name == "OpenRead" and "k(" in kind}
    read = {cursor for _, name, cursor, *_ in steps if name == "Column"}
    assert read == indexes


def test_no_statement_is_prepared_anew_at_each_execution(database: Any) -> None:
    """A bare parameter in LIMIT makes SQLite look at its value when it plans, and plan again when it changes."""
    for build, options, _ in [*DAILY, *SELDOM]:
        sql = prepare(build, **options).sql
        assert "LIMIT ?" not in sql, sql


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (statements.insert_one, {"columns": ("source_app", "target_app", "data", "partition_key")}),
        (statements.claim_first, {"kept": True, "before_suspect": False, "unexpired": False}),
        (statements.complete, {"with_result": False, "heard": False}),
    ],
)
def test_no_condition_of_the_schema_makes_a_table_in_memory_for_each_row(
    database: Any, build: Any, options: Any
) -> None:
    """A list of three in a CHECK or a partial index does: such lists took a sixth of what SQLite does for a message."""
    prepared = prepare(build, **options)
    given = tuple(PARAMETERS.get(name, "x") for name in prepared.names)
    steps = database.execute(f"EXPLAIN {prepared.sql}", given).fetchall()
    begun = next(at for at, step in enumerate(steps) if step[1] == "OpenWrite")
    stored = next(at for at, step in enumerate(steps) if step[1] == "Insert" and step[5] == "data_staging")
    assert not [step for step in steps[begun:stored] if step[1] == "OpenEphemeral"]
