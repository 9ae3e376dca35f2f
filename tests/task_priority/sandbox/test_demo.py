"""The demo account: believable, the same for a seed and a day, and kept in a file if one is named."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from task_priority.sandbox import Sandbox, serve
from task_priority.sandbox.exchange import Json
from tests.task_priority.sandbox.conftest import NOW, Time

_WINDOW = (NOW - timedelta(days=14), NOW + timedelta(days=14))


def _made(**options: object) -> Sandbox:
    sandbox = Sandbox(**{"clock": Time(), **options})
    sandbox.close()
    return sandbox


def _events(sandbox: Sandbox) -> list[Json]:
    return list(sandbox.google.calendars.calendar("primary").events.values())


def test_it_has_what_a_real_account_has() -> None:
    sandbox = _made()
    tasks = list(sandbox.todoist.account.active("items"))
    today = NOW.date().isoformat()
    assert 36 <= len(tasks) <= 60
    assert sum(one["due"] is not None and one["due"]["date"][:10] < today for one in tasks) >= 4
    assert sum(one["due"] is not None and one["due"]["is_recurring"] for one in tasks) >= 5
    assert {len(one["due"]["date"]) for one in tasks if one["due"]} == {10, 19, 20}
    for wanted in ("deadline", "duration", "parent_id", "section_id"):
        assert sum(one[wanted] is not None for one in tasks) >= 3, wanted
    labels = Counter(label for one in tasks for label in one["labels"])
    assert labels["waiting"] >= 2
    assert labels["someday"] >= 2
    assert sum(one["content"].startswith("* ") for one in tasks) == 1


def test_its_calendar_has_every_kind_of_event() -> None:
    events = _events(_made())
    assert {one["eventType"] for one in events} == {
        "default",
        "focusTime",
        "outOfOffice",
        "workingLocation",
        "birthday",
    }
    answers = {
        guest["responseStatus"] for one in events for guest in one.get("attendees", ()) if guest.get("self")
    }
    assert answers == {"accepted", "declined", "tentative", "needsAction"}
    exceptions = [one for one in events if "recurringEventId" in one]
    assert {one["status"] for one in exceptions} == {"confirmed", "cancelled"}
    assert any("date" in one["start"] for one in events)
    zones = {(one["start"].get("timeZone"), one["end"].get("timeZone")) for one in events}
    assert ("Europe/Oslo", "Europe/London") in zones
    assert any("summary" not in one for one in events)


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 3, 29), date(2026, 10, 25), date(2028, 2, 29)])
@pytest.mark.parametrize("timezone", ["Europe/Oslo", "America/St_Johns", "Pacific/Auckland"])
def test_it_can_be_made_on_any_day_anywhere(day: date, timezone: str) -> None:
    moment = NOW.replace(year=day.year, month=day.month, day=day.day)
    sandbox = _made(clock=lambda: moment, timezone=timezone)
    assert len(list(sandbox.todoist.account.active("items"))) >= 36
    assert len(_events(sandbox)) >= 20


def test_it_is_the_same_for_a_seed_and_a_day() -> None:
    first, second, other = _made(seed=1), _made(seed=1), _made(seed=2)
    assert first.todoist.account.objects == second.todoist.account.objects
    assert _events(first) == _events(second)
    assert first.token == second.token
    assert first.todoist.account.objects != other.todoist.account.objects


def test_an_empty_account_has_an_inbox_only() -> None:
    sandbox = _made(demo=False)
    assert [one["name"] for one in sandbox.todoist.account.active("projects")] == ["Inbox"]
    assert list(sandbox.todoist.account.active("items")) == []
    assert _events(sandbox) == []


def test_a_file_keeps_the_accounts(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    first = Sandbox(state=file, clock=Time())
    task = first.todoist.tasks.add("Kept")
    event = first.google.calendars.add_event(
        summary="Kept", start={"date": "2026-03-09"}, end={"date": "2026-03-10"}
    )
    first.close()
    second = Sandbox(state=file, clock=Time())
    assert second.todoist.account.get("items", task["id"]) == task
    assert second.google.calendars.event("primary", event["id"]) == event
    assert second.todoist.tasks.add("Another")["id"] != task["id"]
    second.close()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text("[]")
    with pytest.raises(ValueError, match="does not hold the accounts of a sandbox"):
        Sandbox(state=file)


def test_serving_ends_when_it_is_told_to() -> None:
    stop, told = threading.Event(), []

    def started(sandbox: Sandbox) -> None:
        told.append(sandbox.url)
        stop.set()

    serve(0, started=started, stop=stop)
    assert told[0].startswith("http://127.0.0.1:")
