"""``task-priority sources``: which sources are connected, how fresh they are, and what could not be read."""

from __future__ import annotations

from crossdock.command import bundled, described, new_command
from task_priority.cli.options import Form, From
from task_priority.cli.output import show
from task_priority.cli.session import Session

app = new_command()


@app.command(**described("task-priority sources", "task-priority sources --json"))
@bundled
def sources(*, given: From, form: Form) -> None:
    """Show the connected sources: how fresh they are, how much is in them, and what could not be read and why."""
    from task_priority.views import documents, markdown, terminal

    overview = Session().overview(given)
    show(
        overview,
        form,
        document=lambda: documents.sources_document(overview),
        markdown=lambda: markdown.sources_markdown(overview),
        view=lambda: terminal.sources_view(overview),
    )
