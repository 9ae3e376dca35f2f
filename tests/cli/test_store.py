from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from crossdock import Queue
from tests.cli.command import Shell

Store = Callable[[], AbstractContextManager[Queue]]


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Path:
    """Make a store with three messages; give its file."""
    with store() as queue:
        queue.send_many("validator", [1, 2, 3])
    return tmp_path / "crossdock.db"


def test_a_backup_brings_everything_back(shell: Shell, filled: Path, store: Store) -> None:
    backup = shell.good("store", "backup", "monday.db")
    assert backup.out == "monday.db\n"
    assert backup.err.startswith("backed up, and checked: ")
    with store() as queue:
        queue.cancel_many("validator")
    restored = shell.good("store", "restore", "monday.db", "--force")
    assert restored.err.splitlines()[0] == "restored ./crossdock.db from monday.db"
    assert restored.err.splitlines()[1].startswith("the former store is kept as ./crossdock.db.")
    with store() as queue:
        assert queue.stats()["validator"].ready == 3


def test_a_restore_makes_a_store_where_there_is_none(shell: Shell, filled: Path) -> None:
    shell.good("store", "backup", "monday.db")
    shell.good("store", "restore", "monday.db", "--store", "sqlite:///other.db")
    assert shell.good("queue", "stats", "--store", "sqlite:///other.db", "--json").json[0]["ready"] == 3


def test_nothing_is_overwritten(shell: Shell, filled: Path) -> None:
    shell.good("store", "backup", "monday.db")
    again = shell("store", "backup", "monday.db")
    assert (again.code, again.err) == (
        1,
        "crossdock: monday.db exists already; name another file for the backup\n",
    )
    restore = shell("store", "restore", "monday.db")
    assert (restore.code, restore.err) == (
        1,
        "crossdock: there is a store at ./crossdock.db; add --force to replace it (its file is kept)\n",
    )


def test_a_restore_from_nothing_is_refused(shell: Shell, filled: Path) -> None:
    result = shell("store", "restore", "tuesday.db", "--force")
    assert (result.code, result.err) == (1, "crossdock: there is no backup tuesday.db\n")


def test_a_store_in_use_is_not_replaced(shell: Shell, filled: Path, store: Store) -> None:
    shell.good("store", "backup", "monday.db")
    with store():
        result = shell("store", "restore", "monday.db", "--force")
    assert result.code != 0
    assert "in use" in result.err


def test_a_sound_store_is_called_sound(shell: Shell, filled: Path) -> None:
    for full in ([], ["--full"]):
        assert shell.good("store", "check", *full).out == "./crossdock.db is sound\n"
    assert shell.good("store", "check", "--json").json == {"sound": True, "problems": []}


def test_a_damaged_store_is_called_damaged(shell: Shell, filled: Path) -> None:
    with filled.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * 8192)
    result = shell("store", "check")
    assert (result.code, result.out) == (4, "")
    assert result.err.startswith("crossdock: ")
    document = shell("store", "check", "--json")
    assert (document.code, document.json["sound"]) == (4, False)
    assert document.json["problems"]


def test_what_is_no_database_is_called_so(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crossdock.db").write_bytes(b"this is no database at all, but it is long enough to look" * 50)
    result = shell("queue", "stats")
    assert (result.code, result.out) == (4, "")
    assert "not a database" in result.err


def test_a_database_of_others_is_left_alone(shell: Shell, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "crossdock.db")) as database:
        database.execute("CREATE TABLE theirs (a)")
    before = (tmp_path / "crossdock.db").read_bytes()
    for command in (
        ["queue", "stats"],
        ["claim", "v"],
        ["store", "check"],
        ["store", "info"],
        ["store", "migrate"],
    ):
        result = shell(*command)
        assert (result.code, result.out) == (4, "")
        assert result.err.startswith("crossdock: ./crossdock.db holds no Crossdock store; add one")
    assert (tmp_path / "crossdock.db").read_bytes() == before


def test_a_migration_of_what_is_new_changes_nothing(shell: Shell, filled: Path) -> None:
    result = shell.good("store", "migrate")
    assert result.out.startswith("schema ")
    assert result.err == "it was up to date; nothing was changed\n"


def test_info_describes_the_store(shell: Shell, filled: Path, store: Store) -> None:
    document = shell.good("store", "info", "--json").json
    assert document["path"] == str(filled)
    assert document["messages"] == {"pending": 3}
    text = shell.good("store", "info").out
    assert f"path               {filled}" in text
    assert "messages           3 pending" in text


def test_a_store_of_a_newer_version_is_left_alone(shell: Shell, filled: Path, store: Store) -> None:
    with store() as queue, queue.claim("validator")[0].transaction() as connection:
        connection.exec_driver_sql("UPDATE crossdock_schema SET number = 999, oldest_code = 999")
    result = shell("queue", "stats")
    assert (result.code, result.out) == (4, "")
    assert "Upgrade Crossdock" in result.err
    doctor = shell("doctor")
    assert doctor.code == 1
    assert "upgrade Crossdock" in doctor.out
