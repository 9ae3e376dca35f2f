"""Reads stored iCalendar objects as tasks and events; what cannot be read is told, and the rest is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from task_priority.exporters.ics.events import Version, repetitions, replacement, version_of
from task_priority.exporters.ics.objects import EVENTS, TODOS
from task_priority.exporters.ics.stored import Stored
from task_priority.exporters.ics.tasks import task_of
from task_priority.model import Event, Task
from task_priority.reading import Objects, Reading, Unread, Window


def read(objects: Objects, window: Window, *, owners: Iterable[str] = ()) -> Reading:
    """Return the open tasks, and the events of a window with their repetitions.

    Args:
        objects: As the exporter found them.
        window: What is looked at.
        owners: Addresses of e-mail of the calendars' owner: their answers to invitations count. A calendar that is
            called by an address has that owner, too.
    """
    unread: list[Unread] = []
    events = _events(objects, window, frozenset(owner.lower() for owner in owners), unread)
    return Reading(_tasks(objects, window, unread), events, unread)


def _tasks(objects: Objects, window: Window, unread: list[Unread]) -> list[Task]:
    tasks: list[Task] = []
    todos = {id: Stored(data, window.zone) for id, data in objects.get(TODOS, {}).items()}
    changes: defaultdict[tuple[str, str], list[Stored]] = defaultdict(list)
    for stored in todos.values():
        if stored.first("RECURRENCE-ID") is not None:
            changes[stored.scope, stored.uid].append(stored)
    for id, stored in todos.items():
        try:
            task = task_of(stored, window, changes[stored.scope, stored.uid])
        except (ValueError, OverflowError) as error:
            unread.append(Unread(TODOS, id, str(error)))
        else:
            tasks += [task] if task else []
    return tasks


def _events(objects: Objects, window: Window, owners: frozenset[str], unread: list[Unread]) -> list[Event]:
    events: list[Event] = []

    def attempt(id: str, found: Callable[[], Iterable[Event]]) -> None:
        """Take the events that come of an object, all or none."""
        try:
            events.extend(list(found()))
        except (ValueError, OverflowError) as error:
            unread.append(Unread(EVENTS, id, str(error)))

    for family in _families(objects, window, owners, unread):
        masters = {id: one for id, one in family.items() if one.original is None}
        changes = {id: one for id, one in family.items() if one.original is not None}
        master = next(iter(masters.values()), None)
        for id, one in masters.items():
            attempt(id, partial(repetitions, one, list(changes.values()), window))
        for id, one in changes.items():
            attempt(id, partial(replacement, one, master, window))
    return events


def _families(
    objects: Objects, window: Window, owners: frozenset[str], unread: list[Unread]
) -> Iterable[Mapping[str, Version]]:
    """Return the events with one UID together: a series and what replaces some of it."""
    families: defaultdict[tuple[str, str], dict[str, Version]] = defaultdict(dict)
    for id, data in objects.get(EVENTS, {}).items():
        try:
            families[data["scope"], data["uid"]][id] = version_of(
                Stored(data, window.zone), window.zone, owners
            )
        except (ValueError, OverflowError) as error:
            unread.append(Unread(EVENTS, id, str(error)))
    return families.values()
