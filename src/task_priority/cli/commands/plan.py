"""``task-priority plan``: which task fits when, and which has no place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossdock.command import bundled, described, new_command, tell
from task_priority.cli.options import Form, From
from task_priority.cli.output import show
from task_priority.cli.session import Session

app = new_command()


@app.command(
    **described("task-priority plan", "task-priority plan --json", "task-priority plan --feed plan.ics")
)
@bundled
def plan(
    *,
    feed: Annotated[
        Path | None,
        typer.Option("--feed", metavar="FILE", help="Write it to a calendar file instead of showing it."),
    ] = None,
    given: From,
    form: Form,
) -> None:
    """Show which tasks fit when, which have no place and what would help, and how much is due and free.

    The plan is a proposal: nothing is written anywhere.
    """
    from task_priority.views import documents, markdown, terminal

    overview = Session().overview(given)
    if feed is not None:
        from task_priority.views.feed import plan_feed

        feed.write_bytes(plan_feed(overview.plan))
        tell(f"wrote {feed}")
        return
    show(
        overview,
        form,
        document=lambda: documents.plan_document(overview),
        markdown=lambda: markdown.plan_markdown(overview),
        view=lambda: terminal.plan_view(overview),
    )
