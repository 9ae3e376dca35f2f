"""P2: whatever Crossdock acknowledged is there when the power is back, and nothing is half done."""

from __future__ import annotations

import shutil
from itertools import count, islice, takewhile
from typing import TYPE_CHECKING

import pytest

from tests.faults.memory import place_in_memory
from tests.power_loss.cuts import cuts, record
from tests.power_loss.queue_check import check
from tests.power_loss.trace import SyncFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.power_loss.cuts import Cut
    from tests.power_loss.trace import Event

pytestmark = pytest.mark.needs_apsw

MODES = pytest.mark.parametrize("outside_writers", [False, True], ids=["wal-full", "truncate-extra"])
ONE_IN = 10
"""Of the cuts during syncs, one in so many is played, beside those that lose most."""
ONE_IN_EVERYWHERE = 4
"""Of the thousands between any two writes, the slow test plays one in so many."""


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Return a place for many short-lived files."""
    with place_in_memory(tmp_path) as place:
        yield place


def problems_after(chosen: Iterable[Cut], directory: Path, *, outside_writers: bool) -> Iterator[str]:
    """Play cuts and yield what each lost or spoiled."""
    for cut in chosen:
        image = directory / "image"
        cut.write_to(image)
        for problem in check(cut, image, outside_writers=outside_writers):
            yield f"{cut}: {problem}"
        shutil.rmtree(image)


def recorded(directory: Path, **options: object) -> list[Event]:
    return record("queue_program", directory / "run", **options)


def telling(played: Iterable[Cut]) -> Iterator[Cut]:
    """Choose the cuts that lose most after each step, and some of all the others."""
    said = -1
    for number, cut in enumerate(played):
        if cut.fate == "NothingSurvives" and len(cut.notes) > said:
            said = len(cut.notes)
            yield cut
        elif number % ONE_IN == 0:
            yield cut


@MODES
def test_nothing_acknowledged_is_lost_at_a_sync(directory: Path, *, outside_writers: bool) -> None:
    events = recorded(directory, outside_writers=outside_writers)
    chosen = telling(cuts(events, seeds=2))
    assert not list(problems_after(chosen, directory, outside_writers=outside_writers))


@MODES
def test_a_cut_while_the_store_is_made_does_no_harm(directory: Path, *, outside_writers: bool) -> None:
    events = recorded(directory, outside_writers=outside_writers)
    chosen = takewhile(lambda cut: not cut.notes, cuts(events, seeds=4))
    assert not list(problems_after(chosen, directory, outside_writers=outside_writers))


@MODES
def test_a_loss_is_found_when_commits_are_not_synced(directory: Path, *, outside_writers: bool) -> None:
    events = recorded(directory, outside_writers=outside_writers, synchronous="normal")
    assert any(problems_after(cuts(events, seeds=0), directory, outside_writers=outside_writers))


@MODES
def test_a_loss_is_found_when_the_disk_lies(directory: Path, *, outside_writers: bool) -> None:
    events = recorded(directory, outside_writers=outside_writers)
    liar = ".db" if outside_writers else "-wal"
    played = cuts(events, seeds=0, lies=lambda path: path.endswith(liar))
    assert any(problems_after(played, directory, outside_writers=outside_writers))


@MODES
@pytest.mark.parametrize("fail_sync", [20, 50])
def test_a_failed_sync_is_not_acknowledged_and_spoils_nothing(
    directory: Path, *, outside_writers: bool, fail_sync: int
) -> None:
    events = recorded(directory, outside_writers=outside_writers, fail_sync=fail_sync)
    assert SyncFailed in map(type, events)
    chosen = islice(cuts(events, seeds=1), 0, None, ONE_IN)
    assert not list(problems_after(chosen, directory, outside_writers=outside_writers))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@MODES
def test_no_failed_sync_spoils_anything(directory: Path, *, outside_writers: bool) -> None:
    for fail_sync in count(1, 3):
        run = directory / str(fail_sync)
        run.mkdir()
        events = recorded(run, outside_writers=outside_writers, fail_sync=fail_sync)
        chosen = islice(cuts(events, seeds=1), fail_sync % ONE_IN, None, ONE_IN)
        problems = list(problems_after(chosen, run, outside_writers=outside_writers))
        assert not problems, f"when sync {fail_sync} failed"
        shutil.rmtree(run)
        if SyncFailed not in map(type, events):
            break
    assert fail_sync > 50, "the failures did not reach the commits"


@pytest.mark.slow
@pytest.mark.timeout(1800)
@MODES
def test_nothing_acknowledged_is_lost_between_syncs(directory: Path, *, outside_writers: bool) -> None:
    events = recorded(directory, outside_writers=outside_writers)
    chosen = islice(cuts(events, seeds=2, everywhere=True), 0, None, ONE_IN_EVERYWHERE)
    assert not list(problems_after(chosen, directory, outside_writers=outside_writers))
