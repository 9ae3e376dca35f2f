from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from crossdock import Queue
from tests.cli.command import Shell
from tests.cli.warm import Warm


@pytest.fixture
def shell(tmp_path: Path, warm: Warm) -> Shell:
    """Give an empty folder to run the command in."""
    return Shell(tmp_path, warm)


@pytest.fixture
def store(tmp_path: Path) -> Callable[[], AbstractContextManager[Queue]]:
    """Open the store that the command uses by default, made if it is not there."""

    @contextmanager
    def store() -> Iterator[Queue]:
        with Queue(f"sqlite:///{tmp_path / 'crossdock.db'}", app="test") as queue:
            yield queue

    return store
