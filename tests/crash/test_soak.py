"""The soak keeps its state, and its exit code tells the truth."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from tests.crash import soak, soak_growth, soak_load
from tests.crash.case import Fault, Violation
from tests.crash.checker import Report
from tests.crash.mixed_load import Outcome
from tests.crash.places import place_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.harness import Plan


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans of the rounds; rounds with an even seed fail."""
    plans: list[Plan] = []

    def run(plan: Plan) -> Report:
        plans.append(plan)
        violations = [] if plan.seed % 2 else [Violation(Fault.LOST, "m", "gone")]
        return Report(violations, [0.1], {"rows": 10, "runs": 12})

    monkeypatch.setattr(soak, "run", run)
    monkeypatch.setattr(soak_load, "play_load", lambda *_: Outcome([], Report([], [], {}), [0.1, 0.2], 0.0))
    monkeypatch.setattr(soak_growth, "grow", lambda *_, rows, **__: 1.0 if rows <= 10_000_000 else 2.0)
    monkeypatch.setattr(
        soak, "new_store", lambda store, folder: nullcontext(place_of(store, folder, "postgresql://here/db"))
    )
    return plans


def test_stopped_soak_goes_on_where_it_was(tmp_path: Path, played: list[Plan]) -> None:
    soak.main(["--kills", "20", "--per-round", "10", "--seed", "1", "--folder", str(tmp_path / "s")])
    soak.main(["--kills", "35", "--per-round", "10", "--seed", "9", "--folder", str(tmp_path / "s")])
    assert [(plan.seed, plan.kills) for plan in played] == [(1, 10), (2, 10), (3, 10), (4, 5)]


def test_soak_plays_on_every_kind_of_store_in_turn(tmp_path: Path, played: list[Plan]) -> None:
    soak.main(["--kills", "4", "--per-round", "1", "--seed", "1", "--folder", str(tmp_path / "s")])
    stores = [(plan.place["url"].partition(":")[0], plan.place.get("outside_writers")) for plan in played]
    assert stores == [
        ("sqlite", False),
        ("postgresql", None),
        ("sqlite", True),
        ("postgresql", None),
    ]


@pytest.mark.parametrize(("seed", "code", "kept"), [("1", 0, []), ("2", 1, ["round-2"])])
def test_round_with_a_violation_is_kept_and_tells_by_the_exit_code(
    tmp_path: Path, played: list[Plan], seed: str, code: int, kept: list[str]
) -> None:
    assert soak.main(["--kills", "5", "--seed", seed, "--folder", str(tmp_path)]) == code
    assert [path.name for path in tmp_path.glob("round-*")] == kept
    assert len(played) == 1


def test_late_orphans_fail_the_soak() -> None:
    assert soak.verdict(soak.Progress(1, delays=[0.1] * 200)) == 0
    assert soak.verdict(soak.Progress(1, delays=[0.1] * 200 + [1.5] * 3)) == 1


def test_state_is_replaced_as_a_whole(tmp_path: Path) -> None:
    progress = soak.Progress(7, rounds=2, kills=30, delays=[0.25])
    progress.keep(tmp_path / "state.json")
    assert soak.Progress.resume(tmp_path / "state.json", seed=99) == progress
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_mixed_load_and_large_stores_are_done_once_each(tmp_path: Path, played: list[Plan]) -> None:
    few = ["--kills", "1", "--seed", "1", "--folder", str(tmp_path), "--rows", "1000"]
    assert soak.main([*few, "--loads", "2"]) == 0
    assert soak.main([*few, "--loads", "4"]) == 0
    state = json.loads((tmp_path / "state.json").read_text())
    assert state["loads"] == [0.2] * 4
    assert list(state["growth"]) == [", ".join(each) for each in soak_growth.states()]


def test_a_large_store_that_slows_work_down_is_told_by_the_exit_code(
    tmp_path: Path, played: list[Plan]
) -> None:
    few = ["--kills", "1", "--seed", "1", "--folder", str(tmp_path), "--loads", "0"]
    assert soak.main([*few, "--rows", "20000000"]) == 1
