"""Looking once for all who ask, and again when something has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from crossdock import AsyncQueue, Queue
from task_priority.api.watching import Sight, Watch
from tests.task_priority.api.household import Household


class Clock:
    """Tells the time that it is told."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(second=1)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def queue(household: Household) -> Iterator[Queue]:
    household.connect_files()
    with Queue(f"sqlite:///{household.folder}/work.db", app="tests") as queue:
        household.sync(queue)
        yield queue


async def sights(
    household: Household, watch: Watch, clock: Clock, *, asking: int, minutes: int
) -> list[list[Sight]]:
    """Ask at once, so many, minute by minute."""
    found = []
    async with AsyncQueue(f"sqlite:///{household.folder}/work.db", app="api") as queue:
        for _ in range(minutes):
            found.append(await asyncio.gather(*(watch.sight(queue) for _ in range(asking))))
            clock.now += timedelta(minutes=1)
    return found


def test_a_hundred_who_ask_within_a_minute_are_answered_by_one_look(
    household: Household, queue: Queue
) -> None:
    clock = Clock()
    watch = Watch(household.home, clock)
    first, second = asyncio.run(sights(household, watch, clock, asking=100, minutes=2))
    assert len({id(one) for one in first}) == len({id(one) for one in second}) == 1
    assert first[0] is not second[0]
    assert watch.earlier(first[0].tag) is first[0]


def test_a_sync_is_seen_though_it_found_nothing_new(household: Household, queue: Queue) -> None:
    async def around_a_sync() -> list[Sight]:
        watch = Watch(household.home, Clock())
        async with AsyncQueue(f"sqlite:///{household.folder}/work.db", app="api") as asked:
            before = await watch.sight(asked)
            await asyncio.to_thread(household.sync, queue)
            return [before, await watch.sight(asked)]

    before, after = [one.overview.sources[0].synced_at for one in asyncio.run(around_a_sync())]
    assert before != after


def test_only_the_newest_sights_are_kept(household: Household, queue: Queue) -> None:
    clock = Clock()
    watch = Watch(household.home, clock)
    found = asyncio.run(sights(household, watch, clock, asking=1, minutes=6))
    assert [watch.earlier(one.tag) is not None for (one,) in found] == [False, False, True, True, True, True]
