"""P1, P3, P5, P13 and the counting of crashes, under random kills of producers, consumers and everybody."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from tests.crash.harness import Plan, run

if TYPE_CHECKING:
    from pathlib import Path

KILLS = int(os.environ.get("CROSSDOCK_TEST_KILLS", "100"))
SECONDS_PER_KILL = 1.5


@pytest.mark.needs_linux
@pytest.mark.timeout(120 + KILLS * SECONDS_PER_KILL)
@pytest.mark.parametrize("outside_writers", [False, True], ids=["wal", "safe-mode"])
def test_every_message_is_explained_after_random_kills(tmp_path: Path, *, outside_writers: bool) -> None:
    seed = int(os.environ.get("CROSSDOCK_TEST_SEED", random.SystemRandom().getrandbits(30)))
    report = run(Plan(tmp_path, kills=max(1, KILLS // 2), seed=seed, outside_writers=outside_writers))
    print(report)  # noqa: T201 - pytest shows it with a failure
    assert not report.violations, f"CROSSDOCK_TEST_SEED={seed}\n{report}"
