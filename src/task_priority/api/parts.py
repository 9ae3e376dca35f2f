"""Parts of documents: the fields that a caller wants, also within the task or the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_type_hints

from task_priority.views import forms

RANKED_FIELDS: Final = (
    *get_type_hints(forms.RankedForm),
    *(f"task.{name}" for name in get_type_hints(forms.TaskForm)),
)
PLAN_FIELDS: Final = tuple(get_type_hints(forms.PlanForm))


def part(document: Mapping[str, Any], fields: tuple[str, ...] | None) -> dict[str, Any]:
    """Return these fields of a document; ``task.title`` is a field of the object ``task``."""
    if fields is None:
        return dict(document)
    found: dict[str, Any] = {}
    for field in fields:
        outer, _, inner = field.partition(".")
        if not inner:
            found[outer] = document[outer]
        elif outer not in fields:
            found.setdefault(outer, {})[inner] = document[outer][inner]
    return found
