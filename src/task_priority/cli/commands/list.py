"""``task-priority list``: every open task in order of rank."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from crossdock.command import bundled, described, new_command
from task_priority.cli.options import Form, From
from task_priority.cli.output import show
from task_priority.cli.session import Session
from task_priority.ranking.rank import Ranked
from task_priority.ranking.status import Status

app = new_command()


class StatusName(StrEnum):
    """A status as it is typed."""

    NEXT = "next"
    BLOCKED = "blocked"
    WAITING = "waiting"
    SOMEDAY = "someday"


_STATUSES = {
    StatusName.NEXT: Status.NEXT_ACTION,
    StatusName.BLOCKED: Status.BLOCKED,
    StatusName.WAITING: Status.WAITING_FOR,
    StatusName.SOMEDAY: Status.SOMEDAY,
}


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

    def is_wanted(one: Ranked) -> bool:
        return (
            (status is None or one.standing.status is _STATUSES[status])
            and (project is None or one.task.project.casefold() == project.casefold())
            and (label is None or label.removeprefix("@").casefold() in map(str.casefold, one.task.labels))
        )

    overview = Session().overview(given)
    ranked = [one for one in overview.plan.ranked if is_wanted(one)][:limit]
    show(
        overview,
        form,
        document=lambda: documents.ranked_list(overview, ranked),
        markdown=lambda: markdown.ranked_markdown(overview, ranked),
        view=lambda: terminal.list_view(overview, ranked),
    )
