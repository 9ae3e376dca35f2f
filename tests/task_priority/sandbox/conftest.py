"""One sandbox for each module of tests; each test begins with an account of its own making or with the demo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from task_priority.sandbox import Sandbox

NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
"""A Wednesday."""


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **spans: float) -> None:
        self.now += timedelta(**spans)


@pytest.fixture(scope="module")
def time() -> Time:
    return Time()


@pytest.fixture(scope="module")
def sandbox(time: Time) -> Iterator[Sandbox]:
    with Sandbox(clock=time) as made:
        made.todoist.syncing.full_budget.most = None
        made.todoist.syncing.incremental_budget.most = None
        yield made


@pytest.fixture(autouse=True)
def _no_faults_left(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.faults.clear()


@pytest.fixture(scope="module")
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(
        headers={"Authorization": f"Bearer {sandbox.token}"}, trust_env=False, timeout=10
    ) as client:
        yield client


@pytest.fixture
def sync(sandbox: Sandbox, http: httpx.Client) -> Any:
    """Ask ``/sync``, with a form as the real clients do."""
    import json

    def ask(
        token: str = "*", types: list[str] | None = None, commands: list[Any] | None = None
    ) -> dict[str, Any]:
        form = {"sync_token": token, "resource_types": json.dumps(types or ["all"])}
        if commands is not None:
            form["commands"] = json.dumps(commands)
        answer = http.post(f"{sandbox.todoist_url}/sync", data=form)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    return ask
