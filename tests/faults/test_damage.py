"""P11: a store that is damaged, gone or another one is noticed at once, and nothing more is acknowledged."""

from __future__ import annotations

import os
import random
import shutil
import threading
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crossdock import CrossdockError, Queue, StoreDamaged, StoreSettings
from crossdock.store.sqlite.build import choose

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock import Delivery

APP = "worker"
HINT = "crossdock store restore"
PAGE = 4096
MODES = pytest.mark.parametrize("outside_writers", [False, True], ids=["wal", "truncate"])


def open_store(path: Path, *, outside_writers: bool = False) -> Queue:
    return Queue(
        f"sqlite:///{path}",
        app="tester",
        settings=StoreSettings(outside_writers=outside_writers, min_free_bytes=0),
    )


@pytest.fixture
def store(place: Path) -> Path:
    """Return a closed store with messages in every status."""
    path = place / "store" / "work.db"
    path.parent.mkdir()
    with open_store(path) as queue:
        queue.send_many(APP, [{"n": n, "text": "x" * 300} for n in range(100)])
        deliveries = queue.claim(APP, limit=10)
        queue.ack_many(deliveries[:5])
        deliveries[5].fail("never")
        for delivery in deliveries[6:]:
            delivery.nack("again", retry_in=timedelta(0))
    return path


# --- damaged


def overwrite(path: Path, page: int) -> None:
    """Put noise where a page was."""
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(random.Random(page).randbytes(PAGE))


def root_pages(path: Path) -> dict[str, int]:
    with closing(choose().module.connect(path)) as connection:
        return dict(connection.execute("select name, rootpage from sqlite_schema where rootpage > 0"))


def use(queue: Queue) -> None:
    """Use what a queue has."""
    queue.send(APP, {"n": 1000})
    for delivery in queue.claim(APP, limit=50):
        delivery.ack()
    queue.stats()
    queue.list(APP, limit=1000)


@pytest.mark.parametrize("name", ["sqlite_schema", "data_staging", "idx_claim", "crossdock_schema"])
def test_a_corrupt_page_stops_everything(store: Path, name: str) -> None:
    overwrite(store, {"sqlite_schema": 1, **root_pages(store)}[name])
    with pytest.raises(StoreDamaged, match=HINT), open_store(store) as queue:
        use(queue)


def test_wherever_the_damage_is_it_is_told_as_damage_and_ends_acknowledging(store: Path, place: Path) -> None:
    pages = store.stat().st_size // PAGE
    noticed = 0
    for page in range(1, pages + 1):
        path = Path(shutil.copy(store, place / f"{page}.db"))
        overwrite(path, page)
        noticed += is_noticed_and_stops(path)
    assert pages > 10
    assert noticed > pages / 3  # half of them are empty tables and indexes, which this work does not look at


def is_noticed_and_stops(path: Path) -> bool:
    with suppress(StoreDamaged), open_store(path) as queue:
        try:
            use(queue)
        except StoreDamaged:
            for verb in (queue.stats, lambda: queue.send(APP, 1), lambda: queue.claim(APP)):
                with pytest.raises(StoreDamaged, match=HINT):
                    verb()
            return True
        return False
    return True


def test_a_file_cut_short_is_damaged(store: Path) -> None:
    os.truncate(store, store.stat().st_size // 2)
    with pytest.raises(StoreDamaged, match=HINT), open_store(store) as queue:
        use(queue)


def test_a_file_that_is_no_database_is_refused_and_left_alone(place: Path) -> None:
    path = place / "work.db"
    path.write_bytes(b"a letter to my aunt\n" * 500)
    with pytest.raises(StoreDamaged, match=HINT), open_store(path) as queue:
        use(queue)
    assert path.read_bytes() == b"a letter to my aunt\n" * 500


# --- gone, or another one


def removed(store: Path) -> None:
    store.unlink()


def moved(store: Path) -> None:
    store.rename(store.with_name("moved.db"))


def replaced(store: Path) -> None:
    store.with_name("copy.db").replace(store)


def taken_with_its_folder(store: Path) -> None:
    store.parent.rename(store.parent.with_name("elsewhere"))


GONE = pytest.mark.parametrize(
    "gone", [removed, moved, replaced, taken_with_its_folder], ids=lambda gone: gone.__name__
)


def _consume(queue: Queue) -> None:
    for _ in queue.consume(APP, wait=timedelta(0)):
        pass


def _with_effect(delivery: Delivery) -> None:
    with delivery.transaction():
        pass


VERBS = {
    "send": lambda queue, _: queue.send(APP, 1),
    "send_many": lambda queue, _: queue.send_many(APP, [1, 2]),
    "claim": lambda queue, _: queue.claim(APP),
    "consume": lambda queue, _: _consume(queue),
    "ack_many": lambda queue, delivery: queue.ack_many([delivery]),
    "ack": lambda _, delivery: delivery.ack(),
    "nack": lambda _, delivery: delivery.nack("again"),
    "fail": lambda _, delivery: delivery.fail("never"),
    "hand_back": lambda _, delivery: delivery.hand_back(),
    "extend": lambda _, delivery: delivery.extend(timedelta(minutes=1)),
    "transaction": lambda _, delivery: _with_effect(delivery),
    "cancel": lambda queue, delivery: queue.cancel(delivery.message.id),
    "pause": lambda queue, _: queue.pause(APP),
}


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_is_acknowledged_on_a_file_that_was_replaced(place: Path, verb: str) -> None:
    use_without_file(place / "store" / "work.db", replaced, verb)


def test_no_further_connection_makes_a_file_that_is_gone_anew(place: Path) -> None:
    store = place / "work %3f?.db"
    with open_store(place / "work%20%253f%3F.db") as queue:  # as a URL has it
        queue.send(APP, 1)
        store.rename(store.with_name("moved.db"))
        with pytest.raises(StoreDamaged, match=HINT):
            queue._store.open_store.connections.open()
    assert not store.exists()


def test_a_file_replaced_just_before_it_is_read_is_not_touched(place: Path) -> None:
    """A connection that is opened by path would read the log of the old file into the new one."""
    store = place / "store" / "work.db"
    store.parent.mkdir()
    open_store(store).close()
    copy = Path(shutil.copy(store, store.with_name("copy.db")))
    before = copy.read_bytes()
    with open_store(store) as queue:
        queue.send_many(APP, [1, 2, 3])
        replaced(store)
        with pytest.raises(StoreDamaged, match=HINT):
            queue._store.open_store.connections.open()
    assert store.read_bytes() == before


@GONE
@MODES
def test_nothing_is_acknowledged_on_a_file_that_is_gone(
    place: Path, *, outside_writers: bool, gone: Callable[[Path], None]
) -> None:
    use_without_file(place / "store" / "work.db", gone, "ack", outside_writers=outside_writers)


def use_without_file(
    store: Path, gone: Callable[[Path], None], verb: str, *, outside_writers: bool = False
) -> None:
    """Take the file away under an open queue, and see that the verb and the next one are refused."""
    store.parent.mkdir()
    open_store(store, outside_writers=outside_writers).close()
    copy = Path(shutil.copy(store, store.with_name("copy.db")))
    before = copy.read_bytes()
    with open_store(store, outside_writers=outside_writers) as queue:
        queue.send_many(APP, [1, 2, 3])
        (delivery,) = queue.claim(APP)
        gone(store)
        with pytest.raises(StoreDamaged, match=HINT):
            VERBS[verb](queue, delivery)
        with pytest.raises(StoreDamaged, match=HINT):
            queue.send(APP, 4)
    if gone is replaced:
        assert store.read_bytes() == before, "the file that took its place was written to"
    else:
        assert not store.exists(), "a new file was made in its place"


@GONE
def test_a_waiting_worker_is_told(store: Path, gone: Callable[[Path], None]) -> None:
    shutil.copy(store, store.with_name("copy.db"))
    answers: list[object] = []
    with open_store(store) as queue:

        def wait() -> None:
            try:
                answers.append(queue.claim("nobody", wait=timedelta(seconds=20)))
            except StoreDamaged as error:
                answers.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        gone(store)
        waiting.join(timeout=10)
        assert not waiting.is_alive()
    assert [type(answer) for answer in answers] == [StoreDamaged]


@GONE
def test_senders_that_share_a_commit_are_all_told(store: Path, gone: Callable[[Path], None]) -> None:
    shutil.copy(store, store.with_name("copy.db"))
    together = threading.Barrier(9)
    after: list[bool] = []
    with open_store(store) as queue:

        def send() -> None:
            together.wait()
            with suppress(StoreDamaged):
                queue.send(APP, 1)
                after.append(True)

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        gone(store)
        together.wait()
        for thread in threads:
            thread.join(timeout=10)
    assert not after


def test_nothing_is_acknowledged_when_the_log_is_gone(store: Path) -> None:
    with open_store(store) as queue:
        queue.send(APP, 1)
        store.with_name("work.db-wal").unlink()
        with pytest.raises(StoreDamaged, match=HINT):
            queue.send(APP, 2)


def test_without_the_folder_beside_it_a_queue_works_or_says_what_is_wrong(store: Path) -> None:
    with open_store(store) as queue:
        shutil.rmtree(store.with_name("work.db.d"))
        with suppress(CrossdockError):
            _consume(queue)
        with suppress(CrossdockError):
            queue.claim("nobody", wait=timedelta(0))
