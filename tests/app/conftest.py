"""A hub on a queue, on disk and in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crossdock import Hub, Queue


@pytest.fixture(params=["disk", "memory"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Queue]:
    url = f"sqlite:///{tmp_path}/work.db" if request.param == "disk" else "sqlite://"
    with Queue(url, app="tests") as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A store of each kind, for processes of their own; what is still connected to a database ends with it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/work.db"
        return
    databases = request.getfixturevalue("databases")
    made = databases.prepared()
    yield made
    databases.drop(made, quietly=True)


@pytest.fixture
def hub(queue: Queue) -> Hub:
    return Hub(queue)
