"""What the commands have in common that change a task."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crossdock.command import say
from task_priority.cli.session import Session, find
from task_priority.cli.writing import deliver, refresh
from task_priority.views.texts import title_of

if TYPE_CHECKING:
    from task_priority.changes import Changes
    from task_priority.ranking.rank import Ranked


def change(reference: str, ask: Callable[[Changes, Ranked], object], outcome: str) -> None:
    """Ask for a change of a task, and hand it over at once if that can be.

    Args:
        reference: What a person typed.
        ask: Puts the change into the queue.
        outcome: Of the change, in words.
    """
    from crossdock.exporting import Exports
    from task_priority.changes import Changes
    from task_priority.sources import Sources

    session = Session()
    session.demand_connected()
    settings = session.settings()
    with session.queue() as queue, Sources(session.home) as sources:
        overview = session.overview_of(queue, settings, datetime.now(UTC))
        ranked = find(overview, reference)
        ask(Changes(queue, Exports(queue)), ranked)
        say(f"{title_of(ranked.task)}: {outcome}")
        if deliver(queue, sources):
            refresh(queue, sources)
