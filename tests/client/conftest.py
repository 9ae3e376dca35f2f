"""A server for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crossdock import Client
from tests.api.served import Served, served


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def client(api: Served) -> Iterator[Client]:
    with Client(f"http://127.0.0.1:{api.port}", key=api.key(), app="shop") as made:
        yield made
