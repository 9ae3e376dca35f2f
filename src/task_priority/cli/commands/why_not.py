"""``task-priority why-not``: what keeps a task out of the plan."""

from __future__ import annotations

from crossdock.command import bundled, described, new_command
from task_priority.cli.explaining import show_task
from task_priority.cli.options import Form, From, TaskArgument

app = new_command()


@app.command(**described("task-priority why-not 12", "task-priority why-not 3 --json"))
@bundled
def why_not(task: TaskArgument, *, given: From, form: Form) -> None:
    """Show what keeps a task out of the plan, or out of earlier time, and the nearest change that would help."""
    from task_priority.views.terminal import why_not_view

    show_task(task, given, form, why_not_view)
