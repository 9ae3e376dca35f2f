"""The published JSON Schemas of the documents, made from their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from task_priority.views import forms

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
PUBLISHED: Final[Mapping[str, tuple[str, Any]]] = {
    "ranked-tasks": ("The ranked list", forms.RankedListForm),
    "tasks-today": ("The tasks to do next, and the plan", forms.TodayForm),
    "task-plan": ("The plan", forms.PlanDocumentForm),
    "task-explanation": ("Everything that is known of one task", forms.ExplanationForm),
    "task-change": ("A change to a task that was asked for", forms.ChangeForm),
    "todoist-export": ("The open tasks of Todoist", forms.TaskListForm),
    "calendar-events": ("The events of all calendars", forms.EventListForm),
}
"""By the name of the schema: its title, and the type of the document."""


def schema_of(name: str) -> dict[str, Any]:
    """Return a published schema; keys that it does not name may be there, too."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - only for those who ask for a schema

    title, form = PUBLISHED[name]
    schema: dict[str, Any] = TypeAdapter(form).json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        part.pop("title", None)
        for key in part.get("properties", {}).values():
            key.pop("title", None)
    return {"$schema": DIALECT, **schema, "title": title}
