"""What an exporter must know in the end, taken from the accounts themselves and not from what their services tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from task_priority.sandbox import Sandbox

_IN_TODOIST = {
    "items": "tasks", "projects": "projects", "sections": "sections", "labels": "labels", "notes": "comments",
}  # fmt: skip


def in_todoist(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return what is active in Todoist, by kind and id."""
    account = sandbox.todoist.account
    return {kind: {one["id"]: one for one in account.active(name)} for name, kind in _IN_TODOIST.items()}


def in_calendars(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return the calendars that are listed, and the events of those that are shown."""
    there = [one for one in sandbox.google.calendars.calendars.values() if not one.entry.get("deleted")]
    return {
        "calendars": {one.entry["id"]: one.entry for one in there},
        "events": {
            f"{one.entry['id']}/{id}": event
            for one in there
            if one.entry.get("selected") and not one.entry.get("hidden")
            for id, event in one.events.items()
            if _lives(event, one.events)
        },
    }


def in_task_lists(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return the lists and the tasks that were not deleted."""
    lists = sandbox.google.tasks.lists
    return {
        "lists": {id: one.entry for id, one in lists.items()},
        "tasks": {
            f"{id}/{name}": task
            for id, one in lists.items()
            for name, task in one.tasks.items()
            if not task.get("deleted")
        },
    }


def _lives(event: Mapping[str, Any], events: Mapping[str, Mapping[str, Any]]) -> bool:
    """Say whether an event is to be known; a cancelled repetition is, as long as its series is there."""
    series = events.get(event.get("recurringEventId", ""))
    return event["status"] != "cancelled" or (series is not None and series["status"] != "cancelled")
