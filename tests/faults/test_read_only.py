"""P11: a store that may not be written refuses with an error that names it, and works again when it may."""

from __future__ import annotations

import ctypes
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from crossdock import Queue, StoreSettings, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs_linux

APP = "worker"
_VERSION_3 = 0x20080522
_WITHOUT_OVERRIDE = ~0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH


@contextmanager
def file_modes_count() -> Iterator[None]:
    """Let file modes hold for root too, in this thread and those it starts, until the end of the block."""
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    kept = (ctypes.c_uint32 * 6)()
    kernel = ctypes.CDLL(None)
    assert kernel.capget(header, kept) == 0
    without = (ctypes.c_uint32 * 6)(kept[0] & _WITHOUT_OVERRIDE, *kept[1:])
    assert kernel.capset(header, without) == 0
    try:
        yield
    finally:
        assert kernel.capset(header, kept) == 0


def open_store(path: Path) -> Queue:
    return Queue(f"sqlite:///{path}", app="tester", settings=StoreSettings(min_free_bytes=0))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    folder.mkdir()
    path = folder / "work.db"
    with open_store(path) as queue:
        queue.send(APP, "before")
    return path


def write_protected(store: Path) -> Iterator[None]:
    store.chmod(0o400)
    yield
    store.chmod(0o600)


def in_a_write_protected_folder(store: Path) -> Iterator[None]:
    store.parent.chmod(0o500)
    yield
    store.parent.chmod(0o700)


@pytest.mark.parametrize("protected", [write_protected, in_a_write_protected_folder])
def test_it_refuses_while_protected_and_works_afterwards(
    store: Path, protected: Callable[[Path], Iterator[None]]
) -> None:
    with (
        file_modes_count(),
        contextmanager(protected)(store),
        pytest.raises(StoreUnavailable, match=r"work\.db"),
        open_store(store) as queue,
    ):
        queue.send(APP, "during")
    with open_store(store) as queue:
        queue.send(APP, "after")
        assert [delivery.message.data for delivery in queue.claim(APP, limit=5)] == ["before", "after"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreUnavailable, match="missing"),
        open_store(tmp_path / "missing" / "work.db") as queue,
    ):
        queue.send(APP, 1)
    assert not os.path.lexists(tmp_path / "missing")
