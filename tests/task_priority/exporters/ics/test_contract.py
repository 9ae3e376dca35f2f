"""The exporter held to the contract of exporters, with a file and with a feed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from crossdock.testing import ExporterContract
from task_priority.exporters.ics import IcsExporter, Source
from tests.task_priority.exporters.ics.feeds import SECRET, Feeds, feeds


class PlayedCalendar:
    """Two calendars with one event of the same id, tasks, and an event that nobody can read."""

    def __init__(self, file: Path, served: Feeds) -> None:
        self._file = file
        self._served = served
        self._events = {"a": "20260302", "b": "20260303"}
        self._changes = 0
        self._publish()

    def exporter(self) -> IcsExporter:
        return IcsExporter(
            [Source("file", str(self._file)), Source("feed", self._served.url(), private=True)]
        )

    def change(self) -> None:
        self._changes += 1
        self._events = {"a": f"202604{self._changes:02}", f"c{self._changes}": "20260305"}
        self._publish()

    def present(self) -> Mapping[str, set[str]]:
        return {"events": {f"{name}:{uid}" for name in ("file", "feed") for uid in self._events},
                "todos": {"file:t", "feed:t"}}  # fmt: skip

    def _publish(self) -> None:
        lines = ["BEGIN:VTODO", "UID:t", "END:VTODO", "BEGIN:VEVENT", "UID:unreadable", "END:VEVENT"]
        for uid, day in self._events.items():
            lines += ["BEGIN:VEVENT", f"UID:{uid}", f"DTSTART;VALUE=DATE:{day}", "END:VEVENT"]
        self._served.serve(*lines, etag=f'"{self._changes}"')
        self._file.write_bytes(self._served.replies[SECRET].body)


class TestIcs(ExporterContract):
    @pytest.fixture
    def far_side(self, tmp_path: Path) -> Iterator[PlayedCalendar]:
        with feeds() as served:
            yield PlayedCalendar(tmp_path / "mine.ics", served)
