"""A first look without an account: the sandbox serves one for as long as it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

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
from task_priority.sources import Fetched

if TYPE_CHECKING:
    from crossdock.exporting import Exporter

_NO_KEY_RING: Final = {KEY_RING_VARIABLE: "off"}
_LONG_ENOUGH: Final = timedelta(hours=1)


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


def _grant(sandbox: Sandbox) -> Grant:
    """Return a sign-in as it is after a consent."""
    now = datetime.now(UTC)
    return Grant(
        client=OAuthClient("sandbox", "sandbox"),
        refresh_token=sandbox.token,
        access_token=sandbox.token,
        expires=now + _LONG_ENOUGH,
        scopes=frozenset((*CALENDAR_SCOPES, *TASKS_SCOPES)),
        granted=now,
    )
