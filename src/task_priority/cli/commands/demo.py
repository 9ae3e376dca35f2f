"""``task-priority demo``: everything at once, with an account of the sandbox."""

from __future__ import annotations

from typing import Final

from crossdock.command import described, new_command, say
from task_priority.cli.options import From
from task_priority.cli.output import show_view
from task_priority.cli.session import Session
from task_priority.ranking.status import Status

app = new_command()
_SHOWN: Final = 8
_NEXT_STEPS: Final = """\

That was an account made up for this demo; nothing of yours was read, nothing was stored. Next:
  task-priority explain 1 --sandbox          why the first task is the first
  task-priority week --sandbox               the days of the plan
  task-priority today --ics my.ics --csv my.csv   your own files, with nothing connected
  task-priority connect todoist              your own tasks; likewise google, ics, csv"""


@app.command(**described("task-priority demo"))
def demo() -> None:
    """Show the ranked list, an explanation and the plan of a demo account; needs no account and no network."""
    from task_priority.views import terminal

    overview = Session().overview(From(ics=None, csv=None, sandbox=True, now=None))
    actions = [one for one in overview.plan.ranked if one.standing.status is Status.NEXT_ACTION]
    show_view(terminal.today_view(overview, actions[:_SHOWN]))
    if actions:
        say("\nWhy the first one is the first:\n")
        show_view(terminal.explanation_view(overview, actions[0]))
    say(_NEXT_STEPS)
