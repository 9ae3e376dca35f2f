"""The queues that must keep the contract, each on a store of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crossdock.testing import FakeClock
from tests.contract.case import IN_MEMORY, ON_DISK, STORES, Case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crossdock import Queue


SECOND = ("wal-async", "memory-sync")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to ``make test-all`` what ``make test`` has in another form.

    That is what goes over very many rows one by one where each takes an exchange or more; and, since ``Queue`` is made
    from ``AsyncQueue``, the second of them on a store where the first is tried.
    """
    for item in items:
        many = item.get_closest_marker("many_rows") and "postgresql" in item.name
        if many or any(f"[{pair}" in item.name or f"-{pair}" in item.name for pair in SECOND):
            item.add_marker("slow")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=[*ON_DISK, *IN_MEMORY], ids="-".join)
def case(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[Case]:
    store, flavour = request.param
    url, settings = STORES[store]
    if store == "postgresql":
        url = request.getfixturevalue("postgresql_url")
        settings = {**settings, "host_folder": tmp_path / "host"}
    made = Case(url.format(folder=tmp_path), clock, settings, asynchronous=flavour == "async")
    yield made
    made.close()


@pytest.fixture
def queue(case: Case) -> Queue:
    return case.open(app="tests")
