"""A Google on loopback, and credentials that it accepts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from task_priority.credentials import Credentials
from task_priority.exporters.asking import Asking
from tests.task_priority.exporters.google.far_google import FarGoogle, far_google, values


@pytest.fixture
def far() -> Iterator[FarGoogle]:
    with far_google() as far:
        yield far


@pytest.fixture
def credentials(tmp_path: Path, far: FarGoogle) -> Credentials:
    credentials = Credentials(tmp_path, environment={"TASK_PRIORITY_KEYRING": "off"})
    credentials.store("google", values(far))
    return credentials


@pytest.fixture
def asking() -> Iterator[Asking]:
    with Asking() as asking:
        yield asking
