"""A server for each test, and both clients for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from crossdock import Client
from tests.api.served import Served, served
from tests.client.awaited import awaited_client

Connect = Callable[..., AbstractContextManager[Any]]
"""Makes a client of one of the two kinds, in the words of ``Client``."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as found:
        yield found


@pytest.fixture(params=[Client, awaited_client], ids=["threads", "asyncio"])
def connect(request: pytest.FixtureRequest) -> Connect:
    made: Connect = request.param
    return made


@pytest.fixture
def client(api: Served, connect: Connect) -> Iterator[Any]:
    with connect(f"http://127.0.0.1:{api.port}", key=api.key(), app="shop") as made:
        yield made
