"""Large data lies outside its row: nobody who sends, receives or looks notices, and nothing is left behind."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import CrossdockError, Queue, Retention, StoreSettings, create_engine
from crossdock.domain.delivery import ClaimRequest
from crossdock.domain.message import MAX_DATA_BYTES, AppId
from crossdock.domain.retention import Keep
from tests.contract.case import claim_one, drain, numbers, on, on_disk, on_memory, on_one_of_each

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.case import Case

LIMIT = 1000
LARGE: dict[str, Any] = {"text": "ü" * LIMIT}
BYTES = bytes(range(256)) * 8
SMALL = {"order": 17}
ODD = {"nul": "\0" * LIMIT, "half": "\ud800", "large": 1e300, "zero": -0.0}
"""JSON that JSONB cannot hold."""
KINDS = pytest.mark.parametrize("data", [LARGE, BYTES, ODD], ids=["json", "bytes", "odd json"])
SEND = {"app": "app", "source_app": "tests"}


@pytest.fixture
def queue(case: Case) -> Queue:
    case.settings = {**case.settings, "claim_check_bytes": LIMIT}
    return case.open(app="tests")


@pytest.mark.parametrize(
    ("max_bytes", "expected"), [(1, [1, 1, 1, 1]), (2100, [2, 1, 1]), (5000, [3, 1]), (10**6, [4])]
)
def test_a_claim_takes_no_more_bytes_than_asked_for_but_one_message(
    queue: Queue, max_bytes: int, expected: list[int]
) -> None:
    """Small in the row, large outside, bytes outside, and large in the row."""
    for data in (SMALL, LARGE, BYTES, "x" * (LIMIT - 10)):
        queue.send("app", data)
    request = ClaimRequest(app=AppId("app"), limit=10, lease=timedelta(minutes=1), max_bytes=max_bytes)
    found = [queue._store.write(lambda tx: list(tx.claim(request))) for _ in range(5)]
    assert [len(one) for one in found] == [*expected, *[0] * (5 - len(expected))]
    assert [one.message.data for some in found for one in some] == [SMALL, LARGE, BYTES, "x" * (LIMIT - 10)]


def test_what_waits_behind_a_key_counts_among_the_bytes_of_a_claim(queue: Queue) -> None:
    for n in range(4):
        queue.send("app", [n, LARGE], partition_key="k")
    request = ClaimRequest(app=AppId("app"), limit=10, lease=timedelta(minutes=1), runs=True, max_bytes=4500)
    found = queue._store.write(lambda tx: list(tx.claim(request)))
    assert [one.message.data[0] for one in found] == [0, 1]
    text = json.dumps([0, LARGE], ensure_ascii=False, separators=(",", ":"))
    assert [one.size for one in found] == [len(text.encode())] * 2


def payloads(case: Case, queue: Queue) -> int:
    """Count what lies outside."""
    return int(case.sql(queue, "SELECT count(*) FROM payload")[0][0])


def outside(case: Case, queue: Queue) -> list[bool]:
    """Tell of each row, in order, whether its data lies outside."""
    rows = case.sql(queue, "SELECT payload IS NOT NULL FROM data_staging ORDER BY id")
    return [bool(one) for (one,) in rows]


def lose(case: Case, queue: Queue) -> None:
    """Lose every payload, as a broken restore might."""
    case.sql(queue, "DELETE FROM payload")


def sweep(queue: Queue) -> None:
    """Let the archiver look at all payloads."""
    queue._archiver.run_once()


@KINDS
def test_large_data_comes_back_as_it_was_sent(case: Case, queue: Queue, data: Any) -> None:
    sent = queue.send("app", data)
    assert outside(case, queue) == [True]
    assert sent.data == queue.get(sent.id).message.data == data
    assert numbers(queue.list("app")) == [data]
    delivery = claim_one(queue)
    assert delivery.message == queue.get(sent.id).message
    assert delivery.message.data == data
    delivery.ack()


@on_one_of_each
def test_data_of_64_mib_comes_back(queue: Queue) -> None:
    data = bytes(range(256)) * (MAX_DATA_BYTES // 256)
    queue.send("app", data)
    assert claim_one(queue).message.data == data


@pytest.mark.parametrize("kind", [str, bytes])
def test_data_of_just_the_limit_stays_in_its_row(case: Case, queue: Queue, kind: type) -> None:
    def of(size: int) -> Any:
        return "x" * (size - 2) if kind is str else b"x" * size  # JSON text has its quotation marks

    queue.send("app", of(LIMIT))
    queue.send("app", of(LIMIT + 1))
    assert outside(case, queue) == [False, True]


def test_limit_counts_bytes_and_not_characters(case: Case, queue: Queue) -> None:
    queue.send("app", "x" * (LIMIT // 2))
    queue.send("app", "ü" * (LIMIT // 2))
    assert outside(case, queue) == [False, True]


def test_receivers_of_one_message_share_its_payload(case: Case, queue: Queue) -> None:
    for app in ("one", "two", "three"):
        queue.send(app, LARGE, message_id="m")
    assert outside(case, queue) == [True, True, True]
    assert payloads(case, queue) == 1
    for app, left in (("one", 1), ("two", 1), ("three", 0)):
        claim_one(queue, app).ack()
        assert queue.purge(app) == 1
        assert payloads(case, queue) == left


def test_batch_of_large_and_small_keeps_its_order(case: Case, queue: Queue) -> None:
    items = [1, LARGE, 2, BYTES, BYTES, b"small", *range(300), ODD, LARGE]
    sent = queue.send_many("app", items)
    assert [one.row_id for one in sent] == sorted(one.row_id for one in sent)
    assert [one.data for one in sent] == items
    assert payloads(case, queue) == 3
    assert drain(queue) == items


def test_duplicate_of_a_large_message_is_known_and_leaves_nothing(case: Case, queue: Queue) -> None:
    first = queue.send("app", LARGE, message_id="m")
    again = queue.send("app", BYTES, message_id="m")
    assert (again.duplicate, again.row_id, again.data) == (True, first.row_id, LARGE)
    assert payloads(case, queue) == 1


def test_large_message_of_a_key_waits_its_turn(queue: Queue) -> None:
    for data in (LARGE, SMALL, BYTES):
        queue.send("app", data, partition_key="k")
    assert drain(queue) == [LARGE, SMALL, BYTES]


@pytest.mark.parametrize(
    ("old", "new"), [(LARGE, SMALL), (SMALL, LARGE), (LARGE, BYTES), (BYTES, ODD), (BYTES, b"small")]
)
def test_edit_takes_large_data_in_and_out(case: Case, queue: Queue, old: Any, new: Any) -> None:
    sent = queue.send("app", old)
    edited = queue.edit(sent.id, data=new)
    assert edited.message.data == new
    assert payloads(case, queue) == (new not in [SMALL, b"small"])
    assert claim_one(queue).message.data == new
    before = queue.timeline(sent.id)[1].details["before"]["data"]
    assert before == old if old is SMALL else before.startswith("sha256:")


def test_edit_of_something_else_leaves_the_payload(queue: Queue) -> None:
    sent = queue.send("app", LARGE)
    assert queue.edit(sent.id, priority=9).message.data == LARGE


def test_dead_letter_is_replayed_cancelled_and_hidden_with_its_payload(case: Case, queue: Queue) -> None:
    sent = queue.send("app", LARGE)
    claim_one(queue).fail("no")
    assert queue.replay(sent.id).message.data == LARGE
    assert queue.cancel(sent.id).message.data == LARGE
    assert queue.replay_many("app") == 1
    assert queue.cancel_many("app") == 1
    queue.delete(sent.id)
    sweep(queue)
    assert payloads(case, queue) == 1
    assert queue.purge("app", status="failed") == 1
    assert payloads(case, queue) == 0


def test_fallback_shares_the_payload(case: Case, queue: Queue) -> None:
    queue.set_rules("app", fallback="other")
    queue.send("app", LARGE)
    claim_one(queue).fail("no")
    assert payloads(case, queue) == 1
    queue.purge("app", status="failed")
    assert claim_one(queue, "other").message.data == LARGE


def test_archived_message_keeps_its_payload(case: Case, queue: Queue) -> None:
    sent = queue.send("app", LARGE)
    claim_one(queue).ack()
    assert queue.archive("app") == 1
    sweep(queue)
    assert queue.get(sent.id).message.data == LARGE
    assert numbers(queue.list("app", status="archived")) == [LARGE]
    again = queue.send("app", LARGE, message_id=sent.id)
    assert (again.duplicate, again.data) == (True, LARGE)
    assert payloads(case, queue) == 1


@on([("wal", "sync")])
@KINDS
def test_line_of_an_archive_file_holds_the_data_in_full(case: Case, queue: Queue, data: Any) -> None:
    queue.send("app", data)
    claim_one(queue).ack()
    queue.archive("app")
    writing = case.open(retention=Retention(dedup_for=timedelta(0), keep=Keep()))
    (file,) = writing._archiver.write_files()
    with gzip.open(f"{file.folder}/{file.name}") as lines:
        (line,) = map(json.loads, lines)
    assert "payload" not in line
    assert ("data_base64" in line) == isinstance(data, bytes)
    assert isinstance(data, bytes) or line["data"] == data
    assert payloads(case, queue) == 0


def test_listed_data_is_read_when_it_is_looked_at(case: Case, queue: Queue) -> None:
    sent = queue.send("app", LARGE, subject="it")
    queue.send("app", SMALL)
    lazy, plain = queue.list("app")
    assert (lazy.message.id, lazy.message.subject) == (sent.id, "it")
    assert lazy.message == queue.get(sent.id).message
    assert queue.get(sent.id).message == lazy.message
    assert replace(lazy.message, subject="that").data == LARGE
    lose(case, queue)
    assert plain.message.data == SMALL
    with pytest.raises(CrossdockError, match=f"{sent.id} cannot be read: its payload sha256:.* is missing"):
        _ = lazy.message.data


@pytest.mark.parametrize("harm", ["DELETE FROM payload", "UPDATE payload SET data = 'x'"])
def test_message_without_its_payload_is_set_aside_and_its_neighbours_delivered(
    case: Case, queue: Queue, harm: str
) -> None:
    queue.send("app", 1)
    sent = queue.send("app", LARGE)
    queue.send("app", 2)
    if not case.on_postgresql:
        harm = harm.replace("'x'", "x'78'")
    case.sql(queue, harm)
    assert drain(queue) == [1, 2]
    record = queue.get(sent.id)
    assert record.status == "failed"
    assert record.error is not None
    assert record.error.code == "INVALID_MESSAGE"
    assert "its payload sha256:" in record.error.message
    assert record.error.message.endswith("missing" if "DELETE" in harm else "damaged")
    assert record.message.data.startswith("(its payload sha256:")
    assert queue.edit(sent.id, data=SMALL).message.data == SMALL
    queue.replay(sent.id)
    assert drain(queue) == [SMALL]


def test_missing_payload_is_made_good_by_sending_the_same_again(case: Case, queue: Queue) -> None:
    sent = queue.send("app", LARGE)
    lose(case, queue)
    queue.send("other", LARGE)
    assert queue.get(sent.id).message.data == LARGE


def test_payload_whose_rows_another_program_removed_is_swept(case: Case, queue: Queue) -> None:
    queue.send("app", LARGE)
    queue.send("app", BYTES)
    case.sql(queue, "DELETE FROM data_staging WHERE data <> 'null'")
    assert payloads(case, queue) == 2
    sweep(queue)
    assert payloads(case, queue) == 1
    assert drain(queue) == [BYTES]


def test_sweep_goes_on_where_retention_is_not_automatic(case: Case, queue: Queue) -> None:
    queue.send("app", LARGE)
    case.sql(queue, "DELETE FROM data_staging")
    sweep(case.open(retention=Retention(automatic=False)) if not case.in_memory else queue)
    assert payloads(case, queue) == 0


def test_data_that_another_program_sets_takes_the_place_of_the_payload(case: Case, queue: Queue) -> None:
    sent = queue.send("app", LARGE)
    case.sql(queue, "UPDATE data_staging SET priority = 9")
    assert queue.get(sent.id).message.data == LARGE
    case.sql(queue, """UPDATE data_staging SET data = '{"order": 17}'""")
    assert queue.get(sent.id).message.data == SMALL


def test_view_shows_large_data(case: Case, queue: Queue) -> None:
    queue.send("app", LARGE)
    queue.send("app", BYTES)
    rows = case.sql(queue, "SELECT data_bytes FROM all_messages ORDER BY id")
    first, second = (bytes(content) for (content,) in rows)
    assert json.loads(first) == LARGE
    assert second == BYTES


@on_disk
def test_large_message_of_an_undone_transaction_leaves_nothing(case: Case, queue: Queue) -> None:
    engine = create_engine(case.url)
    with engine.connect() as connection:
        transaction = connection.begin()
        queue.send("app", LARGE, connection=connection)
        transaction.rollback()
        with connection.begin():
            queue.send("app", BYTES, connection=connection)
    engine.dispose()
    assert payloads(case, queue) == 1
    assert drain(queue) == [BYTES]


def test_large_message_that_is_refused_leaves_nothing(case: Case, queue: Queue) -> None:
    queue.set_rules("app", max_depth=1)
    queue.send("app", SMALL)
    with pytest.raises(CrossdockError):
        queue.send("app", LARGE)
    assert payloads(case, queue) == 0


def test_schedule_sends_large_data(case: Case, queue: Queue) -> None:
    queue.every(timedelta(minutes=1), "app", LARGE)
    for _ in range(2):
        case.let_pass(queue, timedelta(minutes=1))
    assert drain(queue) == [LARGE, LARGE]
    assert payloads(case, queue) == 1


@on_memory
def test_data_of_up_to_256_kib_stays_in_its_row_unless_said_otherwise(case: Case) -> None:
    assert StoreSettings().claim_check_bytes == 256 * 1024
    plain = case.open(app="tests", settings=StoreSettings())
    plain.send("app", b"x" * 256 * 1024)
    plain.send("app", b"x" * (256 * 1024 + 1))
    assert outside(case, plain) == [False, True]


def test_limit_comes_from_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "crossdock.toml"
    file.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/work.db"\nclaim_check_bytes = "2 KiB"\n')
    with Queue.from_config(file) as queue:
        queue.send_many("app", [b"x" * 2048, b"x" * 2049])
        rows = queue._store.open_store.look(
            lambda database: database.execute(
                "SELECT payload IS NULL FROM data_staging ORDER BY id"
            ).fetchall()
        )
    assert rows == [(1,), (0,)]
