"""``task-priority done``: completes a task in Todoist."""

from __future__ import annotations

from crossdock.command import described, new_command
from task_priority.cli.changing import change
from task_priority.cli.options import TaskArgument

app = new_command()


@app.command(**described("task-priority done 1", "task-priority done plumber"))
def done(task: TaskArgument) -> None:
    """Complete a task in Todoist; of one that repeats, this time of it.

    The change is kept in the queue until Todoist has it, though the network or the machine fail; 'task-priority undo'
    takes it back.
    """
    change(task, lambda changes, ranked: changes.complete(ranked.task.id), "done")
