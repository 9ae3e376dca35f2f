"""Sending inside the caller's transaction, and a handler's writes that commit with the acknowledgement."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crossdock import InvalidMessage, LeaseLost, PermanentError, StoreError, create_engine
from tests.contract.case import PATIENCE, claim_one, drain, events, numbers, on_disk
from tests.contract.test_waiting import Waiting
from tests.requirements import could_not_run

if TYPE_CHECKING:
    from crossdock import Delivery, Queue
    from tests.contract.case import Case


pytestmark = on_disk


@pytest.fixture
def engine(case: Case) -> Iterator[Engine]:
    made = create_engine(case.url)
    with made.begin() as connection:
        number = "SERIAL" if case.on_postgresql else "INTEGER"
        connection.execute(text(f"CREATE TABLE orders (id {number} PRIMARY KEY, note TEXT NOT NULL)"))
    yield made
    made.dispose()


@pytest.fixture
def queue(case: Case, engine: Engine) -> Queue:
    return case.open(app="tests")


def orders(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT note FROM orders ORDER BY id")).scalars())


def order(connection: Any, note: str) -> None:
    connection.execute(text("INSERT INTO orders (note) VALUES (:note)"), {"note": note})


class TestSendInside:
    def test_message_is_sent_if_the_transaction_commits(self, queue: Queue, engine: Engine) -> None:
        with engine.begin() as connection:
            order(connection, "one")
            sent = queue.send("app", 1, connection=connection, priority=7)
            assert not sent.duplicate
        assert orders(engine) == ["one"]
        record = queue.get(sent.id)
        assert (record.row_id, record.message.priority, record.source_app) == (sent.row_id, 7, "tests")
        assert drain(queue) == [1]

    def test_message_is_not_sent_if_it_rolls_back(self, queue: Queue, engine: Engine) -> None:
        with engine.connect() as connection, connection.begin() as transaction:
            order(connection, "one")
            queue.send("app", 1, connection=connection)
            queue.send_many("app", range(10), connection=connection)
            transaction.rollback()
        assert orders(engine) == []
        assert queue.list() == []

    def test_savepoint_may_undo_one_send(self, queue: Queue, engine: Engine) -> None:
        with engine.begin() as connection:
            queue.send("app", 1, connection=connection)
            with connection.begin_nested() as savepoint:
                queue.send("app", 2, connection=connection)
                savepoint.rollback()
        assert drain(queue) == [1]

    def test_many_are_sent_together(self, queue: Queue, engine: Engine) -> None:
        with engine.begin() as connection:
            assert len(queue.send_many("app", range(300), connection=connection)) == 300
        assert drain(queue) == list(range(300))

    def test_session_may_be_given_instead(self, queue: Queue, engine: Engine) -> None:
        with Session(engine) as session, session.begin():
            order(session, "one")
            queue.send("app", 1, connection=session)
        assert (orders(engine), drain(queue)) == (["one"], [1])

    def test_same_message_twice_is_one(self, queue: Queue, engine: Engine) -> None:
        queue.send("app", 1, message_id="one")
        with engine.begin() as connection:
            assert queue.send("app", 2, message_id="one", connection=connection).duplicate
            assert not queue.send("app", 3, message_id="two", connection=connection).duplicate
        assert drain(queue) == [1, 3]

    def test_order_of_a_key_holds(self, queue: Queue, engine: Engine) -> None:
        queue.send("app", 1, partition_key="k")
        with engine.begin() as connection:
            queue.send("app", 2, partition_key="k", connection=connection)
        assert numbers(queue.claim("app", limit=5)) == [1]

    def test_wrong_message_leaves_the_transaction_usable(self, queue: Queue, engine: Engine) -> None:
        queue.send("app", 1, message_id="one", source="/a")
        with engine.begin() as connection:
            order(connection, "kept")
            with pytest.raises(InvalidMessage):
                queue.send("app", float("nan"), connection=connection)
            with pytest.raises(InvalidMessage):
                queue.send("app", 1, message_id="one", source="/b", connection=connection)
            queue.send("app", 2, connection=connection)
        assert (orders(engine), drain(queue)) == (["kept"], [1, 2])

    def test_commit_wakes_the_one_who_waits(self, queue: Queue, engine: Engine) -> None:
        waiting = Waiting(queue)
        with engine.begin() as connection:
            queue.send("app", 1, connection=connection)
        assert numbers(waiting.result()) == [1]

    def test_connection_of_another_library_is_refused(self, case: Case, queue: Queue) -> None:
        if not case.on_postgresql and queue._store.build.module is sqlite3:
            could_not_run("pysqlite3 is not installed, so that there is only one SQLite library")
        foreign = sqlite3.connect(":memory:")
        with pytest.raises(StoreError, match="create_engine"):
            queue.send("app", 1, connection=foreign)
        foreign.close()

    def test_connection_to_another_place_is_refused(self, case: Case, queue: Queue) -> None:
        place, _, _ = case.url.rpartition("/")
        other = create_engine(f"{place}/{'postgres' if case.on_postgresql else 'other.db'}")
        with other.connect() as connection, pytest.raises(StoreError, match="not on the store"):
            queue.send("app", 1, connection=connection)
        other.dispose()


class TestHandlersTransaction:
    @pytest.fixture
    def delivery(self, queue: Queue) -> Delivery:
        queue.send("app", "order")
        return claim_one(queue)

    def test_writes_commit_with_the_acknowledgement(
        self, queue: Queue, engine: Engine, delivery: Delivery
    ) -> None:
        with delivery.transaction(result={"stored": 1}) as connection:
            order(connection, "one")
        assert delivery.settled
        record = queue.get(delivery.message.id)
        assert (record.status, record.result) == ("completed", {"stored": 1})
        assert orders(engine) == ["one"]
        assert events(queue, delivery.message.id) == ["sent", "claimed", "completed"]

    def test_nonsense_in_our_table_is_refused(self, queue: Queue, delivery: Delivery) -> None:
        nonsense = "UPDATE data_staging SET priority = 99"
        with pytest.raises(IntegrityError), delivery.transaction() as connection:
            connection.execute(text(nonsense))
        assert queue.get(delivery.message.id).message.priority == delivery.message.priority

    @pytest.mark.parametrize("error", [LookupError, PermanentError])
    def test_exception_undoes_both(
        self, queue: Queue, engine: Engine, delivery: Delivery, error: type[Exception]
    ) -> None:
        with pytest.raises(error), delivery.transaction() as connection:
            order_and_raise(connection, error)
        assert not delivery.settled
        assert orders(engine) == []
        assert queue.get(delivery.message.id).status == "processing"
        delivery.ack()

    def test_late_worker_writes_nothing(self, queue: Queue, engine: Engine, delivery: Delivery) -> None:
        queue.cancel(delivery.message.id)
        before = queue.get(delivery.message.id)
        with pytest.raises(LeaseLost) as caught, delivery.transaction() as connection:
            order(connection, "late")
        assert caught.value.message_ids == (delivery.message.id,)
        assert orders(engine) == []
        assert queue.get(delivery.message.id) == before

    def test_next_messages_go_out_with_the_acknowledgement(
        self, queue: Queue, engine: Engine, delivery: Delivery
    ) -> None:
        with delivery.transaction() as connection:
            queue.send("next", "forwarded", connection=connection)
        assert drain(queue, "next") == ["forwarded"]
        with pytest.raises(LeaseLost), delivery.transaction() as connection:
            queue.send("next", "twice", connection=connection)
        assert drain(queue, "next") == []

    def test_next_of_its_key_may_go(self, queue: Queue, engine: Engine) -> None:
        queue.send_many("app", [1, 2], partition_key="k")
        with claim_one(queue).transaction() as connection:
            order(connection, "one")
        assert numbers(queue.claim("app")) == [2]

    def test_consumer_leaves_what_was_settled_so_alone(self, queue: Queue, engine: Engine) -> None:
        queue.send_many("app", ["a", "b"])
        for delivery in queue.consume("app", wait=timedelta(0)):
            with delivery.transaction(result="in one") as connection:
                order(connection, delivery.message.data)
        assert orders(engine) == ["a", "b"]
        assert {record.result for record in queue.list("app")} == {"in one"}

    def test_result_that_cannot_be_stored_is_refused_at_once(self, delivery: Delivery) -> None:
        with pytest.raises(InvalidMessage, match="result"):
            delivery.transaction(result=object())

    @pytest.mark.timeout(30)
    def test_writing_by_other_means_inside_is_refused(
        self, case: Case, queue: Queue, delivery: Delivery
    ) -> None:
        with delivery.transaction():
            with pytest.raises(StoreError, match="connection=connection"):
                queue.send("app", 1)
            assert queue.get(delivery.message.id).status == "processing"  # reading is fine

    def test_other_writers_wait_for_it(self, case: Case, queue: Queue, delivery: Delivery) -> None:
        other, sent = case.open(), threading.Event()

        def send() -> None:
            other.send("app", "after")
            sent.set()

        with delivery.transaction():
            thread = threading.Thread(target=send)
            thread.start()
            assert not sent.is_set()
        assert sent.wait(PATIENCE.total_seconds())
        thread.join()
        assert drain(queue) == ["after"]


def order_and_raise(connection: Any, error: type[Exception]) -> None:
    order(connection, "undone")
    raise error("no")
