"""A warm parent of workers for each test, and a store for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.nursery import Nursery
from tests.crash.places import BOTH, place_of
from tests.crash.probe import Play

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.crash.stage import Place


@pytest.fixture(params=BOTH)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A new store; what tests leave connected to a database is ended with it."""
    if request.param != "postgresql":
        yield place_of(request.param, tmp_path, "")
        return
    databases = request.getfixturevalue("databases")
    url = databases.prepared()
    yield place_of(request.param, tmp_path, url)
    databases.drop(url, quietly=True)


@pytest.fixture
def nursery(tmp_path: Path, place: Place) -> Iterator[Nursery]:
    with Nursery(tmp_path) as made:
        yield made


@pytest.fixture
def play(nursery: Nursery, tmp_path: Path, place: Place) -> Play:
    return Play(nursery, tmp_path, place)
