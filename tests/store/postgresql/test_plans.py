"""Every statement of each day finds its rows by the index that was made for it, on PostgreSQL, too (P17).

As the store does, each is prepared and planned once, without its values, on the connection of the store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from crossdock import Queue, StoreSettings
from crossdock.store import statements
from crossdock.store.postgresql.dialect import PostgreSQLStatements
from crossdock.store.postgresql.statements import (
    HOLD_KEYS,
    RELEASE_KEYS,
    claim_at_once,
    creation,
    ending_owners,
    renew,
)
from crossdock.store.statements import listing
from tests.postgresql_databases import Databases
from tests.store.test_plans import PARAMETERS

Explain: TypeAlias = Callable[..., list[dict[str, Any]]]

ROW = "pk_data_staging"
ROWS = 20_000
GIVEN = {**PARAMETERS, "ours": "%@here/%", "ids": "[1, 2]", "error": "{}", "details": "{}"}
ALL_OF_APP = {"with_app": True, "with_source": False}
PAIRS = '[["validator", "customer-3"]]'
STATEMENTS: list[tuple[Any, dict[str, Any], set[str]]] = [
    # sending
    (statements.find_sent, {}, {"uq_data_staging_message"}),
    (creation, {}, {"uq_data_staging_message"}),
    (statements.depth_up_to, {}, {"idx_claim", "idx_due", "idx_blocked", "idx_suspect"}),
    # claiming
    (claim_at_once, {"kept": True}, {"idx_due", "idx_expiry", "idx_suspect", "idx_claim", ROW}),
    (statements.claim_first, {"kept": True, "before_suspect": False, "unexpired": False}, {"idx_claim", ROW}),
    (statements.claim_first, {"kept": False, "before_suspect": True, "unexpired": True}, {"idx_claim", ROW}),
    (statements.first_suspect, {"unexpired": False}, {"idx_suspect"}),
    (statements.run_of_key, {}, {"idx_partition_key"}),
    (statements.expired, {}, {"idx_expiry"}),
    (statements.whole, {}, {ROW}),
    # promotion
    (statements.promote_due, {}, {"idx_due", ROW}),
    (statements.next_due, {}, {"idx_due"}),
    # settling
    (statements.complete, {"with_result": False, "heard": False}, {ROW}),
    (statements.complete, {"with_result": True, "heard": True}, {ROW}),
    (statements.give_back, {}, {ROW}),
    (statements.fail_held, {}, {ROW}),
    (statements.extend, {}, {ROW}),
    (statements.hold_key, {}, {"idx_partition_key", ROW}),
    # reading
    (statements.by_message_id, {"with_app": False, "with_source": False}, {"uq_data_staging_message"}),
    (statements.by_message_id, {"with_app": True, "with_source": True}, {"uq_data_staging_message"}),
    (listing.records, {"newest_first": True}, {ROW}),
    (listing.records, {"newest_first": True, "with_since": True}, {ROW}),
    (statements.log_listed, {}, {ROW}),
    # rescue
    (statements.overdue, {}, {"idx_status_created"}),
    (statements.owned, {}, {"idx_status_created"}),
    (statements.owners, {}, {"idx_status_created"}),
    (ending_owners, {}, {"idx_status_created"}),
    (renew, {}, {"idx_status_created"}),
    # depths
    (statements.processing_depth, {}, {"idx_status_created"}),
    (statements.ready_depth, {"suspect": True}, {"idx_suspect"}),
    (statements.scheduled_depth, {}, {"idx_due"}),
    (statements.due_depth, {}, {"idx_due"}),
    (statements.blocked_depth, {}, {"idx_blocked"}),
    (statements.deleted_depth, {}, {"idx_deleted"}),
    (
        statements.has_work,
        {"suspects": True},
        {"idx_claim", "idx_suspect", "idx_due", "idx_expiry", "idx_status_created"},
    ),
    (statements.has_work, {"suspects": False}, {"idx_claim", "idx_due", "idx_expiry", "idx_status_created"}),
]


@pytest.fixture(scope="module", params=["never analysed", "analysed", "analysed when it was empty"])
def explain(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Explain]:
    """Returns the steps of the plan of a statement, executed if ``measured``."""
    url = databases.prepared()
    folder: Path = tmp_path_factory.mktemp("plans")
    with Queue(url, app="tests", settings=StoreSettings(host_folder=folder)) as queue:
        if request.param == "analysed when it was empty":
            _execute(queue, "ANALYZE integration.data_staging")
        _fill(queue)
        if request.param == "analysed":
            _execute(queue, "ANALYZE integration.data_staging")
        yield partial(_steps, queue)
    databases.drop(url, quietly=True)


def _fill(queue: Queue) -> None:
    """Let nearly all rows be of one app, and some of each kind."""
    queue.send_many("done", range(ROWS // 4))
    queue.ack_many(queue.claim("done", limit=ROWS // 4))
    queue.send_many("validator", range(ROWS))
    queue.send_many("validator", range(2_000), partition_key="customer-3")
    queue.send_many("validator", range(200), delay=timedelta(hours=1))
    queue.claim("validator", limit=100)


def _execute(queue: Queue, sql: str) -> list[Any]:
    rows: list[Any] = queue._store.write(lambda tx: tx._database.execute(sql).fetchall())
    return rows


def _steps(
    queue: Queue, sql: str, values: tuple[Any, ...], *, measured: bool = False
) -> list[dict[str, Any]]:
    options = "ANALYZE, FORMAT JSON" if measured else "FORMAT JSON"
    given = ", ".join("'{}'".format(str(value).replace("'", "''")) for value in values)

    def planned(tx: Any) -> Any:
        tx._database.command(f"PREPARE looked_at AS {sql}")
        text = tx._database.execute(
            f"EXPLAIN ({options}) EXECUTE looked_at{f'({given})' if given else ''}"
        ).fetchone()[0]
        tx._database.command("DEALLOCATE looked_at")
        return json.loads(text)[0]["Plan"]

    return list(_walk(queue._store.write(planned)))


def _walk(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield step
    for below in step.get("Plans", ()):
        yield from _walk(below)


@pytest.mark.parametrize(("build", "options", "indexes"), STATEMENTS)
def test_every_statement_uses_its_indexes(
    explain: Explain, build: Any, options: dict[str, Any], indexes: set[str]
) -> None:
    prepared = PostgreSQLStatements().get(build, **options)
    steps = explain(prepared.sql, prepared.bind(**GIVEN))
    assert _read(steps) == indexes, steps


@pytest.mark.parametrize(
    ("build", "options", "table", "index"),
    [
        (statements.audit_of, {}, "audit_log", "idx_audit_row"),
        (statements.histories, {}, "audit_log", "idx_audit_row"),
        (
            statements.records_of_archive,
            {"with_app": True, "with_source": False},
            "data_archive",
            "idx_archive_message",
        ),
        (statements.archived_records, {"newest_first": False}, "data_archive", "pk_data_archive"),
    ],
)
def test_history_and_archive_are_read_by_their_indexes(
    explain: Explain, build: Any, options: dict[str, Any], table: str, index: str
) -> None:
    prepared = PostgreSQLStatements().get(build, **options)
    steps = explain(prepared.sql, prepared.bind(**GIVEN))
    assert _read(steps, table) == {index}, steps


@pytest.mark.parametrize("build", [listing.records, statements.archived_records])
def test_rows_that_are_named_are_found_one_by_one(explain: Explain, build: Any) -> None:
    prepared = PostgreSQLStatements().get(build, newest_first=False)
    steps = explain(prepared.sql, prepared.bind(**GIVEN), measured=True)
    assert not [step for step in steps if step.get("Rows Removed by Filter", 0) > 10], steps


@pytest.mark.parametrize(
    ("sql", "values", "indexes"),
    [
        (HOLD_KEYS, (PAIRS,), {"idx_partition_key"}),
        (RELEASE_KEYS, (PAIRS, PARAMETERS["now"]), {"idx_partition_key", ROW}),
    ],
    ids=["hold", "release"],
)
def test_the_order_of_keys_is_kept_by_their_index(
    explain: Explain, sql: str, values: tuple[Any, ...], indexes: set[str]
) -> None:
    steps = explain(sql, values)
    assert _read(steps) == indexes, steps


def test_release_of_a_key_reads_few_of_those_that_wait_behind_it(explain: Explain) -> None:
    steps = explain(RELEASE_KEYS, (PAIRS, PARAMETERS["now"]), measured=True)
    rows = [
        step["Actual Loops"] * step["Actual Rows"] + step.get("Rows Removed by Filter", 0) for step in steps
    ]
    assert max(rows) < 10, steps


def test_the_claim_needs_no_sorting(explain: Explain) -> None:
    prepared = PostgreSQLStatements().get(claim_at_once, kept=True)
    steps = explain(prepared.sql, prepared.bind(**GIVEN))
    assert not [step for step in steps if "Sort" in step["Node Type"]], steps


def _read(steps: list[dict[str, Any]], table: str = "data_staging") -> set[str]:
    """Return by what rows of a table are found: names of indexes, or of the table, if it is read as a whole."""
    of_table = [step for step in steps if step.get("Relation Name") == table and "Scan" in step["Node Type"]]
    return {step.get("Index Name", table) for step in of_table}
