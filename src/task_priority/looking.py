"""From sources to an overview: reads them all, ranks and plans at an instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from task_priority.fit.plan import make_plan
from task_priority.model import Task
from task_priority.moments import Day, start_of
from task_priority.overview import Change, Overview, Pending, SourceState
from task_priority.reading import Window
from task_priority.settings import Settings

KNOWN_AHEAD: Final = timedelta(days=28)
"""So far events are wanted, however short the plan is: the ranking looks at the free time of four weeks."""


class Source(Protocol):
    """Where tasks and events come from."""

    def state(self, window: Window) -> SourceState:
        """Return what it says now, and how fresh that is."""


def window_at(now: datetime, settings: Settings) -> Window:
    """Return the time of which events are wanted: from the beginning of today on."""
    today = now.astimezone(settings.zone).date()
    return Window(
        start=start_of(Day(today), settings.zone),
        end=now + max(settings.horizon, KNOWN_AHEAD),
        zone=settings.zone,
    )


def look(
    sources: Iterable[Source], settings: Settings, now: datetime, pending: Sequence[Pending] = ()
) -> Overview:
    """Return what is known now.

    Args:
        sources: All of them; each is read anew.
        settings: Of the owner.
        now: Aware.
        pending: Changes that the sources do not know yet; tasks are ranked as they will be.
    """
    window = window_at(now, settings)
    states = [source.state(window) for source in sources]
    tasks = [task for state in states for task in changed(state.tasks, pending)]
    events = [event for state in states for event in state.events]
    plan = make_plan(tasks, events, now=now, settings=settings)
    return Overview(now, settings, plan, states, pending)


def changed(tasks: Iterable[Task], pending: Sequence[Pending]) -> Iterable[Task]:
    """Return tasks as they will be once the changes that are on their way have arrived."""
    changes = {one.task: one for one in pending if not one.given_up}
    for task in tasks:
        one = changes.get(task.id)
        if one is None:
            yield task
        elif one.change is not Change.DONE:
            yield replace(task, due=one.due) if one.changes_due else task
