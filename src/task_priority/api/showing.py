"""Operations that show: the ranked list, one task, why it is where it is, and the plan."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from crossdock.api import (
    Answers,
    CallerOf,
    IfNoneMatch,
    Limit,
    Operations,
    Scope,
    chosen_fields,
    needs,
    next_link,
    picked,
)
from task_priority.api.example import example_overview
from task_priority.api.models import Explanation, OneTask, PlanDocument, RankedTasks
from task_priority.api.naming import TaskPath, named_task
from task_priority.api.paging import Mark, page_of
from task_priority.api.parts import PLAN_FIELDS, RANKED_FIELDS
from task_priority.api.rendering import MARKDOWN, AcceptHeader, Form, FormWish, Rendered, form_of
from task_priority.api.watching import WatchOf
from task_priority.choosing import Choice, StatusName
from task_priority.views import documents, markdown

if TYPE_CHECKING:
    from task_priority.api.watching import Sight
    from task_priority.overview import Overview
    from task_priority.ranking.rank import Ranked

operations = Operations("tasks")

_READ: Final = needs(Scope.TASKS_READ)
_TAG: Final = {"ETag": "Of what is answered; it stays while that says the same.", "Vary": "Accept"}
_HAVE: Final = {304: "You have it."}
_NOTHING_THERE: Final = ("TASK_NOT_FOUND", "CONFIG_ERROR")
_SEEN: Final = example_overview()
_INCLUDED: Final = ("plan",)
Fields = Annotated[
    str | None,
    Query(
        max_length=600,
        description=f"Only these of each task: {', '.join(RANKED_FIELDS[:7])}; or parts of it, such as task.title.",
        examples=["place,score,task.id,task.title"],
    ),
]
PlanFields = Annotated[
    str | None,
    Query(
        max_length=200,
        description=f"Only these of the plan: {', '.join(PLAN_FIELDS)}.",
        examples=["balance,placed"],
    ),
]
Include = Annotated[str | None, Query(max_length=100, description="plan: the plan, too.", examples=["plan"])]
StatusWish = Annotated[StatusName | None, Query(description="Only these.")]
ProjectWish = Annotated[
    str | None, Query(max_length=500, description="Only those of this project.", examples=["Home"])
]
LabelWish = Annotated[
    str | None, Query(max_length=500, description="Only those with this label.", examples=["phone"])
]
PageCursor = Annotated[str | None, Query(max_length=6000, description="What next said on the page before.")]


@operations.on(
    "GET",
    "/tasks/ranked",
    id="listRankedTasks",
    access=_READ,
    answers=Answers(
        RankedTasks,
        meaning="A page of the list.",
        headers={**_TAG, "Link": "The next page."},
        more=_HAVE,
        texts={MARKDOWN: markdown.ranked_markdown(_SEEN, _SEEN.plan.ranked)},
    ),
    errors=("CONFIG_ERROR",),
)
async def list_ranked_tasks(
    request: Request,
    watch: WatchOf,
    caller: CallerOf,
    status: StatusWish = None,
    project: ProjectWish = None,
    label: LabelWish = None,
    fields: Fields = None,
    include: Include = None,
    cursor: PageCursor = None,
    limit: Limit = 100,
    form: FormWish = None,
    accept: AcceptHeader = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """List the open tasks of all sources, the highest score first, each with the terms of its score.

    Looked up at most once a minute, and at once when something has changed. The pages of one list belong together
    for a few minutes, however often it is ranked anew meanwhile. Changes that are on their way are shown as if made
    already, and listed under `pending`.
    """
    chosen = chosen_fields(fields, RANKED_FIELDS)
    with_plan = chosen_fields(include, _INCLUDED, parameter="include") is not None
    after = None if cursor is None else Mark.of(cursor)
    now = await watch.sight(caller.queue)
    sight = now if after is None else watch.earlier(after.sight) or now
    page = page_of(sight, Choice(status, project, label), after=after, limit=limit)
    following = None if page.mark is None else page.mark.cursor()

    def render() -> Rendered:
        seen = sight.overview
        if with_plan:
            listed: dict[str, Any] = {**documents.today_document(seen, page.tasks)}
        else:
            listed = {**documents.ranked_list(seen, page.tasks)}
        listed["tasks"] = [picked(one, chosen) for one in listed["tasks"]]
        document = {**listed, "total": page.total, "next": following}
        if form_of(form, accept) is Form.MARKDOWN:
            return Rendered.markdown(markdown.ranked_markdown(seen, page.tasks), document)
        return Rendered.json(document)

    rendered = await asyncio.to_thread(render)
    return rendered.answer(if_none_match, **next_link(request, following))


@operations.on(
    "GET",
    "/tasks/{task_id}/explanation",
    id="explainTask",
    access=_READ,
    answers=Answers(
        Explanation,
        meaning="Why.",
        headers=_TAG,
        more=_HAVE,
        texts={MARKDOWN: markdown.explanation_markdown(_SEEN, _SEEN.plan.ranked[0])},
    ),
    errors=_NOTHING_THERE,
)
async def explain_task(
    task_id: TaskPath,
    watch: WatchOf,
    caller: CallerOf,
    form: FormWish = None,
    accept: AcceptHeader = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Explain a task: its score as a sum, its status, its place in the plan, and what other time it could have."""
    sight = await watch.sight(caller.queue)
    found = await asyncio.to_thread(named_task, sight.overview.plan.ranked, task_id)
    rendered = await asyncio.to_thread(_explained, sight.overview, found, form_of(form, accept))
    return rendered.answer(if_none_match)


@operations.on(
    "GET",
    "/tasks/{task_id}",
    id="getTask",
    access=_READ,
    answers=Answers(OneTask, meaning="The task.", headers=_TAG, more=_HAVE),
    errors=_NOTHING_THERE,
)
async def get_task(
    task_id: TaskPath, watch: WatchOf, caller: CallerOf, if_none_match: IfNoneMatch = None
) -> Response:
    """Return an open task at its place in the list."""
    sight = await watch.sight(caller.queue)
    found = await asyncio.to_thread(named_task, sight.overview.plan.ranked, task_id)
    context = documents.sources_document(sight.overview)
    return Rendered.json({**context, **documents.ranked_form(found)}).answer(if_none_match)


@operations.on(
    "GET",
    "/plan",
    id="getPlan",
    access=_READ,
    answers=Answers(
        PlanDocument,
        meaning="The plan.",
        headers=_TAG,
        more=_HAVE,
        texts={MARKDOWN: markdown.plan_markdown(_SEEN)},
    ),
    errors=("CONFIG_ERROR",),
)
async def get_plan(
    watch: WatchOf,
    caller: CallerOf,
    fields: PlanFields = None,
    form: FormWish = None,
    accept: AcceptHeader = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Tell which tasks fit when, which have no place and what would help, and how much is due and free.

    A proposal: nothing is written anywhere.
    """
    chosen = chosen_fields(fields, PLAN_FIELDS)
    wanted = form_of(form, accept)
    sight = await watch.sight(caller.queue)
    rendered = await whole(sight, f"plan {wanted} {chosen}", lambda: _planned(sight.overview, chosen, wanted))
    return rendered.answer(if_none_match)


async def whole(sight: Sight, name: str, render: Callable[[], Rendered]) -> Rendered:
    """Return what is made of a whole sight; it is made once.

    Args:
        sight: Of what it is made.
        name: Of the form, of which there are few.
        render: Makes it, in a thread.
    """
    if name not in sight.whole:
        sight.whole[name] = await asyncio.to_thread(render)
    return sight.whole[name]


def _explained(overview: Overview, found: Ranked, form: Form) -> Rendered:
    document = {**documents.sources_document(overview), **documents.explanation(overview.plan, found)}
    if form is Form.MARKDOWN:
        return Rendered.markdown(markdown.explanation_markdown(overview, found), document)
    return Rendered.json(document)


def _planned(overview: Overview, fields: tuple[str, ...] | None, form: Form) -> Rendered:
    document: dict[str, Any] = {**documents.plan_document(overview)}
    document["plan"] = picked(document["plan"], fields)
    if form is Form.MARKDOWN:
        return Rendered.markdown(markdown.plan_markdown(overview), document)
    return Rendered.json(document)
