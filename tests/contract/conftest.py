"""The stores and queues that must keep the contract. A further store joins by one line in ``STORES``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crossdock import StoreSettings
from crossdock.testing import FakeClock
from tests.contract.case import Case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crossdock import Queue

STORES = {
    "wal": ("sqlite:///{folder}/work.db", None),
    "safe-mode": ("sqlite:///{folder}/work.db", StoreSettings(outside_writers=True)),
    "memory": ("sqlite://", None),
}
"""name -> (URL, settings)"""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(
    params=[*((store, "sync") for store in STORES), ("wal", "async"), ("memory", "async")], ids="-".join
)
def case(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[Case]:
    store, flavour = request.param
    url, settings = STORES[store]
    made = Case(url.format(folder=tmp_path), clock, settings, asynchronous=flavour == "async")
    yield made
    made.close()


@pytest.fixture
def queue(case: Case) -> Queue:
    return case.open(app="tests")
