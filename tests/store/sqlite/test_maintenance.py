"""Backup, restore and the like, as functions: whose settings hold, and which error says what."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import (
    ConfigError,
    CrossdockError,
    Queue,
    StoreError,
    StoreSettings,
    StoreUnavailable,
)
from crossdock.store.sqlite import maintenance
from crossdock.store.sqlite.build import choose
from crossdock.store.sqlite.connections import Connections
from crossdock.store.sqlite.location import StoreLocation

SHARED = StoreSettings(outside_writers=True)
HASTY = StoreSettings(outside_writers=True, lock_timeout=timedelta(milliseconds=50))


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/work.db"


@pytest.fixture
def backup(url: str, tmp_path: Path) -> Path:
    """Of a store that no outside writer was ever promised to, with one message in hand."""
    with Queue(url, app="tests") as queue:
        queue.send_many("app", [1, 2])
        queue.claim("app")
        return maintenance.backup(url, tmp_path / "backup.db")


def journal_of(path: Path) -> str:
    with closing(Connections(StoreLocation(path), choose(), StoreSettings()).open()) as database:
        mode: str = database.execute("PRAGMA journal_mode").fetchone()[0]
        return mode


class TestSettings:
    def test_restored_store_keeps_to_the_safe_mode_that_is_configured(
        self, url: str, backup: Path, tmp_path: Path
    ) -> None:
        maintenance.restore(url, backup, force=True, settings=SHARED)
        assert journal_of(tmp_path / "work.db") != "wal"
        with Queue(url) as queue:  # which remembers it
            assert queue._store.journal_mode == "truncate"
            assert [record.status for record in queue.list("app")] == ["pending", "pending"]

    def test_migrated_store_keeps_to_it_too(self, url: str, tmp_path: Path) -> None:
        Queue(url).close()
        maintenance.migrate(url, settings=SHARED)
        assert journal_of(tmp_path / "work.db") != "wal"

    @pytest.mark.parametrize("what", [maintenance.info, maintenance.check, maintenance.migrate])
    def test_a_store_that_is_locked_is_waited_for_as_long_as_configured(
        self, url: str, tmp_path: Path, what: Callable[..., Any]
    ) -> None:
        Queue(url, settings=SHARED).close()
        connections = Connections(StoreLocation(tmp_path / "work.db"), choose(), SHARED)
        connections.register()
        with closing(connections.open()) as other:
            other.execute("BEGIN EXCLUSIVE")
            began = time.monotonic()
            with pytest.raises(StoreUnavailable):
                what(url, settings=HASTY)
            assert time.monotonic() - began < 5
            other.execute("ROLLBACK")
        connections.unregister()


class TestErrors:
    """What is wrong with the store, or in the way, is no fault of the configuration."""

    @pytest.fixture
    def empty(self, tmp_path: Path) -> Path:
        """Make a database that is no store."""
        path = tmp_path / "empty.db"
        with closing(Connections(StoreLocation(path), choose(), StoreSettings()).open()) as database:
            database.execute("CREATE TABLE orders (id INTEGER)")
        return path

    @pytest.fixture
    def in_use(self, url: str, backup: Path) -> Iterator[Path]:
        with Queue(url):
            yield backup

    def test_target_of_a_backup_that_exists(self, url: str, backup: Path) -> None:
        demand("exists already", lambda: maintenance.backup(url, backup))

    def test_store_that_exists(self, url: str, backup: Path) -> None:
        demand("force", lambda: maintenance.restore(url, backup))

    def test_store_that_is_in_use(self, url: str, in_use: Path) -> None:
        demand("in use by python/", lambda: maintenance.restore(url, in_use, force=True))

    def test_backup_that_is_not_there(self, url: str, tmp_path: Path) -> None:
        demand("no backup", lambda: maintenance.restore(url, tmp_path / "nowhere.db"))

    def test_backup_that_is_no_store(self, url: str, empty: Path) -> None:
        demand("holds no Crossdock store", lambda: maintenance.restore(url, empty))

    @pytest.mark.parametrize("what", [maintenance.info, maintenance.migrate])
    def test_file_that_is_no_store(self, what: Callable[..., Any], empty: Path) -> None:
        demand("holds no Crossdock store", lambda: what(f"sqlite:///{empty}"))

    @pytest.mark.parametrize("what", [maintenance.info, maintenance.check, maintenance.migrate])
    def test_file_that_is_not_there(self, what: Callable[..., Any], tmp_path: Path) -> None:
        demand("there is no store", lambda: what(f"sqlite:///{tmp_path}/nowhere.db"))

    def test_store_in_memory_is_a_fault_of_the_configuration(self) -> None:
        with pytest.raises(ConfigError, match="memory"):
            maintenance.info("sqlite://")


def demand(text: str, action: Callable[[], Any]) -> None:
    with pytest.raises(CrossdockError, match=text) as caught:
        action()
    assert isinstance(caught.value, StoreError)


def test_check_names_a_message_whose_payload_is_missing(url: str) -> None:
    with Queue(url, settings=StoreSettings(claim_check_bytes=10)) as queue:
        lost, kept = queue.send("app", b"x" * 20), queue.send("app", b"y" * 20)
        assert maintenance.check(url) == []
        queue._store.open_store.exclusive(
            lambda database: database.execute("DELETE FROM payload WHERE data = ?", (b"x" * 20,))
        )
    (found,) = maintenance.check(url)
    assert found.startswith(f"message {lost.id} of app: its payload sha256:")
    assert kept.id not in found


def test_backup_holds_large_data(url: str, tmp_path: Path) -> None:
    with Queue(url, settings=StoreSettings(claim_check_bytes=10)) as queue:
        sent = queue.send("app", b"x" * 20)
    copy = maintenance.backup(url, tmp_path / "copy.db")
    with Queue(f"sqlite:///{copy}") as queue:
        assert queue.get(sent.id).message.data == b"x" * 20
