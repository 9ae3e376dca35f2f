"""``task-priority snooze``: puts a task off in Todoist."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from crossdock.command import bundled, described, new_command
from task_priority.cli.changing import Wish, change
from task_priority.cli.options import Form, TaskArgument
from task_priority.cli.session import Session

app = new_command()


@app.command(**described("task-priority snooze 1 tomorrow", "task-priority snooze report 'friday 14:00'"))
@bundled
def snooze(
    task: TaskArgument,
    when: Annotated[
        list[str],
        typer.Argument(
            metavar="WHEN",
            help="A day such as tomorrow, friday, next week, 3d or 2026-11-30, with or without a time: friday 14:00.",
        ),
    ],
    *,
    form: Form,
) -> None:
    """Let a task be due at another time in Todoist; a day leaves it the time of day that it has.

    The change is kept in the queue until Todoist has it, though the network or the machine fail; 'task-priority undo'
    takes it back.
    """
    from task_priority.days import parse_when
    from task_priority.moments import end_of
    from task_priority.overview import Change
    from task_priority.views.texts import moment_text

    zone, now = Session().settings().zone, datetime.now(UTC)
    today = now.astimezone(zone).date()
    try:
        due = parse_when(" ".join(when), today)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if end_of(due, zone) <= now:
        raise typer.BadParameter(f"{moment_text(due, today, zone)} has passed; give a later time")
    wish = Wish(
        ask=lambda changes, ranked: changes.put_off(ranked.task.id, due),
        change=Change.PUT_OFF,
        outcome=f"put off to {moment_text(due, today, zone)}",
        due=due,
    )
    change(task, wish, form=form)
