"""The fields of documents that a caller may name, also within the task."""

from __future__ import annotations

from typing import Final, get_type_hints

from task_priority.views import forms

RANKED_FIELDS: Final = (
    *get_type_hints(forms.RankedForm),
    *(f"task.{name}" for name in get_type_hints(forms.TaskForm)),
)
PLAN_FIELDS: Final = tuple(get_type_hints(forms.PlanForm))
