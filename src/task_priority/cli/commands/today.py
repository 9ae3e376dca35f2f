"""``task-priority today``: what to do next, why, when it fits, and what the day holds."""

from __future__ import annotations

from typing import Annotated

import typer

from crossdock.command import bundled, described, hint, new_command
from task_priority.cli.options import Form, From
from task_priority.cli.output import show
from task_priority.cli.session import Session
from task_priority.ranking.status import Status

app = new_command()


@app.command(
    **described(
        "task-priority today",
        "task-priority today --ics my.ics --csv my.csv",
        "task-priority today --json | jq '.tasks[0]'",
    )
)
@bundled
def today(
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="COUNT", min=1, help="At most so many tasks.")
    ] = 10,
    given: From,
    form: Form,
) -> None:
    """Show the tasks to do next with their reasons, when they fit, and what the day holds."""
    from task_priority.views import documents, markdown, terminal

    overview = Session().overview(given)
    actions = [one for one in overview.plan.ranked if one.standing.status is Status.NEXT_ACTION]
    ranked = actions[:limit]
    show(
        overview,
        form,
        document=lambda: documents.today_document(overview, ranked),
        markdown=lambda: markdown.today_markdown(overview, ranked),
        view=lambda: terminal.today_view(overview, ranked),
    )
    if len(actions) > limit:
        hint(f"{len(actions) - limit} more: task-priority list")
