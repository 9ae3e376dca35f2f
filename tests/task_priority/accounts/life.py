"""What the owner of accounts does to them, one small step after the other, as somebody draws them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from task_priority.sandbox import FaultKind, Sandbox
from task_priority.sandbox.exchange import Refusal

Step: TypeAlias = tuple[str, int, int]
"""What is done, to the how many-th, and with what."""

TODOIST_STEPS: Final[Sequence[str]] = (
    "add task", "add task", "add sub-task", "change task", "move task", "close task", "reopen task", "delete task",
    "add project", "archive project", "unarchive project", "delete project", "add section", "delete section",
    "comment", "label", "lose the place", "answer from a while ago",
)  # fmt: skip
CALENDAR_STEPS: Final[Sequence[str]] = (
    "add event", "add event", "add series", "move event", "repeat otherwise", "delete event", "delete event",
    "cancel a repetition",
    "add calendar", "hide calendar", "remove calendar", "move to another calendar", "lose the place",
)  # fmt: skip
TASK_LIST_STEPS: Final[Sequence[str]] = (
    "add task", "add task", "add sub-task", "change task", "tick off", "tick on", "delete task", "hide ticked off",
    "add list", "rename list", "delete list",
)  # fmt: skip
FAULTS: Final[Sequence[FaultKind]] = tuple(
    kind
    for kind in FaultKind
    if kind not in {FaultKind.SLOW, FaultKind.INVALID_GRANT, FaultKind.NULLS, FaultKind.UNKNOWN_KEYS}
)
"""The last two tell something of an object once that is not so, and nothing tells it anew."""
_MONDAY: Final = datetime(2026, 11, 23, 9, tzinfo=UTC)


def strike(sandbox: Sandbox, api: str, step: tuple[int, int]) -> None:
    """Let something go wrong with one of the next requests."""
    kind, after = step
    sandbox.faults.add(FAULTS[kind % len(FAULTS)], api=api, after=after)


def change_todoist(sandbox: Sandbox, step: Step) -> None:
    """Do one thing in Todoist; what it refuses has not changed anything."""
    with sandbox.lock, suppress(Refusal):
        if step[0].endswith("task"):
            _change_todoist_task(sandbox, step)
        else:
            _change_todoist_place(sandbox, step)


def _change_todoist_task(sandbox: Sandbox, step: Step) -> None:
    what, which, other = step
    tasks, account = sandbox.todoist.tasks, sandbox.todoist.account
    task = _pick(account.living("items"), which)
    project, section = _pick(account.living("projects"), other), _pick(account.living("sections"), other)
    match what:
        case "add task":
            words = ("every day", "tomorrow at 9:00", None)[which % 3]
            tasks.add(f"Task {which}", due_string=words, labels=["a"] * (other % 2), project_id=project)
        case "add sub-task":
            tasks.add("Part", parent_id=task)
        case "change task":
            tasks.update(task, content=f"Changed {other}", priority=1 + other % 4)
        case "move task":
            places = {"project_id": project}, {"section_id": section}, {"parent_id": task}
            tasks.move(_pick(account.living("items"), other), **places[which % 3])
        case "close task":
            (tasks.close if other % 2 else tasks.complete)(task)
        case "reopen task":
            tasks.reopen(task)
        case "delete task":
            tasks.delete(task)


def _change_todoist_place(sandbox: Sandbox, step: Step) -> None:
    what, which, other = step
    todoist, account = sandbox.todoist, sandbox.todoist.account
    project = _pick(account.living("projects"), which)
    match what:
        case "add project":
            todoist.projects.add(f"Project {other}", parent_id=project if other % 2 else None)
        case "archive project" | "unarchive project" | "delete project":
            getattr(todoist.projects, what.split()[0])(project)
        case "add section":
            todoist.sections.add(f"Section {other}", project)
        case "delete section":
            todoist.sections.delete(_pick(account.living("sections"), which))
        case "comment":
            todoist.comments.add(f"Word {other}", task_id=_pick(account.living("items"), which))
        case "label":
            todoist.labels.add(f"label-{other}")
        case "lose the place":
            account.drop_snapshot()
            account.expire_sync_tokens()
        case "answer from a while ago":
            account.take_snapshot()


def change_calendars(sandbox: Sandbox, step: Step) -> None:
    """Do one thing in Google Calendar; what it refuses has not changed anything."""
    what, which, other = step
    calendars = sandbox.google.calendars
    with sandbox.lock, suppress(Refusal):
        there = _pick_calendar(sandbox, which)
        match what:
            case "add calendar":
                calendars.add_calendar(f"Calendar {other}")
            case "hide calendar":
                calendars.change_calendar(there, selected=bool(other % 2))
            case "remove calendar":
                if there != calendars.email:
                    calendars.remove_calendar(there)
            case "lose the place":
                calendars.expire_sync_tokens(there if other % 2 else None)
            case _:
                _change_event(sandbox, there, step)


def _change_event(sandbox: Sandbox, there: str, step: Step) -> None:
    what, which, other = step
    calendars = sandbox.google.calendars
    event = _pick_event(sandbox, there, which)
    match what:
        case "add event":
            calendars.add_event(there, summary=f"Event {other}", **_hour(other))
        case "add series":
            rule = f"RRULE:FREQ=DAILY;COUNT={other % 5 + 1}"
            calendars.add_event(there, summary="Series", recurrence=[rule], **_hour(which))
        case "move event":
            calendars.change_event(there, event, **_hour(other))
        case "repeat otherwise":
            calendars.change_event(there, event, recurrence=[f"RRULE:FREQ=WEEKLY;COUNT={other % 3 + 1}"])
        case "delete event":
            calendars.delete_event(there, event)
        case "cancel a repetition":
            calendars.delete_event(there, _pick_repetition(sandbox, there, which))
        case "move to another calendar":
            calendars.move_event(there, event, _pick_calendar(sandbox, other))


def change_task_lists(sandbox: Sandbox, step: Step) -> None:
    """Do one thing in Google Tasks; what it refuses has not changed anything."""
    what, which, other = step
    lists = sandbox.google.tasks
    there = list(lists.lists)[which % len(lists.lists)]
    with sandbox.lock, suppress(Refusal):
        match what:
            case "add list":
                lists.add_list(f"List {other}")
            case "rename list":
                lists.change_list(there, f"Renamed {other}")
            case "delete list":
                if len(lists.lists) > 1:
                    lists.delete_list(there)
            case "hide ticked off":
                lists.clear(there)
            case _:
                _change_listed_task(sandbox, there, step)


def _change_listed_task(sandbox: Sandbox, there: str, step: Step) -> None:
    what, _, other = step
    lists = sandbox.google.tasks
    task = _pick(lists.list(there).tasks.values(), other)
    match what:
        case "add task":
            lists.add(f"Task {other}", there)
        case "add sub-task":
            lists.add("Part", there, parent=task)
        case "change task":
            lists.change(there, task, title=f"Changed {other}")
        case "tick off":
            lists.complete(task, there, in_app=bool(other % 2))
        case "tick on":
            lists.change(there, task, status="needsAction")
        case "delete task":
            lists.delete(task, there)


def _pick(objects: Iterable[Any], number: int) -> str:
    """Return the id of one of them; of none, if there are none."""
    ids = [one["id"] for one in objects]
    return str(ids[number % len(ids)]) if ids else "nowhere"


def _pick_calendar(sandbox: Sandbox, number: int) -> str:
    entries = (one.entry for one in sandbox.google.calendars.calendars.values())
    return _pick((entry for entry in entries if not entry.get("deleted")), number)


def _pick_event(sandbox: Sandbox, there: str, number: int) -> str:
    """Return the id of an event, or, every other time, of the day after the first of a series."""
    events = sandbox.google.calendars.calendar(there).events
    event = _pick(events.values(), number)
    return event if number % 2 else _second_day(events.get(event, {}), event)


def _pick_repetition(sandbox: Sandbox, there: str, number: int) -> str:
    """Return the id of the day after the first of a series."""
    events = sandbox.google.calendars.calendar(there).events
    series = _pick((one for one in events.values() if "recurrence" in one), number)
    return _second_day(events.get(series, {}), series)


def _second_day(event: dict[str, Any], name: str) -> str:
    start = event.get("start", {}).get("dateTime")
    if start is None or "recurrence" not in event:
        return name
    second = datetime.fromisoformat(start).astimezone(UTC) + timedelta(days=1)
    return f"{name}_{second:%Y%m%dT%H%M%SZ}"


def _hour(number: int) -> dict[str, Any]:
    start = _MONDAY + timedelta(hours=number % 100)
    return {
        name: {"dateTime": moment.isoformat(), "timeZone": "Europe/Oslo"}
        for name, moment in (("start", start), ("end", start + timedelta(hours=1)))
    }
