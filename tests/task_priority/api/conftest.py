from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from task_priority.sandbox import Sandbox
from tests.api.served import Served
from tests.task_priority.api.household import Household


@pytest.fixture(scope="module", autouse=True)
def _no_key_ring() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASK_PRIORITY_KEYRING", "off")
        yield


@pytest.fixture
def household(tmp_path: Path) -> Household:
    return Household(tmp_path)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, _no_key_ring: None) -> Iterator[Served]:
    """Serve files for all tests of a module that only look."""
    household = Household(tmp_path_factory.mktemp("shown"))
    household.connect_files(tasks=7)
    with household.served() as api:
        yield api


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory, _no_key_ring: None) -> Iterator[Served]:
    """Serve a Todoist for all tests of a module that are to change nothing."""
    household = Household(tmp_path_factory.mktemp("untouched"))
    with Sandbox(timezone="UTC") as sandbox:
        household.connect_todoist(sandbox)
        household.connect_files()
        with household.served() as api:
            yield api


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(timezone="UTC") as sandbox:
        yield sandbox


@pytest.fixture
def written(household: Household, sandbox: Sandbox) -> Iterator[Served]:
    """Serve a Todoist that can be changed."""
    household.connect_todoist(sandbox)
    household.connect_files()
    with household.served() as api:
        yield api
