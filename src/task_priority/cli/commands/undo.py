"""``task-priority undo``: takes the newest change back."""

from __future__ import annotations

from crossdock.command import ExitCode, Refusal, described, new_command, printable, say
from task_priority.cli.session import Session
from task_priority.cli.writing import deliver, refresh

app = new_command()


@app.command(**described("task-priority undo"))
def undo() -> None:
    """Take back the newest change that was made with done or snooze; called again, the one before it.

    A change that Todoist does not have yet is dropped; else Todoist is asked to have the task as it was.
    """
    from crossdock.exporting import Exports
    from task_priority.asked import NothingToUndo
    from task_priority.changes import Changes
    from task_priority.sources import Sources

    session = Session()
    session.demand_connected()
    with session.queue() as queue, Sources(session.home) as sources:
        try:
            undone = Changes(queue, Exports(queue)).undo()
        except NothingToUndo as error:
            raise Refusal(str(error), ExitCode.NOT_FOUND) from error
        if undone.sent is None:
            say(f"{printable(undone.title)}: the change was dropped before Todoist had it")
            return
        say(f"{printable(undone.title)}: taken back")
        if deliver(queue, sources):
            refresh(queue, sources)
