"""What the tests of exporters share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.task_priority.exporters.todoist_service import TodoistService, serving


@pytest.fixture
def service() -> Iterator[TodoistService]:
    with serving() as service:
        yield service
