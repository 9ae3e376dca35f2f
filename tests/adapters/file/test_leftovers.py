"""What dead processes left is cleared; what living ones and strangers have is not touched."""

from __future__ import annotations

import asyncio
import fcntl
import os
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock.adapters.file.outbound import label_of
from crossdock.adapters.file.outbound_settings import FileOutbound
from crossdock.adapters.file.tree import tree_of
from crossdock.adapters.file.writing import Writer, Written
from crossdock.domain.errors import TransientError
from tests.adapters.file.case import DAY, NOW, StepFiles, Table, adapter, deliver, hidden, pairs, visible


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    return tmp_path / "data" / "exports"


def writer(folder: Path, files: StepFiles | None = None) -> Writer:
    """A writer whose copy of the newest file is ``newest.json``."""
    settings = FileOutbound(file="data/exports", latest="newest.json")
    return Writer(tree_of("data/exports", above=folder), label_of(settings, "warehouse"), files)


def begin(folder: Path) -> tuple[Writer, Written]:
    """Write a file and do not publish it."""
    one = writer(folder)
    one.connect(NOW)
    return one, one.write(iter([b"1\n"]), 1, NOW)


def abandon(written: Written) -> None:
    """Do what the end of a process does."""
    written.lock.close()


def test_file_of_a_living_process_is_left_alone(tmp_path: Path, exports: Path) -> None:
    one, written = begin(tmp_path)
    writer(tmp_path).connect(NOW)
    one.publish(written)
    assert len(pairs(exports)) == 2


def test_file_of_a_dead_process_is_removed_and_never_published(tmp_path: Path, exports: Path) -> None:
    one, written = begin(tmp_path)
    fcntl.flock(written.lock, fcntl.LOCK_UN)
    writer(tmp_path).connect(NOW)
    assert hidden(exports, ".part") == visible(exports) == []
    assert not one.was_published(written.note())
    with pytest.raises(TransientError, match="somebody else took over"):
        one.publish(written)


def test_data_without_manifest_of_a_dead_process_is_removed(tmp_path: Path, exports: Path) -> None:
    def die(name: str) -> None:
        if name.startswith("after rename ") and name.endswith("_001.json"):
            raise KeyboardInterrupt

    one = writer(tmp_path, StepFiles(die))
    one.connect(NOW)
    written = one.write(iter([b"1\n"]), 1, NOW)
    with pytest.raises(KeyboardInterrupt):
        one.publish(written)
    assert visible(exports) == [f"warehouse_export_{DAY}_001.json"]
    writer(tmp_path).connect(NOW)
    assert visible(exports) == hidden(exports, ".part") == []


def test_latest_copy_that_a_dead_process_did_not_renew_is_renewed(tmp_path: Path, exports: Path) -> None:
    def die(name: str) -> None:
        if name == "after rename newest.json":
            raise KeyboardInterrupt

    one = writer(tmp_path, StepFiles(die))
    one.connect(NOW)
    written = one.write(iter([b"1\n"]), 1, NOW)
    with pytest.raises(KeyboardInterrupt):
        one.publish(written)
    assert not (exports / "newest.meta.json").exists()
    writer(tmp_path).connect(NOW)
    assert [pair.content for pair in pairs(exports)] == [b"1\n", b"1\n"]
    assert hidden(exports, ".part") == []


def test_hidden_files_of_strangers_are_left_alone(tmp_path: Path, exports: Path) -> None:
    (exports / DAY).mkdir(parents=True)
    names = [".orders.csv.part", f".shop_orders_{DAY}_001.csv.part", f".shop_orders_{DAY}_001.meta.json.part"]
    for name in names:
        (exports / DAY / name).write_text("theirs")
    writer(tmp_path).connect(NOW)
    assert hidden(exports) == sorted(names)


@pytest.mark.parametrize(("days", "kept"), [(7, True), (8, False)])
def test_numbers_are_remembered_for_a_week(tmp_path: Path, exports: Path, days: int, kept: bool) -> None:  # noqa: FBT001
    one, first = begin(tmp_path)
    abandon(first)
    second = one.write(iter([b"2\n"]), 1, NOW)
    one.publish(second)
    writer(tmp_path).connect(NOW + timedelta(days=days))
    assert one.was_published(second.note()) is kept
    assert not one.was_published(first.note())
    assert (hidden(exports / DAY) != []) is kept
    assert len(pairs(exports)) == 2


def test_running_process_clears_when_a_day_begins(tmp_path: Path, exports: Path) -> None:
    now = [NOW]
    table = Table(tmp_path / "table.json")
    table.send({"m1": 1, "m2": 2})
    to = adapter(tmp_path, now=lambda: now[0])
    asyncio.run(to.connect())
    asyncio.run(deliver(to, table, ["m1"]))
    assert hidden(exports / DAY) == [f".warehouse_export_{DAY}_001.ticket"]
    now[0] += timedelta(days=8)
    asyncio.run(deliver(to, table, ["m2"]))
    assert hidden(exports / DAY) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of others")
def test_what_cannot_be_cleared_keeps_nobody_from_writing(tmp_path: Path, exports: Path) -> None:
    def refuse(name: str) -> None:
        if name.startswith("remove "):
            raise PermissionError(name)

    _, written = begin(tmp_path)
    abandon(written)
    writer(tmp_path, StepFiles(refuse)).connect(NOW)
    assert hidden(exports, ".part") != []
