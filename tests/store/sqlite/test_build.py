"""Which SQLite libraries have the WAL-reset race, and what is done about it (P10)."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from crossdock import Queue, StoreError, StoreSettings, create_engine
from crossdock.store.sqlite.build import Version, choose, describe, has_wal_reset_race


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 44, 7), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 0), True),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 4), False),
    ],
)
def test_the_versions_with_the_race_are_known(version: Version, *, affected: bool) -> None:
    assert has_wal_reset_race(version) is affected


def test_the_chosen_build_is_a_mended_one() -> None:
    build = choose()
    assert not build.affected
    assert build.usable


def test_an_affected_build_runs_in_the_safe_mode_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if not describe(sqlite3).affected:
        pytest.skip("the standard library's SQLite is mended here")
    with Queue(f"sqlite:///{tmp_path}/work.db", settings=StoreSettings(sqlite_module=sqlite3)) as queue:
        queue.send("validator", 1)
        assert queue._store.journal_mode == "truncate"
    assert "safe mode" in caplog.text
    assert "pysqlite3" in caplog.text


def test_outside_writers_choose_the_safe_mode(tmp_path: Path) -> None:
    settings = StoreSettings(outside_writers=True)
    with Queue(f"sqlite:///{tmp_path}/work.db", settings=settings) as queue:
        queue.send("validator", 1)
        assert queue._store.journal_mode == "truncate"
        level = queue._store.open_store._writer.execute("PRAGMA synchronous").fetchone()
    assert level == (3,)


def _durability(queue: Queue) -> tuple[str, int]:
    writer = queue._store.open_store._writer
    return writer.execute("PRAGMA journal_mode").fetchone()[0], writer.execute(
        "PRAGMA synchronous"
    ).fetchone()[0]


def test_the_store_remembers_outside_writers(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/work.db"
    Queue(url, settings=StoreSettings(outside_writers=True)).close()
    with Queue(url) as queue:
        queue.send("validator", 1)
        assert _durability(queue) == ("truncate", 3)


def test_a_forked_child_writes_as_durably_as_its_parent(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/work.db"
    Queue(url, settings=StoreSettings(outside_writers=True)).close()
    with Queue(url) as queue:
        child = os.fork()
        if child == 0:
            os._exit(0 if _durability(queue) == ("truncate", 3) else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_a_store_is_synced_at_each_commit(tmp_path: Path) -> None:
    with Queue(f"sqlite:///{tmp_path}/work.db") as queue:
        writer = queue._store.open_store._writer
        assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert writer.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_second_library_in_the_process_is_refused(tmp_path: Path) -> None:
    with Queue(f"sqlite:///{tmp_path}/work.db"), pytest.raises(StoreError, match="create_engine"):
        Queue(f"sqlite:///{tmp_path}/work.db", settings=StoreSettings(sqlite_module=sqlite3))


def test_a_file_that_another_library_has_open_is_refused(tmp_path: Path) -> None:
    Queue(f"sqlite:///{tmp_path}/work.db").close()
    other = sqlite3.connect(tmp_path / "work.db")
    try:
        with pytest.raises(StoreError, match="another SQLite library"):
            Queue(f"sqlite:///{tmp_path}/work.db")
    finally:
        other.close()
    Queue(f"sqlite:///{tmp_path}/work.db").close()


def test_a_connection_of_another_library_cannot_send(tmp_path: Path) -> None:
    with Queue(f"sqlite:///{tmp_path}/work.db") as queue:
        other = sqlite3.connect(":memory:")
        with pytest.raises(StoreError, match="two SQLite libraries"):
            queue.send("validator", 1, connection=other)
        other.close()
        engine = create_engine(f"sqlite:///{tmp_path}/elsewhere.db")
        with engine.connect() as connection, pytest.raises(StoreError, match="not on the store"):
            queue.send("validator", 1, connection=connection)
        engine.dispose()
        assert queue.stats() == {}


_HAZARD = """
import sqlite3, sys
import pysqlite3.dbapi2 as ours
path = sys.argv[1]
first = ours.connect(path, isolation_level=None)
first.execute("PRAGMA journal_mode = TRUNCATE").fetchall()
first.execute("CREATE TABLE t (x)")
first.execute("BEGIN IMMEDIATE")
first.execute("INSERT INTO t VALUES (1)")
second = sqlite3.connect(path, isolation_level=None, timeout=0)
second.execute("SELECT count(*) FROM t").fetchall()
second.close()                                   # drops the POSIX locks of the whole process
import subprocess
done = subprocess.run([sys.executable, "-c", '''
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
other.execute("BEGIN IMMEDIATE")                 # must be refused while the first holds its lock
print("both hold the write lock")
''', path], capture_output=True, text=True)
print(done.stdout.strip() or "still locked")
"""


def test_the_hazard_of_two_libraries_is_real(tmp_path: Path) -> None:
    """Why they are refused: closing one library's connection undoes the locks of the other."""
    done = subprocess.run(
        [sys.executable, "-c", _HAZARD, str(tmp_path / "two.db")], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "both hold the write lock"
