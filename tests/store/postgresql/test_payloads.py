"""Transactions that run at the same time: nobody removes the payload that another is about to need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crossdock import Queue, StoreSettings, create_engine
from crossdock.store.sqlite import maintenance
from tests.postgresql_databases import execute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGE = b"x" * 2000


@pytest.fixture
def queue(postgresql_url: str, tmp_path: Path) -> Iterator[Queue]:
    settings = StoreSettings(claim_check_bytes=1000, host_folder=tmp_path / "host")
    with Queue(postgresql_url, app="tests", settings=settings) as opened:
        yield opened


def payloads(url: str) -> int:
    return int(execute(url, "SELECT count(*) FROM payload", ())[0][0])


def finish(queue: Queue) -> None:
    for delivery in queue.claim("app"):
        delivery.ack()


def test_purge_leaves_a_payload_that_a_sender_is_about_to_need(queue: Queue, postgresql_url: str) -> None:
    queue.send("app", LARGE)
    finish(queue)
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        sent = queue.send("other", LARGE, connection=connection)
        assert queue.purge("app") == 1
    engine.dispose()
    assert queue.get(sent.id).message.data == LARGE


def test_payload_that_a_sender_needed_in_vain_is_swept(queue: Queue, postgresql_url: str) -> None:
    queue.send("app", LARGE)
    finish(queue)
    engine = create_engine(postgresql_url)
    with engine.connect() as connection:
        transaction = connection.begin()
        queue.send("other", LARGE, connection=connection)
        queue.purge("app")
        queue._archiver.run_once()
        assert payloads(postgresql_url) == 1
        transaction.rollback()
    engine.dispose()
    queue._archiver.run_once()
    assert payloads(postgresql_url) == 0


def test_check_names_a_message_whose_payload_is_missing(queue: Queue, postgresql_url: str) -> None:
    sent = queue.send("app", LARGE)
    assert maintenance.check(postgresql_url) == []
    execute(postgresql_url, "DELETE FROM payload", ())
    (found,) = maintenance.check(postgresql_url)
    assert found.startswith(f"message {sent.id} of app: its payload sha256:")
