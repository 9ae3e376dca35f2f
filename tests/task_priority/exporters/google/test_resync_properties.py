"""Whatever happens there, and whatever goes wrong on the way: in the end what is kept is what a new export finds."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock import CredentialError, PermanentError, RateLimited, TransientError
from crossdock.exporting import Exporter
from task_priority.credentials import Credentials
from task_priority.exporters.asking import Asking
from task_priority.exporters.google import GoogleCalendarExporter, GoogleTasksExporter
from tests.task_priority.exporters.google.far_google import (
    Answer,
    FarGoogle,
    Fault,
    error,
    far_google,
    values,
)
from tests.task_priority.exporters.google.local import Local, kept_of

Step: TypeAlias = tuple[str, int, int]
Change: TypeAlias = Callable[[FarGoogle, Step], None]

NINE = {"dateTime": "2026-11-26T09:00:00+01:00", "timeZone": "Europe/Oslo"}
WRONG: Final = (
    error(410, "fullSyncRequired"),
    error(403, "rateLimitExceeded"),
    error(403, "quotaExceeded"),
    Answer(429, b"", {"retry-after": "1"}),
    error(500, "backendError"),
    error(401, "authError"),
    error(404, "notFound"),
    Answer(200, b"<html>"),
    Answer(200, b'{"kind": ', {"content-length": "99", "connection": "close"}),
    Answer(200, {"kind": "calendar#events", "items": []}),
)
CALENDAR_STEPS: Final = (
    "put",
    "put",
    "series",
    "except",
    "cancel",
    "delete",
    "expire",
    "calendar",
    "fault",
    "sync",
)
TASK_STEPS: Final = ("put", "put", "done", "delete", "purge", "list", "hours", "fault")


def rounds(names: tuple[str, ...]) -> st.SearchStrategy[list[list[Step]]]:
    """Draw what happens before each of several runs."""
    one = st.tuples(st.sampled_from(names), st.integers(0, 2), st.integers(0, len(WRONG) - 1))
    return st.lists(st.lists(one, min_size=1, max_size=6), min_size=2, max_size=6)


@contextmanager
def exporting(
    make: Callable[[FarGoogle, Credentials, Asking], Exporter],
) -> Iterator[tuple[FarGoogle, Exporter]]:
    with far_google() as far, Asking() as asking, tempfile.TemporaryDirectory() as home:
        credentials = Credentials(Path(home), environment={"TASK_PRIORITY_KEYRING": "off"})
        credentials.store("google", values(far))
        yield far, make(far, credentials, asking)


def change_calendars(far: FarGoogle, step: Step) -> None:
    what, one, two = step
    calendar = f"c{two // 7}"
    if what == "calendar" and calendar == "c1" and calendar in far.calendars:
        far.remove_calendar(calendar)
    elif calendar not in far.calendars:
        far.add_calendar(calendar)
    elif what == "expire":
        far.expire(calendar)
    elif what == "put":
        far.put(calendar, f"e{one}", start=NINE, end=NINE, summary=f"{one} {two}")
    elif what == "delete":
        there = sorted(far.calendars[calendar].events)
        if there:
            far.delete(calendar, there[-1 - one % len(there)])
    else:
        change_series(far, calendar, step)


def change_series(far: FarGoogle, calendar: str, step: Step) -> None:
    what, one, two = step
    series = f"s{one}"
    status = far.calendars[calendar].events.get(series, {}).get("status")
    if status == "cancelled":
        return  # Google never uses an id again
    if what == "end":
        far.delete(calendar, series)
    elif what == "series" or status is None:
        far.put(calendar, series, start=NINE, end=NINE, recurrence=[f"RRULE:FREQ=DAILY;COUNT={two + 1}"])
    if what in {"except", "cancel"}:
        facts: dict[str, Any] = {"start": NINE, "end": NINE} if what == "except" else {}
        far.except_(calendar, series, f"2026-11-2{two}T09:00:00+01:00", **facts)


def change_tasks(far: FarGoogle, step: Step) -> None:
    what, one, two = step
    tasklist, name = f"l{two // 7}", f"t{one}"
    if what == "list" and tasklist == "l1" and tasklist in far.lists:
        del far.lists[tasklist]
    elif tasklist not in far.lists:
        far.lists[tasklist] = {}
    elif what == "purge":
        far.lists[tasklist].pop(name, None)
    elif what == "hours":
        far.now += timedelta(hours=two)
    elif what in {"put", "done", "delete"}:
        facts = {"deleted": True} if what == "delete" else {"hidden": what == "done"}
        status = "completed" if what == "done" else "needsAction"
        told = {"id": name, "title": f"{one} {two}", "status": status, "updated": far.now.isoformat()}
        far.lists[tasklist][name] = {**told, **facts}


def run(
    far: FarGoogle, history: list[list[Step]], change: Change, *, local: Local, exporter: Exporter
) -> None:
    for steps in history:
        for step in steps:
            if step[0] == "fault":
                far.faults.append(Fault("/v", WRONG[step[2]], after=step[1]))
            else:
                change(far, step)
        with suppress(TransientError, RateLimited, CredentialError, PermanentError):
            local.sync(exporter)
    far.faults.clear()


@settings(max_examples=20)
@given(rounds(CALENDAR_STEPS))
def test_events_end_as_a_new_export_finds_them(history: list[list[Step]]) -> None:
    def make(far: FarGoogle, credentials: Credentials, asking: Asking) -> Exporter:
        far.add_calendar("c0", primary=True)
        far.page_size = 2
        return GoogleCalendarExporter(credentials, asking, base_url=f"{far.url}/calendar/v3")

    with exporting(make) as (far, exporter), kept_of(exporter.name) as local, kept_of(exporter.name) as fresh:
        run(far, history, change_calendars, local=local, exporter=exporter)
        local.sync(exporter)
        fresh.sync(exporter)
        assert local.objects == fresh.objects


@settings(max_examples=20)
@given(rounds(TASK_STEPS))
def test_tasks_end_as_a_new_export_finds_them_once_all_were_compared(history: list[list[Step]]) -> None:
    def make(far: FarGoogle, credentials: Credentials, asking: Asking) -> Exporter:
        far.lists["l0"] = {}
        far.page_size = 2
        return GoogleTasksExporter(credentials, asking, base_url=f"{far.url}/tasks/v1")

    with exporting(make) as (far, exporter), kept_of(exporter.name) as local, kept_of(exporter.name) as fresh:
        run(far, history, change_tasks, local=local, exporter=exporter)
        far.now += timedelta(days=1)
        local.sync(exporter)
        fresh.sync(exporter)
        assert local.objects == fresh.objects
