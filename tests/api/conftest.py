"""A server for each test that needs one, and one for all tests that leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.served import Served, served


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def shared_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve for all tests of a module; none may mind what the others left."""
    with served(tmp_path_factory.mktemp("api")) as found:
        yield found
