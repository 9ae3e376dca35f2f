"""TLS: who the far side is, is checked, by its name, and there is no way around it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.domain.errors import ConfigError, NotConnected
from crossdock.ports.outbound import Delivered
from tests.adapters.http.case import FarSide, adapter, far_side, json_answer, message, post, run
from tests.adapters.http.certificates import Authority
from tests.adapters.http.test_addresses import Names

NAME = "warehouse.example"


def posts(folder: Path, context: Any, host: str = NAME, **settings: Any) -> FarSide:
    async def main() -> FarSide:
        async with far_side(json_answer(b'{"taken": true}'), ssl=context) as side:
            one = adapter(f"https://{host}:{side.port}/", folder, resolve=Names(["127.0.0.1"]), **settings)
            try:
                await one.connect()
                for _ in range(3):
                    given = message(b"x" * 1_000_000)
                    assert await post(one, given) == Delivered({"taken": True})
                assert [len(came.body) for came in side.came] == [1_000_000] * 3
            finally:
                await one.close()
            return side

    side: FarSide = run(main())
    return side


def test_far_side_is_known_by_its_name_at_whatever_address(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    side = posts(tmp_path, authority.server(NAME), ca="authority.pem", format="binary")
    assert side.connections == 1
    assert side.came[0]["host"] == f"{NAME}:{side.port}"


def test_far_side_is_known_by_its_address(tmp_path: Path) -> None:
    posts(
        tmp_path,
        Authority(tmp_path).server("127.0.0.1"),
        host="127.0.0.1",
        ca="authority.pem",
        format="binary",
    )


@pytest.mark.parametrize(
    ("names", "lasts", "settings", "words"),
    [
        (["other.example"], timedelta(days=1), {"ca": "authority.pem"}, "Hostname mismatch"),
        (["127.0.0.1"], timedelta(days=1), {"ca": "authority.pem"}, "Hostname mismatch"),
        ([NAME], timedelta(days=-1), {"ca": "authority.pem"}, "certificate has expired"),
        ([NAME], timedelta(days=1), {}, "unable to get local issuer certificate"),
    ],
)
def test_far_side_that_is_another_is_not_spoken_to(
    tmp_path: Path, names: list[str], lasts: timedelta, settings: dict[str, str], words: str
) -> None:
    authority = Authority(tmp_path)
    with pytest.raises(NotConnected, match=f"its certificate is not to be trusted: .*{words}"):
        posts(tmp_path, authority.server(*names, lasts=lasts), **settings)


def test_authorities_that_cannot_be_read_are_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ca: .*none.pem cannot be used: No such file"):
        adapter("https://warehouse.example/", tmp_path, ca="none.pem")
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(ConfigError, match=r"ca: .*empty.pem cannot be used"):
        adapter("https://warehouse.example/", tmp_path, ca="empty.pem")
