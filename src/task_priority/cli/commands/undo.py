"""``task-priority undo``: takes the newest change back."""

from __future__ import annotations

from crossdock.command import ExitCode, Refusal, bundled, described, new_command
from task_priority.cli.changing import show_change
from task_priority.cli.options import Form
from task_priority.cli.output import demand_one
from task_priority.cli.session import Session
from task_priority.cli.writing import deliver, refresh

app = new_command()


@app.command(**described("task-priority undo", "task-priority undo --json"))
@bundled
def undo(*, form: Form) -> None:
    """Take back the newest change that was made with done or snooze; called again, the one before it.

    A change that Todoist does not have yet is dropped; else Todoist is asked to have the task as it was.
    """
    from crossdock.exporting import Exports
    from task_priority.asked import NothingToUndo
    from task_priority.changes import Changes
    from task_priority.overview import Change
    from task_priority.sources import Sources
    from task_priority.views.documents import change_form

    demand_one(form)
    session = Session()
    session.demand_connected()
    with session.queue() as queue, Sources(session.home) as sources:
        try:
            undone = Changes(queue, Exports(queue)).undo()
        except NothingToUndo as error:
            raise Refusal(str(error), ExitCode.NOT_FOUND) from error
        job_id = None if undone.sent is None else undone.sent.id
        outcome = "the change was dropped before Todoist had it" if job_id is None else "taken back"
        made = change_form(undone.task, undone.title, Change.TAKEN_BACK, job_id=job_id)
        show_change(made, outcome, form=form)
        if job_id is not None and deliver(queue, sources):
            refresh(queue, sources)
