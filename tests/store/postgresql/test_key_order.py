"""Order within a key although transactions overlap: a row's number is given long before it can be seen."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from crossdock import create_engine
from tests.postgresql_databases import connect
from tests.store.postgresql.conftest import Open

BRIEF = timedelta(milliseconds=300)
AT_ONCE = timedelta(0)


@pytest.mark.parametrize("commits", [True, False], ids=["commits", "rolls back"])
@pytest.mark.parametrize("many", [False, True], ids=["send", "send_many"])
def test_later_message_of_a_key_never_overtakes_one_that_is_being_sent(
    postgresql_url: str, open_queue: Open, *, commits: bool, many: bool
) -> None:
    first, second, taker = (open_queue(postgresql_url, app=f"app-{n}", host=f"host-{n}") for n in range(3))
    engine = create_engine(postgresql_url)
    sent = threading.Event()

    def send_the_second() -> None:
        if many:
            second.send_many("app", ["second", "third"], partition_key="k")
        else:
            second.send("app", "second", partition_key="k")
        sent.set()

    thread = threading.Thread(target=send_the_second)
    with engine.connect() as connection, connection.begin() as transaction:
        first.send("app", "first", partition_key="k", connection=connection)
        taker.send("app", "of another key", partition_key="l")
        thread.start()
        sent.wait(BRIEF.total_seconds())  # it may or may not be let through meanwhile
        assert [one.message.data for one in taker.consume("app", wait=AT_ONCE)] == ["of another key"]
        if not commits:
            transaction.rollback()
    thread.join(60)
    assert sent.is_set()
    expected = [*(["first"] if commits else []), "second", *(["third"] if many else [])]
    assert [one.message.data for one in taker.consume("app", wait=AT_ONCE)] == expected
    engine.dispose()


def test_strangers_row_of_a_key_waits_its_turn_too(postgresql_url: str, open_queue: Open) -> None:
    queue, taker = (open_queue(postgresql_url, app=f"app-{n}", host=f"host-{n}") for n in range(2))
    insert = (
        "INSERT INTO data_staging (source_app, target_app, data, partition_key) VALUES ('x', 'app', %s, 'k')"
    )
    with connect(postgresql_url) as stranger:
        with stranger.transaction():
            stranger.execute(insert, ['"first"'])
            thread = threading.Thread(
                target=queue.send, args=("app", "second"), kwargs={"partition_key": "k"}
            )
            thread.start()
            thread.join(BRIEF.total_seconds())
            assert list(taker.consume("app", wait=AT_ONCE)) == []
        thread.join(60)
    assert [one.message.data for one in taker.consume("app", wait=AT_ONCE)] == ["first", "second"]


def test_row_whose_number_came_before_the_lock_does_not_run_beside_a_later_one(
    postgresql_url: str, open_queue: Open
) -> None:
    """A stranger's INSERT takes its number, and waits for the key while another sends under it and commits."""
    queue, taker = (open_queue(postgresql_url, app=f"app-{n}", host=f"host-{n}") for n in range(2))
    insert = (
        "INSERT INTO data_staging (id, source_app, target_app, data, partition_key)"
        " VALUES (%s, 'x', 'app', '\"early\"', 'k')"
    )
    with connect(postgresql_url) as stranger:
        (early,) = stranger.execute("SELECT nextval('data_staging_id_seq')").fetchone() or (0,)
        queue.send_many("app", ["later", "last"], partition_key="k")
        stranger.execute(insert, [early])
        stranger.commit()
    taken = [queue.claim("app", limit=5), taker.claim("app", limit=5)]
    assert [[one.message.data for one in each] for each in taken] == [["early"], []]
    taken[0][0].ack()
    assert [one.message.data for one in taker.consume("app", wait=AT_ONCE)] == ["later", "last"]


def test_rows_of_one_insert_run_in_their_order(postgresql_url: str, open_queue: Open) -> None:
    queue = open_queue(postgresql_url)
    insert = (
        "INSERT INTO data_staging (source_app, target_app, data, partition_key)"
        " SELECT 'x', 'app', to_jsonb(n), 'k' FROM generate_series(1, 50) AS n RETURNING id"
    )
    with connect(postgresql_url) as stranger:
        told = [row_id for (row_id,) in stranger.execute(insert)]
    assert [one.row_id for one in queue.list("app", limit=50)] == told
    assert [one.message.data for one in queue.claim("app", limit=50)] == [1]
    assert queue.stats("app")["app"].blocked == 49
