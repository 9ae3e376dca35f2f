"""``task-priority explain``: why a task is where it is."""

from __future__ import annotations

from crossdock.command import bundled, described, new_command
from task_priority.cli.explaining import show_task
from task_priority.cli.options import Form, From, TaskArgument

app = new_command()


@app.command(**described("task-priority explain report", "task-priority explain 3 --json"))
@bundled
def explain(task: TaskArgument, *, given: From, form: Form) -> None:
    """Show why a task is where it is: its score as a sum, its status, its place in the plan and the alternatives."""
    from task_priority.views.terminal import explanation_view

    show_task(task, given, form, explanation_view)
