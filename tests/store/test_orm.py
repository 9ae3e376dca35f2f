"""The ORM classes create and read messages, change those that wait, and refuse every other move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from crossdock import IllegalMove, Queue, StoreError, StoreSettings, create_engine
from crossdock.orm import AuditEntry, StagedMessage


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/work.db"


@pytest.fixture
def queue(url: str) -> Iterator[Queue]:
    with Queue(url) as queue:
        yield queue


@pytest.fixture
def engine(queue: Queue, url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


def _add(engine: Engine, **columns: object) -> str:
    with Session(engine) as session:
        message = StagedMessage(source_app="shop", target_app="validator", data={"order": 17}, **columns)
        session.add(message)
        session.commit()
        return str(message.message_id)


def test_a_created_message_is_claimed_like_any_other(queue: Queue, engine: Engine) -> None:
    message_id = _add(engine, priority=7)
    (delivery,) = queue.claim("validator")
    assert delivery.message.id == message_id
    assert delivery.message.data == {"order": 17}
    assert delivery.message.priority == 7


def test_created_messages_of_one_key_keep_their_order(queue: Queue, engine: Engine) -> None:
    first, second = _add(engine, partition_key="customer-3"), _add(engine, partition_key="customer-3")
    (delivery,) = queue.claim("validator", limit=10)
    assert delivery.message.id == first
    delivery.ack()
    (delivery,) = queue.claim("validator", limit=10)
    assert delivery.message.id == second


def test_a_waiting_message_gets_another_priority_and_time(queue: Queue, engine: Engine) -> None:
    message_id = _add(engine)
    later = datetime.now(UTC) + timedelta(hours=1)
    with Session(engine) as session:
        message = session.scalars(select(StagedMessage).where(StagedMessage.message_id == message_id)).one()
        message.priority = 9
        message.available_at = later
        session.commit()
    record = queue.get(message_id)
    assert (record.message.priority, record.available_at) == (9, later)
    assert queue.claim("validator") == []


@pytest.mark.parametrize(
    ("name", "value"), [("status", "completed"), ("data", {"order": 18}), ("lease_token", "mine")]
)
def test_everything_else_is_refused_and_changes_nothing(
    queue: Queue, engine: Engine, name: str, value: object
) -> None:
    message_id = _add(engine)
    before = queue.get(message_id)
    with Session(engine) as session:
        message = session.scalars(select(StagedMessage)).one()
        setattr(message, name, value)
        with pytest.raises(IllegalMove, match=name):
            session.commit()
    assert queue.get(message_id) == before


def test_a_claimed_message_cannot_be_changed(queue: Queue, engine: Engine) -> None:
    _add(engine)
    queue.claim("validator")
    with Session(engine) as session:
        session.scalars(select(StagedMessage)).one().priority = 9
        with pytest.raises(IllegalMove, match="processing"):
            session.commit()


def test_a_message_that_was_claimed_since_it_was_read_is_not_overwritten(
    queue: Queue, engine: Engine
) -> None:
    message_id = _add(engine)
    with Session(engine) as session:
        message = session.scalars(select(StagedMessage)).one()
        session.expunge(message)
    queue.claim("validator")
    with Session(engine) as session:
        session.add(message)
        message.priority = 8
        with pytest.raises(StaleDataError):
            session.commit()
    assert queue.get(message_id).message.priority == 4


def test_rows_are_not_deleted_through_the_classes(queue: Queue, engine: Engine) -> None:
    message_id = _add(engine)
    with Session(engine) as session:
        session.delete(session.scalars(select(StagedMessage)).one())
        with pytest.raises(IllegalMove, match="purge"):
            session.commit()
    assert queue.get(message_id)


def test_the_audit_log_is_read_and_not_written(queue: Queue, engine: Engine) -> None:
    queue.send("validator", 1)
    (delivery,) = queue.claim("validator")
    delivery.nack("not now")
    with Session(engine) as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.event, entry.code, entry.attempt) == ("message.nacked", "TRANSIENT", 1)
        entry.event = "message.forged"
        with pytest.raises(IllegalMove):
            session.commit()


@pytest.mark.parametrize("data", [{"text": "ü" * 200}, b"x" * 300, {"small": 1}, b"small"])
def test_whole_data_is_what_the_receiver_gets(url: str, engine: Engine, data: object) -> None:
    with Queue(url, settings=StoreSettings(claim_check_bytes=100)) as queue:
        sent = queue.send("validator", data)
    with Session(engine) as session:
        message = session.scalars(select(StagedMessage)).one()
        assert message.message_id == sent.id
        assert message.whole_data == data


def test_whole_data_of_a_missing_payload_is_refused(url: str, engine: Engine) -> None:
    with Queue(url, settings=StoreSettings(claim_check_bytes=100)) as queue:
        queue.send("validator", b"x" * 300)
    with Session(engine) as session:
        session.execute(text("DELETE FROM payload"))
        message = session.scalars(select(StagedMessage)).one()
        with pytest.raises(StoreError, match=r"its payload sha256:.* is missing"):
            _ = message.whole_data
