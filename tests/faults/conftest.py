"""A store with work in it, and the disk under it that can break."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

from tests.faults.broken_disk import BrokenDisk, broken_disk
from tests.faults.memory import place_in_memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Return a folder for stores that need no real disk."""
    with place_in_memory(tmp_path) as folder:
        yield folder


@pytest.fixture
def dbapi2() -> ModuleType:
    """Return the SQLite build that production runs on."""
    return importlib.import_module("pysqlite3.dbapi2")


@pytest.fixture
def disk(dbapi2: ModuleType) -> Iterator[BrokenDisk]:
    """Return the disk under every connection of that build."""
    with broken_disk(dbapi2) as disk:
        yield disk
        disk.is_repaired()
