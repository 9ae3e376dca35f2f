"""P1, P3 and P13 for every way in and every way out, under random kills of the workers between them."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from crossdock.config.kinds import kind_names
from tests.adapters.roads import INBOUND, OUTBOUND, ROADS_IN
from tests.crash.places import ON_POSTGRESQL, ON_SQLITE, slowly
from tests.crash.road_harness import Plan, run
from tests.crash.stage import Place
from tests.guarantees import Promise, proves

KILLS = max(4, int(os.environ.get("CROSSDOCK_TEST_KILLS", "100")) // 40)
SECONDS_PER_KILL = 3


def pairs() -> Iterator[Any]:
    """Every pair on SQLite, and each road once on PostgreSQL; quick are so many that each road is once among them."""
    quick = _each_once(0)
    for pair in product(ROADS_IN, OUTBOUND):
        yield _pair(ON_SQLITE if pair in quick else slowly(ON_SQLITE), *pair)
    for pair in _each_once(1):
        yield _pair(slowly(ON_POSTGRESQL), *pair)


def _each_once(shift: int) -> list[tuple[str, str]]:
    ways_in, ways_out = list(ROADS_IN), list(OUTBOUND)
    return [
        (ways_in[place % len(ways_in)], ways_out[(place + shift) % len(ways_out)])
        for place in range(max(len(ways_in), len(ways_out)))
    ]


def _pair(store: Any, inbound: str, outbound: str) -> Any:
    promises = [Promise.DELIVERED, Promise.EXPLAINED, Promise.KEY_ORDER_HELD]
    if ROADS_IN[inbound].acknowledged is not None:
        promises.append(Promise.STORED)
    if OUTBOUND[outbound].arrives_once:
        promises.append(Promise.ONCE)
    marks = [*store.marks, proves(*promises, inbound=inbound, outbound=outbound)]
    return pytest.param(*store.values, inbound, outbound, id=f"{store.id}-{inbound}-{outbound}", marks=marks)


def test_every_adapter_has_a_road() -> None:
    missing = set(kind_names("inbound")) - {road.kind for road in INBOUND.values()}
    missing |= set(kind_names("outbound")) - {road.kind for road in OUTBOUND.values()}
    assert not missing, f"add roads for {missing} to tests/adapters/roads.py"


@pytest.mark.needs_linux
@pytest.mark.timeout(240 + KILLS * SECONDS_PER_KILL)
@pytest.mark.parametrize(("place", "inbound", "outbound"), list(pairs()), indirect=["place"])
def test_nothing_is_lost_between_two_roads_while_workers_are_killed(
    tmp_path: Path, place: Place, inbound: str, outbound: str
) -> None:
    seed = int(os.environ.get("CROSSDOCK_TEST_SEED", random.SystemRandom().getrandbits(30)))
    report = run(Plan(tmp_path, inbound, outbound, kills=KILLS, seed=seed, place=place))
    print(report)  # noqa: T201 - pytest shows it with a failure
    assert not report.violations, f"CROSSDOCK_TEST_SEED={seed}\n{report}"
    if OUTBOUND[outbound].arrives_once:
        arrived = Counter(one.message_id for one in OUTBOUND[outbound].received(tmp_path))
        assert set(arrived.values()) == {1}, f"CROSSDOCK_TEST_SEED={seed}: {arrived}"
