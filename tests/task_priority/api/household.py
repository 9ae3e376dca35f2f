"""A home with sources of all kinds, and the API on its store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crossdock import Queue
from crossdock.api.settings import ApiSettings
from crossdock.config import load
from crossdock.exporting import Exports
from task_priority.connections import Connections
from task_priority.credentials import Credentials
from task_priority.home import Home
from task_priority.sandbox import Sandbox
from task_priority.sources import BACKUP, ICS, TODOIST, Sources
from tests.api.served import Served, served

HEADER = (
    "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE,DURATION,DURATION_UNIT,"
    "DEADLINE,DEADLINE_LANG\r\n"
)
EVENT = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//EN
BEGIN:VEVENT
UID:board
DTSTAMP:20200101T000000Z
DTSTART:{day}T090000Z
DTEND:{day}T100000Z
SUMMARY:Board meeting
END:VEVENT
BEGIN:VTODO
UID:plumber
DTSTAMP:20200101T000000Z
SUMMARY:Call the plumber
END:VTODO
END:VCALENDAR
"""
SETTINGS = 'zone = "UTC"\n'


class Household:
    """A home on the store of a test.

    Args:
        folder: In which the home is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = Home(folder / "home")
        self.home.make()
        self.home.settings.write_text(SETTINGS, encoding="utf-8")
        self.credentials = Credentials(self.home.folder)

    def connect_files(self, tasks: int = 3) -> None:
        """Connect a calendar with an event and a task, and an export with some tasks."""
        calendar = self.folder / "home.ics"
        day = f"{datetime.now(UTC) + timedelta(days=1):%Y%m%d}"
        calendar.write_text(EVENT.format(day=day).replace("\n", "\r\n"), encoding="utf-8")
        self.credentials.store(ICS, {"home": {"address": str(calendar), "private": False}})
        self.connections.put(ICS, {})
        self.write_tasks(tasks)
        self.connections.put(BACKUP, {"path": str(self.folder / "Work.csv"), "owner": None})

    def write_tasks(self, count: int) -> None:
        """Export some tasks, ever less urgent."""
        rows = [
            f"task,Task {n} @office,,{min(4, 1 + n // 2)},1,Me (1),,,,,30,minute,,\r\n" for n in range(count)
        ]
        (self.folder / "Work.csv").write_text(HEADER + "".join(rows), encoding="utf-8", newline="")

    def connect_todoist(self, sandbox: Sandbox) -> None:
        """Connect the Todoist of a sandbox."""
        self.credentials.store(TODOIST, {"token": sandbox.token})
        self.connections.put(TODOIST, {"base_url": sandbox.todoist_url})

    def sync(self, queue: Queue) -> None:
        """Fetch from all sources."""
        with Sources(self.home) as sources:
            for exporter in sources.exporters():
                Exports(queue).sync(exporter)

    @property
    def connections(self) -> Connections:
        return Connections(self.home.connections)

    @contextmanager
    def served(self) -> Iterator[Served]:
        """Serve the API, everything fetched."""
        with served(self.folder, ApiSettings.of(load(self.home.configuration))) as found:
            self.sync(found.queue)
            yield found
