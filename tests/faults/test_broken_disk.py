"""The layer below SQLite breaks what it is told to break, and SQLite's own answers come up."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from tests.faults.broken_disk import broken_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from sqlite3 import Connection
    from types import ModuleType

    from tests.faults.broken_disk import BrokenDisk

pytestmark = [pytest.mark.needs_linux, pytest.mark.needs_pysqlite3]


@pytest.fixture
def connection(dbapi2: ModuleType, disk: BrokenDisk, tmp_path: Path) -> Iterator[Connection]:
    disk.is_repaired()
    connection = dbapi2.connect(tmp_path / "a.db", isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("create table t (x)")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("error", "code"),
    [(errno.ENOSPC, "SQLITE_FULL"), (errno.EIO, "SQLITE_IOERR"), (errno.EROFS, "SQLITE_IOERR")],
)
def test_a_failing_write_fails_the_statement(
    dbapi2: ModuleType, disk: BrokenDisk, connection: Connection, error: int, code: str
) -> None:
    disk.breaks(error=error)
    with pytest.raises(dbapi2.OperationalError) as caught:
        connection.execute("insert into t values (1)")
    assert caught.value.sqlite_errorname == code
    assert disk.failures == 1
    disk.is_repaired()
    connection.execute("insert into t values (2)")
    assert connection.execute("select x from t").fetchall() == [(2,)]


def test_a_checkpoint_that_fails_can_wait(disk: BrokenDisk, connection: Connection) -> None:
    connection.execute("pragma wal_autocheckpoint = 1")
    connection.execute("insert into t values (1)")
    disk.is_repaired()
    connection.execute("insert into t values (2)")
    disk.breaks(at=disk.changes)  # the last one writes the database, after the commit
    connection.execute("insert into t values (3)")
    assert disk.failures == 1
    disk.is_repaired()
    assert connection.execute("select x from t").fetchall() == [(1,), (2,), (3,)]


def test_only_what_grows_fails_on_a_full_disk(
    dbapi2: ModuleType, disk: BrokenDisk, connection: Connection
) -> None:
    connection.execute("pragma journal_mode = delete")
    connection.execute("pragma journal_mode = off")
    connection.execute("insert into t values (1)")
    disk.breaks(growing=True)
    connection.execute("update t set x = 2")
    assert disk.failures == 0
    with pytest.raises(dbapi2.OperationalError, match="full"):
        connection.execute("insert into t values (randomblob(100000))")


def test_a_file_that_cannot_be_made_stops_the_open(
    dbapi2: ModuleType, disk: BrokenDisk, tmp_path: Path
) -> None:
    disk.breaks()
    with pytest.raises(dbapi2.OperationalError, match="unable to open"):
        dbapi2.connect(tmp_path / "new.db").execute("create table t (x)")
    assert not (tmp_path / "new.db").exists()


def test_the_real_calls_are_back_afterwards(dbapi2: ModuleType, tmp_path: Path) -> None:
    with broken_disk(dbapi2) as disk:
        disk.breaks()
    with dbapi2.connect(tmp_path / "a.db") as connection:
        connection.execute("create table t (x)")
    connection.close()
