"""What the app ``todoist-writer`` can be asked for: messages made of stored tasks, with what is needed to undo them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from task_priority.exporters.todoist.changes import id_of
from task_priority.exporters.todoist.dates import moment_of, text_of, zone_named
from task_priority.moments import Day, Floating, Instant, Moment

COMPLETE: Final = "complete"
REOPEN: Final = "reopen"
RESCHEDULE: Final = "reschedule"
RESTORE: Final = "restore"
"""Set the due date back to exactly what it was."""
_FALLBACK_ZONE: Final = "UTC"


def completing(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message that completes a task; of one that repeats, its next time.

    Args:
        task: As the exporter stored it.
    """
    return {"action": COMPLETE, "task": _id(task), "before": {"due": task.get("due")}}


def reopening(task: str) -> dict[str, Any]:
    """Return the message that takes back that a task was completed.

    Args:
        task: Its id in Todoist.
    """
    return {"action": REOPEN, "task": task}


def rescheduling(task: Mapping[str, Any], due: Moment | None) -> dict[str, Any]:
    """Return the message that makes a task due at another time; if it repeats, it goes on to do so.

    Args:
        task: As the exporter stored it.
        due: None: it is not due any more, and does not repeat either.
    """
    before = task.get("due")
    return {"action": RESCHEDULE, "task": _id(task), "due": _moved(before, due), "before": {"due": before}}


def snoozing(task: Mapping[str, Any], day: date) -> dict[str, Any]:
    """Return the message that makes a task due on another day, at the time of day that it has.

    Args:
        task: As the exporter stored it.
        day: Where the task is due: of a time with a zone the day is meant there.
    """
    return rescheduling(task, _on_day(task.get("due"), day))


def undoing(action: str, task: str, before: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the message that undoes what was done, or None for what undid something itself.

    Args:
        action: What was done.
        task: Its id.
        before: The due date before it, as its message had it.
    """
    due = before.get("due")
    match action:
        case "complete" if not (isinstance(due, dict) and due.get("is_recurring") is True):
            return reopening(task)
        case "complete" | "reschedule":
            return {"action": RESTORE, "task": task, "due": due}
        case _:
            return None


def _id(task: Mapping[str, Any]) -> str:
    id = id_of(task.get("id"))
    if id is None:
        raise ValueError("a task without an id cannot be changed in Todoist")
    return id


def _moved(before: object, due: Moment | None) -> dict[str, Any] | None:
    """Return a due date of Todoist; one that repeats keeps all but the date, else it would repeat no longer."""
    if due is None:
        return None
    old = before if isinstance(before, dict) else {}
    zone = (old.get("timezone") or _FALLBACK_ZONE) if isinstance(due, Instant) else None
    if old.get("is_recurring") is True:
        return {**old, "date": text_of(due), "timezone": zone}
    return {"date": text_of(due), "timezone": zone}


def _on_day(before: object, day: date) -> Moment:
    old = before if isinstance(before, dict) else {}
    try:
        moment = moment_of(old.get("date"))
    except ValueError:
        return Day(day)
    match moment:
        case Day():
            return Day(day)
        case Floating(time):
            return Floating(datetime.combine(day, time.time()))
        case Instant(time):
            zone = zone_named(old.get("timezone")) or UTC
            local = time.astimezone(zone)
            return Instant(datetime.combine(day, local.time(), tzinfo=zone))
