"""``task-priority week``: the days of the plan, with events and planned tasks."""

from __future__ import annotations

from crossdock.command import bundled, described, new_command
from task_priority.cli.options import Form, From
from task_priority.cli.output import show
from task_priority.cli.session import Session

app = new_command()


@app.command(**described("task-priority week", "task-priority week --markdown"))
@bundled
def week(*, given: From, form: Form) -> None:
    """Show the days of the plan: what takes time up, and which tasks fit where."""
    from task_priority.views import documents, markdown, terminal
    from task_priority.views.timeline import days_of

    overview = Session().overview(given)
    days = days_of(overview)
    show(
        overview,
        form,
        document=lambda: documents.plan_document(overview),
        markdown=lambda: markdown.week_markdown(overview, days),
        view=lambda: terminal.week_view(overview, days),
    )
