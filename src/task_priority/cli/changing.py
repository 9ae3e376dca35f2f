"""What the commands have in common that change a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crossdock.command import printable, say, say_json
from task_priority.cli.output import demand_one
from task_priority.cli.session import Session, find
from task_priority.cli.writing import deliver, refresh

if TYPE_CHECKING:
    from crossdock import SentMessage
    from task_priority.changes import Changes
    from task_priority.cli.options import Form
    from task_priority.moments import Moment
    from task_priority.overview import Change
    from task_priority.ranking.rank import Ranked
    from task_priority.views.forms import ChangeForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to become of a task.

    Attributes:
        ask: Puts the change into the queue.
        outcome: Of the change, in words.
        due: What the task is put off to.
    """

    ask: Callable[[Changes, Ranked], SentMessage]
    change: Change
    outcome: str
    due: Moment | None = None


def change(reference: str, wish: Wish, *, form: Form) -> None:
    """Ask for a change of a task, and hand it over at once if that can be.

    Args:
        reference: What a person typed.
        wish: What is to become of the task.
        form: How it is told.

    Raises:
        Refusal: Two forms were asked for; nothing is changed.
    """
    from crossdock.exporting import Exports
    from task_priority.changes import Changes
    from task_priority.sources import Sources
    from task_priority.views.documents import change_form

    demand_one(form)
    session = Session()
    session.demand_connected()
    settings = session.settings()
    with session.queue() as queue, Sources(session.home) as sources:
        overview = session.overview_of(queue, settings, datetime.now(UTC))
        ranked = find(overview, reference)
        task, sent = ranked.task, wish.ask(Changes(queue, Exports(queue)), ranked)
        made = change_form(task.id, task.title, wish.change, job_id=sent.id, due=wish.due)
        show_change(made, wish.outcome, form=form)
        if deliver(queue, sources):
            refresh(queue, sources)


def show_change(made: ChangeForm, outcome: str, *, form: Form) -> None:
    """Tell which change was asked for.

    Args:
        made: The change, for programs.
        outcome: Of it, in words.
        form: How it is told.
    """
    from task_priority.views.markdown import change_markdown

    if form.json:
        say_json(made)
    elif form.markdown:
        say(change_markdown(made["title"], outcome))
    else:
        say(f"{printable(made['title'])}: {outcome}")
