"""A look without an account: the sandbox serves one, which is asked once, or connected in a home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from task_priority.connections import Connections
from task_priority.credentials import KEY_RING_VARIABLE, Credentials
from task_priority.exporters.asking import Asking
from task_priority.exporters.google import (
    CALENDAR_SCOPES,
    GOOGLE,
    TASKS_SCOPES,
    GoogleCalendarExporter,
    GoogleTasksExporter,
    Grant,
    OAuthClient,
)
from task_priority.exporters.todoist import TodoistExporter
from task_priority.sandbox import Sandbox
from task_priority.sources import GOOGLE_CALENDAR, GOOGLE_TASKS, TODOIST, Fetched

if TYPE_CHECKING:
    from crossdock.exporting import Exporter
    from task_priority.home import Home

_NO_KEY_RING: Final = {KEY_RING_VARIABLE: "off"}
_FOR_EVER: Final = timedelta(days=10_000)


@contextmanager
def sandbox_sources(now: datetime, zone: str) -> Iterator[list[Fetched]]:
    """Serve a demo account as long as the block lasts, and give what asks for it.

    Args:
        now: The account is made relative to it.
        zone: Where its owner is.
    """
    with (
        TemporaryDirectory() as folder,
        Sandbox(timezone=zone, clock=lambda: now) as sandbox,
        Asking() as asking,
    ):
        credentials = Credentials(Path(folder), environment=_NO_KEY_RING)
        credentials.store(GOOGLE, _grant(sandbox).to_values())
        exporters: list[Exporter] = [
            TodoistExporter(lambda: sandbox.token, base_url=sandbox.todoist_url, now=lambda: now),
            GoogleCalendarExporter(credentials, asking, base_url=sandbox.calendar_url.rstrip("/")),
            GoogleTasksExporter(credentials, asking, base_url=f"{sandbox.tasks_url}/tasks/v1"),
        ]
        yield [Fetched(exporter, now) for exporter in exporters]


def connect_sandbox(home: Home, sandbox: Sandbox) -> None:
    """Connect the accounts of a sandbox in a home, which is made if it is not there; nothing is fetched yet."""
    home.make()
    credentials, connections = (
        Credentials(home.folder, environment=_NO_KEY_RING),
        Connections(home.connections),
    )
    credentials.store(TODOIST, {"token": sandbox.token})
    credentials.store(GOOGLE, _grant(sandbox).to_values())
    connections.put(TODOIST, {"base_url": sandbox.todoist_url})
    connections.put(GOOGLE_CALENDAR, {"base_url": sandbox.calendar_url.rstrip("/")})
    connections.put(GOOGLE_TASKS, {"base_url": f"{sandbox.tasks_url}/tasks/v1"})


def _grant(sandbox: Sandbox) -> Grant:
    """Return a sign-in as it is after a consent, with the token of the sandbox that never ends."""
    now = datetime.now(UTC)
    return Grant(
        client=OAuthClient("sandbox", "sandbox"),
        refresh_token=sandbox.token,
        access_token=sandbox.token,
        expires=now + _FOR_EVER,
        scopes=frozenset((*CALENDAR_SCOPES, *TASKS_SCOPES)),
        granted=now,
    )
