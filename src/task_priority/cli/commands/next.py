"""``task-priority next``: the one task to do now, and why."""

from __future__ import annotations

from crossdock.command import ExitCode, Refusal, bundled, described, new_command
from task_priority.cli.options import Form, From
from task_priority.cli.output import show
from task_priority.cli.session import Session
from task_priority.ranking.status import Status
from task_priority.views.texts import CONNECT_HINT

app = new_command()


@app.command(**described("task-priority next", "task-priority next --json"))
@bundled
def next(*, given: From, form: Form) -> None:  # noqa: A001 - the word of the command
    """Show the one task to do now: the first of the plan, else the first of the list."""
    from task_priority.views import documents, markdown, terminal

    overview = Session().overview(given)
    actions = [one for one in overview.plan.ranked if one.standing.status is Status.NEXT_ACTION]
    wanted = [*(one.ranked for one in overview.plan.placed), *actions]
    if not wanted:
        raise Refusal("there is nothing to do" if overview.sources else CONNECT_HINT, ExitCode.NOT_FOUND)
    ranked = wanted[0]
    show(
        overview,
        form,
        document=lambda: documents.explanation(overview.plan, ranked),
        markdown=lambda: markdown.explanation_markdown(overview, ranked),
        view=lambda: terminal.explanation_view(overview, ranked),
    )
