"""What the operations answer and take, for the OpenAPI document: made of the forms that every door shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, Self, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator
from typing_extensions import TypedDict

from crossdock.api import Given, example
from task_priority.api.example import TASK, example_overview
from task_priority.views import documents, forms

_SEEN: Final = example_overview()
_FIRST: Final = _SEEN.plan.ranked[0]
_JOB: Final = "0190b5a7-3c1e-7d2a-9f4b-1a2b3c4d5e6f"


def _part(name: str, form: Any, **changed: Any) -> Any:
    """Return the form of which any field may be missing."""
    made: Any = TypedDict(name, {**get_type_hints(form), **changed}, total=False)  # type: ignore[misc]  # made of another
    made.__doc__ = form.__doc__
    return made


def _document(name: str, says: str, told: Mapping[str, Any], **fields: Any) -> type[BaseModel]:
    """Return the model of a document that also says of what it was made.

    Args:
        name: Of the model.
        says: What it is.
        told: The example.
        fields: Beside those of every document.
    """
    context = {key: (hint, ...) for key, hint in get_type_hints(forms.ContextForm).items()}
    definitions: dict[str, Any] = {**context, **fields}
    return create_model(name, __doc__=says, __config__=example(**told), **definitions)


_TaskPart = _part("TaskPart", forms.TaskForm)
_RankedPart = _part("RankedPart", forms.RankedForm, task=_TaskPart)
_PlanPart = _part("PlanPart", forms.PlanForm)

RankedTasks: Final = _document(
    "RankedTasks",
    "A page of the ranked list, and of what it was made.",
    {**documents.ranked_list(_SEEN), "total": len(_SEEN.plan.ranked), "next": None},
    tasks=(list[_RankedPart], ...),  # type: ignore[valid-type]  # made above
    total=(int, Field(description="So many tasks are wanted, on all pages together.")),
    next=(str | None, Field(description="The cursor of the next page; null: this is the last.")),
    plan=(_PlanPart | None, Field(default=None, description="Only with `include=plan`.")),
)
OneTask: Final = _document(
    "OneTask",
    "A task at its place in the list, and of what that was made.",
    {**documents.sources_document(_SEEN), **documents.ranked_form(_FIRST)},
    **{key: (hint, ...) for key, hint in get_type_hints(forms.RankedForm).items()},
)
Explanation: Final = _document(
    "Explanation",
    "Everything that is known of one task, and of what it was made.",
    {**documents.sources_document(_SEEN), **documents.explanation(_SEEN.plan, _FIRST)},
    **{key: (hint, ...) for key, hint in get_type_hints(forms.ExplanationForm).items()},
)
PlanDocument: Final = _document(
    "PlanDocument",
    "When tasks fit, and of what that was made. A proposal: nothing is written anywhere.",
    documents.plan_document(_SEEN),
    plan=(_PlanPart, ...),
)


class ChangeDocument(BaseModel):
    """A change that was asked for."""

    model_config = example(task_id=TASK, change="done", job_id=_JOB)
    task_id: str
    change: Literal["done", "put off", "taken back"]
    job_id: str | None = Field(
        description="Of the job that makes it; null: the earlier change was dropped before its service had it."
    )


class Postponement(Given):
    """When a task is to be due: `due` for programs, or `when` for people."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"due": {"kind": "floating", "value": "2031-05-23T14:00:00"}}],
            "oneOf": [{"required": ["due"]}, {"required": ["when"]}],
        },
    )
    due: forms.MomentForm | None = Field(
        default=None, description="A day leaves the task the time of day that it has."
    )
    when: str | None = Field(
        default=None,
        max_length=100,
        description="Such as tomorrow, friday 14:00, 3d or 2031-05-23, read where the owner is.",
    )

    @model_validator(mode="after")
    def _say_one(self) -> Self:
        if (self.due is None) == (self.when is None):
            raise ValueError("say when: either due or when")
        return self


class Awake(BaseModel):
    """What a service is answered that told of a change."""

    model_config = example(taken=True)
    taken: bool
