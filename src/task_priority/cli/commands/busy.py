"""``task-priority busy``: which events take time up, and by which rule."""

from __future__ import annotations

from crossdock.command import bundled, described, new_command
from task_priority.cli.options import Form, From
from task_priority.cli.output import show
from task_priority.cli.session import Session

app = new_command()


@app.command(**described("task-priority busy", "task-priority busy --json | jq .plan.unheeded"))
@bundled
def busy(*, given: From, form: Form) -> None:
    """Show which events take your time up and which leave it free, by which rule, and which setting decides it.

    Declined, tentative, unanswered and all-day events, those that your calendar shows as free, out of office, focus
    time, working locations and birthdays each have a rule; [busy] in settings.toml of your home turns it.
    """
    from task_priority.views import documents, markdown, terminal
    from task_priority.views.timeline import days_of

    overview = Session().overview(given)
    days = days_of(overview)
    show(
        overview,
        form,
        document=lambda: documents.plan_document(overview),
        markdown=lambda: markdown.busy_markdown(overview, days),
        view=lambda: terminal.busy_view(overview, days),
    )
