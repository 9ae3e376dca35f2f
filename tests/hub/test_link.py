"""The link of an adapter: made, lost, made again, and told of once."""

from __future__ import annotations

import asyncio
import time

from crossdock import CredentialError, NotConnected
from crossdock.domain.message import AppId
from crossdock.hub.link import Link


class FarSide:
    """Refuses so many connections, then is there."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.tries: list[float] = []
        self.told: list[tuple[str, str]] = []
        self.stop = False

    async def connect(self) -> None:
        self.tries.append(time.monotonic())
        if self.errors:
            raise self.errors.pop(0)

    def link(self) -> Link:
        return Link(
            self.connect,
            stopping=lambda: self.stop,
            tell=lambda event: self.told.append((event.name, event.text)),
            app=AppId("app"),
            adapter="test",
        )


def away(count: int) -> FarSide:
    return FarSide(*[NotConnected("nobody answers") for _ in range(count)])


def test_link_is_made_when_it_is_wanted() -> None:
    far_side = away(0)
    link = far_side.link()
    assert not link.is_up
    assert asyncio.run(link.up())
    assert link.is_up
    assert far_side.told == []


def test_pauses_between_tries_grow() -> None:
    far_side = away(4)
    assert asyncio.run(far_side.link().up())
    pauses = [after - before for before, after in zip(far_side.tries, far_side.tries[1:], strict=False)]
    assert len(pauses) == 4
    for number, pause in enumerate(pauses):
        assert pause >= 0.05 * 2**number


def test_return_is_told() -> None:
    far_side = away(1)
    asyncio.run(far_side.link().up())
    assert [event for event, _ in far_side.told] == ["adapter.not_connected", "adapter.connected"]
    assert "nobody answers" in far_side.told[0][1]


def test_wait_for_a_link_ends_when_told_to_stop() -> None:
    far_side = FarSide(CredentialError("the key was revoked"))
    link = far_side.link()

    async def give_up() -> bool:
        waiting = asyncio.create_task(link.up())
        while not far_side.tries:  # noqa: ASYNC110 - the link tells nobody that it tries
            await asyncio.sleep(0)
        far_side.stop = True
        return await waiting

    assert asyncio.run(asyncio.wait_for(give_up(), 5)) is False


def test_link_that_connects_and_never_works_is_tried_seldom() -> None:
    far_side = away(0)
    link = far_side.link()

    async def fail_three_times() -> None:
        for _ in range(3):
            await link.up()
            link.lost(NotConnected("closed at once"))
        await link.up()

    asyncio.run(fail_three_times())
    pauses = [after - before for before, after in zip(far_side.tries, far_side.tries[1:], strict=False)]
    assert pauses[2] >= 0.2


def test_one_try_serves_all_who_wait() -> None:
    far_side = away(1)
    link = far_side.link()

    async def many() -> list[bool]:
        return await asyncio.gather(*[link.up() for _ in range(10)])

    assert asyncio.run(many()) == [True] * 10
    assert len(far_side.tries) == 2
