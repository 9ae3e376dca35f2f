"""The power-loss layer finds a loss where SQLite's documents say that there is one, and nowhere else."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.power_loss import plain_program
from tests.power_loss.cuts import cuts, record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.needs_apsw

SEEDS = 6


def losses(
    tmp_path: Path, journal_mode: str, synchronous: str, *, lies: Callable[[str], bool] = lambda _path: False
) -> list[str]:
    """Record the plain program in these modes, cut the power everywhere and return what was wrong."""
    events = record("plain_program", tmp_path / "run", journal_mode=journal_mode, synchronous=synchronous)
    image = tmp_path / "image"
    wrong = []
    for cut in cuts(events, seeds=SEEDS, lies=lies):
        cut.write_to(image)
        problem = plain_program.check(cut, image)
        shutil.rmtree(image)
        if problem:
            wrong.append(f"{cut}: {problem}")
    return wrong


@pytest.mark.parametrize(
    ("journal_mode", "synchronous"),
    [
        ("wal", "full"),
        ("wal", "extra"),
        ("truncate", "full"),
        ("truncate", "extra"),
        ("persist", "full"),
        ("delete", "extra"),
    ],
)
def test_a_durable_mode_loses_nothing(tmp_path: Path, journal_mode: str, synchronous: str) -> None:
    assert losses(tmp_path, journal_mode, synchronous) == []


@pytest.mark.parametrize(
    ("journal_mode", "synchronous"),
    [
        ("wal", "normal"),
        ("wal", "off"),
        ("truncate", "normal"),
        ("truncate", "off"),
        ("delete", "full"),  # the removal of the journal is not synced: the last transaction is rolled back
        ("delete", "normal"),
        ("delete", "off"),
    ],
)
def test_a_loss_is_found_in_a_mode_that_is_not_durable(
    tmp_path: Path, journal_mode: str, synchronous: str
) -> None:
    assert any("acknowledged" in problem for problem in losses(tmp_path, journal_mode, synchronous))


def test_wal_without_syncs_at_commit_loses_but_is_never_corrupt(tmp_path: Path) -> None:
    assert all("acknowledged" in problem for problem in losses(tmp_path, "wal", "normal"))


def test_corruption_is_found_when_nothing_is_synced(tmp_path: Path) -> None:
    assert any("malformed" in problem for problem in losses(tmp_path, "delete", "normal"))


@pytest.mark.parametrize(
    ("journal_mode", "synchronous", "suffix"),
    [
        ("wal", "full", "-wal"),
        ("wal", "full", ".db"),
        ("truncate", "extra", "-journal"),
        ("truncate", "extra", ".db"),
    ],
)
def test_a_disk_that_lies_about_one_file_is_found_out(
    tmp_path: Path, journal_mode: str, synchronous: str, suffix: str
) -> None:
    assert losses(tmp_path, journal_mode, synchronous, lies=lambda path: path.endswith(suffix))
