"""Which addresses are reached, which are not, and that the address that was checked is the one that is connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from crossdock.adapters.http.addresses import Allowed
from crossdock.adapters.http.dialing import Found
from crossdock.domain.errors import ConfigError, NotConnected
from crossdock.ports.outbound import DELIVERED
from tests.adapters.http.case import adapter, far_side, post, run


class Names:
    """Looks hosts up in a list, and tells how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[Found]:
        self.asked.append(host)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            (socket.AF_INET6, (one, port, 0, 0)) if ":" in one else (socket.AF_INET, (one, port))
            for one in found
        ]


@pytest.mark.parametrize("address", ["10.0.0.1", "::1", "::ffff:10.1.2.3", "64:ff9b::a9fe:a9fe"])
def test_addresses_that_are_not_open_are_reached_if_they_are_named(address: str) -> None:
    given = ip_address(address)
    assert Allowed.of([address]).names("warehouse.example", given)
    assert Allowed.of(["warehouse.example"]).names("warehouse.example.", given)
    assert not Allowed.of(["other.example", "9.0.0.0/8"]).names("warehouse.example", given)


def test_naming_an_address_names_what_stands_for_it() -> None:
    allowed = Allowed.of(["127.0.0.0/8"])
    assert allowed.names("x", ip_address("::ffff:127.0.0.1"))
    assert not allowed.names("x", ip_address("::ffff:10.0.0.1"))


@pytest.mark.parametrize(
    "entry", ["", "10.0.0.1/8", "10.0.0.0/33", "a b", "0x7f.1", "2130706433", "-a", "http://a", "*"]
)
def test_what_names_nothing_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"is no (address|network)"):
        Allowed.of([entry])


def connects(url: str, names: Names, **settings: Any) -> None:
    async def main() -> None:
        one = adapter(url, resolve=names, **settings)
        try:
            await one.connect()
        finally:
            await one.close()

    run(main())


@pytest.mark.parametrize(
    "found",
    [["10.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["fe80::1%eth0"], ["::ffff:127.0.0.2"], ["169.254.169.254"]],
)
def test_host_with_one_address_that_is_not_open_is_not_reached_at_all(found: list[str]) -> None:
    with pytest.raises(
        ConfigError, match=r"warehouse.example has the address .* it is reached only if allow names it"
    ):
        connects("https://warehouse.example/", Names(found))


def test_open_address_is_not_reached_without_tls() -> None:
    with pytest.raises(
        ConfigError, match=r"has the address 1.1.1.1, and without TLS only what allow names is reached"
    ):
        connects("http://warehouse.example/", Names(["1.1.1.1"]))


def test_host_is_looked_up_once_and_the_checked_address_is_connected_to() -> None:
    """The name means something else when it is asked again: connecting must not ask."""

    async def main() -> None:
        async with far_side() as side:
            names = Names(["127.0.0.1"], ["127.0.0.2"])
            one = adapter(f"http://warehouse.example:{side.port}/", resolve=names)
            await one.connect()
            assert await post(one) == DELIVERED
            assert names.asked == ["warehouse.example"]
            assert side.came[0]["host"] == f"warehouse.example:{side.port}"
            await side.end()
            await asyncio.sleep(0.01)
            with pytest.raises(NotConnected, match=r"has the address 127.0.0.2, which is loopback"):
                await post(one)  # a new connection: its address is checked anew
            assert names.asked == ["warehouse.example"] * 2
            with pytest.raises(ConfigError, match=r"has the address 127.0.0.2, which is loopback"):
                await one.connect()
            await one.close()
            assert len(side.came) == 1

    run(main())


def test_next_address_is_tried_when_one_does_not_answer() -> None:
    async def main() -> None:
        async with far_side(host="127.0.0.2") as side:
            names = Names(["127.0.0.1", "127.0.0.2"])
            one = adapter(
                f"http://warehouse.example:{side.port}/", resolve=names, allow=["warehouse.example"]
            )
            assert await post(one) == DELIVERED
            await one.close()

    run(main())


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "Name or service not known"), OSError("no network"), TimeoutError()]
)
def test_host_that_cannot_be_looked_up_is_tried_again(error: OSError) -> None:
    async def fail(host: str, port: int) -> Sequence[Found]:
        raise error

    async def main() -> None:
        one = adapter("https://warehouse.example/", resolve=fail)
        with pytest.raises(NotConnected, match=r"cannot connect to warehouse.example port 443: "):
            await one.connect()

    run(main())


def test_looking_up_takes_part_of_the_time_to_connect() -> None:
    async def never(host: str, port: int) -> Sequence[Found]:
        await asyncio.sleep(60)
        raise AssertionError

    async def main() -> None:
        one = adapter("https://warehouse.example/", resolve=never, connect="50ms")
        with pytest.raises(NotConnected, match=r"not done within 0.05 s \(connect\)"):
            await one.connect()

    run(main())


def test_far_side_that_accepts_and_says_nothing_to_tls_is_given_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with far_side() as side:
            one = adapter(f"https://127.0.0.1:{side.port}/", tmp_path, connect="200ms")
            with pytest.raises(NotConnected):
                await one.connect()
            await one.close()

    run(main())
