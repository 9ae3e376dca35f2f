"""Homes that are connected to a sandbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from task_priority.connections import Connections
from task_priority.credentials import KEY_RING_VARIABLE, Credentials
from task_priority.exporters.google import CALENDAR_SCOPES, GOOGLE, TASKS_SCOPES, Grant, OAuthClient
from task_priority.home import Home
from task_priority.sandbox import Sandbox

NO_KEY_RING = {KEY_RING_VARIABLE: "off"}


def signed_in(sandbox: Sandbox, folder: Path) -> Credentials:
    """Return the credentials of a folder, with what Google gives for a consent."""
    credentials = Credentials(folder, environment=NO_KEY_RING)
    grant = Grant(
        client=OAuthClient("sandbox", "", f"{sandbox.url}/auth", f"{sandbox.url}/token"),
        refresh_token="",
        access_token=sandbox.token,
        expires=datetime.now(UTC) + timedelta(hours=1),
        scopes=frozenset((*CALENDAR_SCOPES, *TASKS_SCOPES)),
        granted=datetime.now(UTC),
    )
    credentials.store(GOOGLE, grant.to_values())
    return credentials


def connect(home: Home, sandbox: Sandbox, *, calendars: Path) -> None:
    """Connect a home to all that a sandbox serves, and to a folder of calendar files."""
    home.make()
    calendars.mkdir(exist_ok=True)
    credentials = signed_in(sandbox, home.folder)
    credentials.store("todoist", {"token": sandbox.token})
    credentials.store("ics", {"ugly": {"address": str(calendars), "private": True}})
    connections = Connections(home.connections)
    connections.put("todoist", {"base_url": sandbox.todoist_url})
    connections.put("google-calendar", {"base_url": sandbox.calendar_url})
    connections.put("google-tasks", {"base_url": f"{sandbox.tasks_url}/tasks/v1"})
    connections.put("ics", {})
