"""What the commands about one task have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from task_priority.cli.output import show
from task_priority.cli.session import Session, find

if TYPE_CHECKING:
    from rich.console import RenderableType

    from task_priority.cli.options import Form, From
    from task_priority.overview import Overview
    from task_priority.ranking.rank import Ranked


def show_task(
    reference: str, given: From, form: Form, view: Callable[[Overview, Ranked], RenderableType]
) -> None:
    """Show one task; programs get everything that is known of it.

    Args:
        reference: What a person typed.
        given: From what is looked at.
        form: How it is shown.
        view: What a person sees.
    """
    from task_priority.views import documents, markdown

    overview = Session().overview(given)
    ranked = find(overview, reference)
    show(
        overview,
        form,
        document=lambda: documents.explanation(overview.plan, ranked),
        markdown=lambda: markdown.explanation_markdown(overview, ranked),
        view=lambda: view(overview, ranked),
    )
