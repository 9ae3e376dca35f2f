"""Queues on a store of each kind, with a clock that the test sets and a folder for files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from crossdock import Queue, Retention, StoreSettings
from crossdock.testing import FakeClock
from tests.hub.filing_case import SHORT, Open
from tests.postgresql_databases import is_postgresql


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "work.db.archive"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path}/work.db"


@pytest.fixture
def open_queue(url: str, tmp_path: Path, clock: FakeClock, folder: Path) -> Iterator[Open]:
    """Opens queues; their files go where those of a store on SQLite go by themselves."""
    opened: list[Queue] = []

    def open_one(retention: Retention = SHORT) -> Queue:
        if is_postgresql(url) and retention.folder is None:
            retention = replace(retention, folder=str(folder))
        settings = StoreSettings(host_folder=tmp_path / "host")
        opened.append(Queue(url, clock=clock, retention=retention, settings=settings))
        return opened[-1]

    yield open_one
    for queue in opened:
        queue.close()
