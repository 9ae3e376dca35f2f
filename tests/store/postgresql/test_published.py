"""The published statements of PostgreSQL do what they say, from a client that is not our code."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from crossdock.store.postgresql.published import CLAIM_SQL, COMPLETE_SQL, FAIL_SQL, RETURN_SQL, SEND_SQL
from tests.postgresql_server import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossdock import Queue
    from tests.store.postgresql.conftest import Open

NO_WAIT = timedelta(0)


@pytest.fixture
def client(postgresql_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(plain(postgresql_url), autocommit=True, connect_timeout=10) as connection:
        yield connection


@pytest.fixture
def queue(postgresql_url: str, open_queue: Open) -> Queue:
    return open_queue(postgresql_url)


def claim(client: psycopg.Connection[Any]) -> dict[str, Any] | None:
    row = client.execute(CLAIM_SQL, {"app": "app", "worker": "shell", "lease_seconds": 60}).fetchone()
    return (
        None if row is None else {"id": row[0], "message_id": row[1], "data": row[2], "lease_token": row[3]}
    )


def test_what_another_program_sends_is_consumed(client: psycopg.Connection[Any], queue: Queue) -> None:
    for number in range(3):
        client.execute(SEND_SQL, {"source_app": "till", "target_app": "app", "data": f'{{"n": {number}}}'})
    assert [each.message.data["n"] for each in queue.consume("app", wait=NO_WAIT)] == [0, 1, 2]


def test_message_is_claimed_once_and_completed(client: psycopg.Connection[Any], queue: Queue) -> None:
    sent = queue.send("app", {"order": 17})
    held = claim(client)
    assert held is not None
    assert (held["message_id"], held["data"]) == (sent.id, {"order": 17})
    assert claim(client) is None
    assert queue.claim("app") == []
    assert client.execute(COMPLETE_SQL, held).rowcount == 1
    assert client.execute(COMPLETE_SQL, held).rowcount == 0
    record = queue.get(sent.id)
    assert (record.status, record.attempts, record.lease_owner) == ("completed", 1, "shell")
    assert record.processed_at is not None


def test_message_is_failed_with_its_reason_or_returned(client: psycopg.Connection[Any], queue: Queue) -> None:
    sent = queue.send("app", 1)
    held = claim(client)
    assert held is not None
    assert client.execute(RETURN_SQL, held).rowcount == 1
    held = claim(client)
    assert held is not None
    assert client.execute(FAIL_SQL, {**held, "reason": 'it is "odd"'}).rowcount == 1
    record = queue.get(sent.id)
    assert record.error is not None
    assert (record.status, record.attempts, record.error.message) == ("failed", 2, 'it is "odd"')
    events = [each.event.removeprefix("message.") for each in queue.timeline(sent.id)]
    assert events == ["sent", "claimed", "nacked", "claimed", "failed"]


def test_messages_of_a_key_come_one_after_the_other(client: psycopg.Connection[Any], queue: Queue) -> None:
    for number in range(2):
        client.execute(
            "INSERT INTO integration.data_staging (source_app, target_app, data, partition_key) "
            "VALUES ('till', 'app', %s, 'k')",
            [str(number)],
        )
    first = claim(client)
    assert first is not None
    assert claim(client) is None
    client.execute(COMPLETE_SQL, first)
    second = claim(client)
    assert second is not None
    assert (first["data"], second["data"]) == (0, 1)


def test_illegal_change_is_refused(client: psycopg.Connection[Any], queue: Queue) -> None:
    sent = queue.send("app", 1)
    with pytest.raises(psycopg.errors.CheckViolation, match="illegal change"):
        client.execute("UPDATE integration.data_staging SET status = 'completed'")
    with pytest.raises(psycopg.errors.CheckViolation, match="status pending"):
        client.execute(
            "INSERT INTO integration.data_staging (source_app, target_app, data, status) "
            "VALUES ('a', 'b', '1', 'failed')"
        )
    assert queue.get(sent.id).status == "pending"
