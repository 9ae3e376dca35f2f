"""P11: on a disk that is full or does not write, the queue refuses, loses nothing, and resumes by itself."""

from __future__ import annotations

import errno
import itertools
import math
import shutil
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from crossdock import Queue, StoreFull, StoreSettings, StoreUnavailable
from tests.faults.ledger import APP, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.faults.broken_disk import BrokenDisk

ONE_IN = 31
"""Of the writes, `make test` fails one in so many; the slow test fails each."""

pytestmark = [pytest.mark.needs_linux, pytest.mark.needs_pysqlite3]


class Fault(NamedTuple):
    """How a disk breaks."""

    error: int
    times: float
    growing: bool = False


FAULTS = pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(errno.ENOSPC, math.inf, growing=True), id="full"),
        pytest.param(Fault(errno.ENOSPC, 1), id="full for a moment"),
        pytest.param(Fault(errno.EIO, 1), id="one bad write"),
        pytest.param(Fault(errno.EIO, math.inf), id="broken"),
        pytest.param(Fault(errno.EROFS, math.inf), id="read-only"),
    ],
)
MODES = pytest.mark.parametrize("outside_writers", [False, True], ids=["wal", "truncate"])


def open_store(path: Path, dbapi2: ModuleType, *, outside_writers: bool = False) -> Queue:
    settings = StoreSettings(outside_writers=outside_writers, min_free_bytes=0, sqlite_module=dbapi2)
    return Queue(f"sqlite:///{path}", app="tester", settings=settings)


@pytest.fixture
def outside_writers() -> bool:
    return False


@pytest.fixture
def template(place: Path, dbapi2: ModuleType, outside_writers: bool) -> Path:  # noqa: FBT001 -- a fixture
    """Return a closed store."""
    path = place / "template.db"
    open_store(path, dbapi2, outside_writers=outside_writers).close()
    return path


@MODES
@FAULTS
def test_a_failure_at_a_write_loses_nothing_and_passes(
    dbapi2: ModuleType, disk: BrokenDisk, template: Path, *, outside_writers: bool, fault: Fault
) -> None:
    assert fail_at_writes(fault, ONE_IN, dbapi2, disk, template, outside_writers=outside_writers) > 100


@pytest.mark.slow
@pytest.mark.timeout(600)
@MODES
@FAULTS
def test_a_failure_at_any_write_loses_nothing_and_passes(
    dbapi2: ModuleType, disk: BrokenDisk, template: Path, *, outside_writers: bool, fault: Fault
) -> None:
    assert fail_at_writes(fault, 1, dbapi2, disk, template, outside_writers=outside_writers) > 100


def fail_at_writes(  # noqa: PLR0913 -- what the fixtures made, handed on
    fault: Fault,
    one_in: int,
    dbapi2: ModuleType,
    disk: BrokenDisk,
    template: Path,
    *,
    outside_writers: bool,
) -> int:
    """Let one write in so many be the first to fail, each time on a new store; return how many there are."""
    for at in itertools.count(1 + fault.error % one_in, one_in):
        path = Path(shutil.copy(template, template.with_name(f"{at}.db")))
        ledger = Ledger()
        with open_store(path, dbapi2, outside_writers=outside_writers) as queue:
            disk.breaks(at=at, times=fault.times, error=fault.error, growing=fault.growing)
            ledger.work(queue)
            failures, refused = disk.failures, ledger.refused
            disk.is_repaired()
            ledger.work(queue)
            assert ledger.refused == refused, "it did not resume by itself"
            ledger.check(queue)
        with open_store(path, dbapi2, outside_writers=outside_writers) as queue:
            ledger.check(queue)
        if failures == 0:
            return at
    raise AssertionError


@MODES
def test_a_failure_while_the_store_is_made_can_be_tried_again(
    dbapi2: ModuleType, disk: BrokenDisk, place: Path, *, outside_writers: bool
) -> None:
    for at in itertools.count(1, 3):
        path = place / f"{at}.db"
        disk.breaks(at=at)
        try:
            open_store(path, dbapi2, outside_writers=outside_writers).close()
            break
        except StoreUnavailable:
            disk.is_repaired()
        with open_store(path, dbapi2, outside_writers=outside_writers) as queue:
            queue.send(APP, 1)
            assert [record.message.data for record in queue.list(APP)] == [1]
    assert at > 5, "the fault did not reach the writes"


def test_a_full_disk_is_told_as_such(dbapi2: ModuleType, disk: BrokenDisk, template: Path) -> None:
    with open_store(template, dbapi2) as queue:
        disk.breaks(growing=True)
        with pytest.raises(StoreFull, match=r"template\.db"):
            queue.send_many(APP, ["x" * 1000] * 100)
        disk.is_repaired()


def test_closing_on_a_broken_disk_raises_nothing(
    dbapi2: ModuleType, disk: BrokenDisk, template: Path
) -> None:
    with open_store(template, dbapi2) as queue:
        queue.send(APP, 1)
        disk.breaks(error=errno.EIO)
    disk.is_repaired()
    with open_store(template, dbapi2) as queue:
        assert [delivery.message.data for delivery in queue.claim(APP)] == [1]


@MODES
def test_a_consumer_waits_for_a_full_disk_and_goes_on(
    dbapi2: ModuleType, disk: BrokenDisk, template: Path, *, outside_writers: bool
) -> None:
    handled: list[int] = []
    with open_store(template, dbapi2, outside_writers=outside_writers) as queue:
        queue.send_many(APP, list(range(30)))

        def consume() -> None:
            for delivery in queue.consume(APP, batch=5, wait=timedelta(seconds=20)):
                handled.append(delivery.message.data)
                if len(handled) == 10:
                    disk.breaks(error=errno.ENOSPC)
                if len(handled) == 30:
                    break

        worker = threading.Thread(target=consume)
        worker.start()
        wait_until(lambda: disk.failures > 2)
        disk.is_repaired()
        worker.join(timeout=20)
        assert not worker.is_alive()
        assert handled == list(range(30))
        assert queue.stats()[APP].completed == 29, "the last one was left in the middle, and so nacked"


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
