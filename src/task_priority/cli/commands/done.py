"""``task-priority done``: completes a task in Todoist."""

from __future__ import annotations

from crossdock.command import bundled, described, new_command
from task_priority.cli.changing import Wish, change
from task_priority.cli.options import Form, TaskArgument

app = new_command()


@app.command(**described("task-priority done 1", "task-priority done plumber", "task-priority done 1 --json"))
@bundled
def done(task: TaskArgument, *, form: Form) -> None:
    """Complete a task in Todoist; of one that repeats, this time of it.

    The change is kept in the queue until Todoist has it, though the network or the machine fail; 'task-priority undo'
    takes it back.
    """
    from task_priority.overview import Change

    wish = Wish(
        ask=lambda changes, ranked: changes.complete(ranked.task.id), change=Change.DONE, outcome="done"
    )
    change(task, wish, form=form)
