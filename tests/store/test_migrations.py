"""A store made at once and one brought up by its migrations are the same."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crossdock import Queue, SchemaOutOfDate, StoreSettings
from crossdock.ports.clock import SystemClock
from crossdock.ports.notice import LogNotice
from crossdock.store import migrate
from crossdock.store.schema import SchemaState
from crossdock.store.sqlite import maintenance, schema
from crossdock.store.sqlite.build import choose
from crossdock.store.sqlite.connections import Connections
from crossdock.store.sqlite.location import StoreLocation
from crossdock.store.sqlite.open_store import OpenStore
from crossdock.store.transaction import PreparedStatements


def _definitions(database: Any) -> dict[tuple[str, str], str]:
    rows = database.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {(kind, name): re.sub(r"\s*([(),])\s*", r"\1", " ".join(sql.split())) for kind, name, sql in rows}


def _open(path: Path) -> OpenStore:
    location = StoreLocation(path)
    location.prepare()
    return OpenStore(
        location,
        choose(),
        StoreSettings(),
        name="test",
        clock=SystemClock(),
        prepared=PreparedStatements(),
        notice=LogNotice(),
        adapters={},
    )


def test_a_migrated_store_has_the_same_definitions_as_a_fresh_one(tmp_path: Path) -> None:
    with closing(Queue(f"sqlite:///{tmp_path}/fresh.db")) as queue:
        fresh = queue._store.open_store.look(_definitions)
    with closing(_open(tmp_path / "migrated.db")) as opened:
        with opened.writing_alone(), opened.engine.begin() as connection:
            migrate.upgrade(connection)
        migrated = opened.look(_definitions)
        state = opened.look(schema.read_state)
    assert migrated == fresh
    assert state == SchemaState(1, 1)


def test_a_migration_that_has_run_runs_again_without_effect(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/work.db"
    with Queue(url) as queue:
        sent = queue.send("validator", {"order": 17})
    assert maintenance.migrate(url) == (1, 1)
    with Queue(url) as queue:
        assert queue.get(sent.id).message.data == {"order": 17}


def test_a_store_that_needs_newer_code_is_refused_and_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/work.db"
    with Queue(url) as queue:
        sent = queue.send("validator", 1)
    _set_schema(tmp_path / "work.db", number=9, oldest_code=8)
    with pytest.raises(SchemaOutOfDate, match="Upgrade Crossdock"):
        Queue(url)
    _set_schema(tmp_path / "work.db", number=9, oldest_code=1)
    with Queue(url) as queue:  # newer, but made to be read by this code
        assert queue.get(sent.id).message.data == 1


def _set_schema(path: Path, *, number: int, oldest_code: int) -> None:
    connections = Connections(StoreLocation(path), choose(), StoreSettings())
    with closing(connections.open()) as database:
        database.execute("UPDATE crossdock_schema SET number = ?, oldest_code = ?", (number, oldest_code))
