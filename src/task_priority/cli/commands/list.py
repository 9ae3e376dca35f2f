"""``task-priority list``: every open task in order of rank."""

from __future__ import annotations

from typing import Annotated

import typer

from crossdock.command import bundled, described, new_command
from task_priority.choosing import Choice, StatusName
from task_priority.cli.options import Form, From
from task_priority.cli.output import show
from task_priority.cli.session import Session

app = new_command()


@app.command(**described("task-priority list", "task-priority list --status waiting --project Home"))
@bundled
def list(  # noqa: PLR0913 - one option for each thing to choose by
    *,
    status: Annotated[
        StatusName | None, typer.Option("--status", help="Only these.", show_default=False)
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", metavar="NAME", help="Only those of this project.")
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", metavar="NAME", help="Only those with this label.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", metavar="COUNT", min=1, help="At most so many tasks.")
    ] = None,
    given: From,
    form: Form,
) -> None:
    """List the open tasks of all sources, the highest score first, and the changes that are on their way."""
    from task_priority.views import documents, markdown, terminal

    choice = Choice(status, project, label)
    overview = Session().overview(given)
    ranked = [one for one in overview.plan.ranked if choice.includes(one)][:limit]
    show(
        overview,
        form,
        document=lambda: documents.ranked_list(overview, ranked),
        markdown=lambda: markdown.ranked_markdown(overview, ranked),
        view=lambda: terminal.list_view(overview, ranked),
    )
