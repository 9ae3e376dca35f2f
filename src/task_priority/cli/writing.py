"""Handing changes over to their service at once, in words that people understand if that cannot be now."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from crossdock import DeliveryError, ExporterBusy, RateLimited
from crossdock.command import counted, hint, tell
from task_priority.words import duration_text

if TYPE_CHECKING:
    from crossdock import Queue
    from task_priority.sources import Sources


def deliver(queue: Queue, sources: Sources) -> bool:
    """Hand over the changes that wait; tell whether all arrived. A hub that runs may do so at the same time."""
    from crossdock.exporting import Exports
    from task_priority.changes import Changes
    from task_priority.sources import TODOIST

    if TODOIST not in sources.names():
        return True
    try:
        count = Changes(queue, Exports(queue)).deliver(sources.todoist_writer(queue))
    except DeliveryError as error:
        tell(f"todoist: {problem_text(error)}")
        hint("the change is kept and tried again: by task-priority run, or with the next task-priority sync")
        return False
    if count:
        hint(f"{counted(count, 'change')} arrived at Todoist")
    return True


def problem_text(error: DeliveryError) -> str:
    """Say why a service did not do what was asked, and, if it said so, when to ask again."""
    wait = error.retry_after if isinstance(error, RateLimited) else None
    return str(error) if wait is None else f"{error}; try again in {_wait_text(wait)}"


def _wait_text(wait: timedelta) -> str:
    """Write how long to wait, rounded up: in seconds below two minutes."""
    if wait < timedelta(minutes=2):
        return f"{math.ceil(wait.total_seconds())} s"
    return duration_text(timedelta(minutes=math.ceil(wait / timedelta(minutes=1))))


def refresh(queue: Queue, sources: Sources) -> None:
    """Fetch what Todoist made of a change; if that cannot be now, the change is shown as pending until it can.

    A hub that runs and is fetching at this moment has been asked to do so once more: there is nothing to say.
    """
    from crossdock.exporting import Exports
    from task_priority.sources import TODOIST

    for exporter in sources.exporters():
        if exporter.name == TODOIST:
            try:
                Exports(queue).sync(exporter)
            except ExporterBusy:
                return
            except DeliveryError as error:
                tell(f"todoist: the change arrived, but not its outcome: {error}")
