"""The model of a disk keeps what was synced, and may lose anything else."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.power_loss.disk import (
    Chance,
    DataIsLost,
    Disk,
    EverythingSurvives,
    Fate,
    NamesAreLost,
    NothingSurvives,
    sectors_of,
)
from tests.power_loss.trace import Create, Event, Found, Sync, SyncFailed, SyncNames, Truncate, Unlink, Write

A, B = "/d/a", "/d/b"
MADE: list[Event] = [Create(A, 1), Write(1, 0, b"old"), Sync(1, A, beside=True)]
ANY_FATE: list[Fate] = [
    NothingSurvives(),
    EverythingSurvives(),
    NamesAreLost(),
    DataIsLost(),
    *(Chance(random.Random(seed)) for seed in range(20)),
]


def after(*events: Event) -> Disk:
    disk = Disk()
    for event in events:
        disk.follow(event)
    return disk


@pytest.mark.parametrize("fate", ANY_FATE, ids=lambda fate: type(fate).__name__)
class TestWhateverHappens:
    def test_what_was_synced_with_its_name_survives(self, fate: Fate) -> None:
        assert after(*MADE).after_power_loss(fate) == {A: b"old"}

    def test_what_was_found_at_the_start_survives(self, fate: Fate) -> None:
        assert after(Found(A, 1, b"there")).after_power_loss(fate) == {A: b"there"}

    def test_a_removal_with_a_sync_of_the_directory_is_final(self, fate: Fate) -> None:
        assert after(*MADE, Unlink(A), SyncNames("/d")).after_power_loss(fate) == {}

    def test_the_sync_of_one_journal_makes_the_names_beside_it_safe(self, fate: Fate) -> None:
        disk = after(Create(A, 1), Sync(1, A, beside=False), Create(B, 2), Sync(2, B, beside=True))
        assert set(disk.after_power_loss(fate)) == {A, B}

    def test_the_sync_of_another_directory_makes_nothing_safe_here(self, fate: Fate) -> None:
        disk = after(*MADE, Unlink(A), Create("/e/x", 2), Sync(2, "/e/x", beside=True))
        assert disk.after_power_loss(fate).get(A) in {None, b"old"}


def test_unsynced_writes_can_be_lost_and_can_survive() -> None:
    disk = after(*MADE, Write(1, 0, b"new"))
    assert disk.after_power_loss(NothingSurvives()) == {A: b"old"}
    assert disk.after_power_loss(EverythingSurvives()) == {A: b"new"}


def test_a_synced_file_without_a_synced_name_can_vanish() -> None:
    disk = after(Create(A, 1), Write(1, 0, b"x"), Sync(1, A, beside=False))
    assert disk.after_power_loss(NamesAreLost()) == {}
    assert disk.after_power_loss(DataIsLost()) == {A: b"x"}


def test_an_unsynced_removal_can_be_undone() -> None:
    disk = after(*MADE, Unlink(A))
    assert disk.after_power_loss(NamesAreLost()) == {A: b"old"}
    assert disk.after_power_loss(EverythingSurvives()) == {}


def test_a_file_made_anew_under_an_old_name_can_give_way_to_the_old_one() -> None:
    disk = after(*MADE, Unlink(A), Create(A, 2), Write(2, 0, b"new"), Sync(2, A, beside=False))
    seen = {disk.after_power_loss(Chance(random.Random(seed))).get(A) for seed in range(50)}
    assert seen == {b"old", None, b"new"}


def test_an_unsynced_truncation_can_be_undone() -> None:
    disk = after(*MADE, Truncate(1, 1))
    assert disk.after_power_loss(NothingSurvives()) == {A: b"old"}
    assert disk.after_power_loss(EverythingSurvives()) == {A: b"o"}


def test_a_write_is_torn_only_at_sector_boundaries() -> None:
    old, new = b"o" * 2048, b"n" * 1500
    disk = after(Found(A, 1, old), Write(1, 100, new))
    whole = old[:100] + new + old[1600:]
    outcomes = set()
    for seed in range(300):
        found = disk.after_power_loss(Chance(random.Random(seed)))[A]
        sectors = [found[start : start + 512] for start in range(0, 2048, 512)]
        for start, sector in zip(range(0, 2048, 512), sectors, strict=True):
            assert sector in {old[start : start + 512], whole[start : start + 512]}
        outcomes.add(found)
    assert len(outcomes) == 2**4


def test_where_a_file_grew_and_nothing_arrived_stands_zero_or_garbage() -> None:
    disk = after(*MADE, Write(1, 3, b"x" * 5), Write(1, 8, b"y"))
    holes = {disk.after_power_loss(Chance(random.Random(seed)))[A][3:8] for seed in range(300)}
    assert {b"", b"x" * 5, bytes(5)} < holes


def test_what_a_failed_sync_was_to_save_is_gone_for_good() -> None:
    disk = after(*MADE, Write(1, 0, b"new"), SyncFailed(1), Write(1, 4, b"!"), Sync(1, A, beside=False))
    assert disk.after_power_loss(EverythingSurvives()) == {A: b"old\0!"}


def test_a_failed_sync_does_not_undo_a_truncation() -> None:
    disk = after(*MADE, Truncate(1, 1), SyncFailed(1))
    assert disk.after_power_loss(NothingSurvives()) == {A: b"o"}


def test_a_lying_disk_loses_what_it_said_was_safe() -> None:
    disk = Disk(lies=lambda path: path == A)
    for event in MADE:
        disk.follow(event)
    assert disk.after_power_loss(EverythingSurvives()) == {A: b"old"}
    assert disk.after_power_loss(NothingSurvives()) == {}


@given(st.integers(0, 5000), st.binary(min_size=1, max_size=3000))
def test_the_sectors_of_a_write_are_the_write(offset: int, data: bytes) -> None:
    pieces = sectors_of(Write(1, offset, data))
    assert b"".join(piece.data for piece in pieces) == data
    assert [piece.offset for piece in pieces[1:]] == [piece.offset + len(piece.data) for piece in pieces[:-1]]
    assert all(piece.offset % 512 == 0 for piece in pieces[1:])
