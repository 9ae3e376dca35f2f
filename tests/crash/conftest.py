"""A warm parent of workers for each test, and a store for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.nursery import Nursery
from tests.crash.probe import Play

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    with Nursery(tmp_path) as made:
        yield made


@pytest.fixture
def play(nursery: Nursery, tmp_path: Path) -> Play:
    return Play(nursery, tmp_path)
