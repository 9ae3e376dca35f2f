"""P1, P3, P5, P13 and the counting of crashes, under random kills of producers, consumers and everybody."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from tests.crash.harness import Plan, run
from tests.crash.places import ON_POSTGRESQL, ON_SAFE_MODE, ON_SQLITE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.stage import Place

KILLS = max(100, int(os.environ.get("CROSSDOCK_TEST_KILLS", "100")))  # also in make test
SHARES = {"sqlite": 0.4, "safe-mode": 0.2, "postgresql": 0.4}
SECONDS_PER_KILL = 1.5


@pytest.mark.needs_linux
@pytest.mark.timeout(120 + KILLS * SECONDS_PER_KILL)
@pytest.mark.parametrize(
    ("place", "share"),
    [
        pytest.param(*store.values, SHARES[store.id], id=store.id, marks=store.marks)
        for store in (ON_SQLITE, ON_SAFE_MODE, ON_POSTGRESQL)
    ],
    indirect=["place"],
)
def test_every_message_is_explained_after_random_kills(tmp_path: Path, place: Place, share: float) -> None:
    seed = int(os.environ.get("CROSSDOCK_TEST_SEED", random.SystemRandom().getrandbits(30)))
    report = run(Plan(tmp_path, kills=max(1, round(KILLS * share)), seed=seed, place=place))
    print(report)  # noqa: T201 - pytest shows it with a failure
    assert not report.violations, f"CROSSDOCK_TEST_SEED={seed}\n{report}"
