"""Jobs: messages whose sender wants the outcome. A view of the same rows, not a second mechanism."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from crossdock.api.access import needs
from crossdock.api.conditions import change_message, tag_of
from crossdock.api.finding import (
    PageWish,
    chosen_fields,
    found,
    names_query,
    page_of,
    picked,
    records_of,
    unless_known,
)
from crossdock.api.idempotency import IdempotencyKey, done_once
from crossdock.api.job_models import JOB_FIELDS, Job, JobResult, Jobs, JobWish, ShownJob
from crossdock.api.operations import Answers, CallerOf, JsonAnswer, Operations, StateOf
from crossdock.api.parameters import (
    AppFilter,
    Cursor,
    IfMatch,
    IfNoneMatch,
    Limit,
    MessageId,
    SendingApp,
    StatusFilter,
    UpdatedSince,
)
from crossdock.api.work import job_links, job_made, to_send
from crossdock.domain.cloudevent import instant_text
from crossdock.domain.json_form import issues
from crossdock.domain.key import Scope
from crossdock.domain.lifecycle import Status

if TYPE_CHECKING:
    from crossdock.domain.record import Record

operations = Operations("jobs")

_FINISHED: Final = frozenset({"completed", "failed", "archived"})
_FOUND: Final = ("MESSAGE_NOT_FOUND", "AMBIGUOUS_MESSAGE")
_AGAIN: Final = {"Retry-After": "1"}
_ETAG: Final = {"ETag": "Of this state of the job."}
_INCLUDED: Final = ("results",)
Fields = Annotated[
    str | None, names_query(JOB_FIELDS, "Only these fields, with commas between.", example="id,status")
]
Include = Annotated[str | None, names_query(_INCLUDED, "results: what came of it, too.", example="results")]


@operations.on(
    "POST",
    "/jobs",
    id="createJob",
    access=needs(Scope.MESSAGES_SEND),
    answers=Answers(
        Job,
        202,
        "It is stored, and will be worked on.",
        headers={"Location": "Of the job.", "Idempotency-Replayed": "Answered before."},
    ),
    errors=(
        "INVALID_MESSAGE", "QUEUE_FULL", "STORE_FULL", "IDEMPOTENCY_KEY_REQUIRED", "IDEMPOTENCY_KEY_IN_USE",
        "IDEMPOTENCY_KEY_REUSED",
    ),
)  # fmt: skip
async def create_job(
    wish: JobWish,
    request: Request,
    caller: CallerOf,
    state: StateOf,
    sender: SendingApp = None,
    idempotency_key: IdempotencyKey = None,
) -> JsonAnswer:
    """Let an app do something.

    A job is a message whose data is its config; its id is made here. Ask for it until it is completed or has failed,
    or let its results be fetched later.
    """
    options: dict[str, Any] = {"source_app": caller.sending_app(sender)}
    if wish.priority is not None:
        options["priority"] = wish.priority
    return await done_once(
        state,
        caller,
        operation="createJob",
        name=idempotency_key,
        request=request,
        work=to_send(caller, wish.app, wish.config, **options),
        answer=job_made,
    )


@operations.on(
    "GET",
    "/jobs",
    id="listJobs",
    access=needs(Scope.MESSAGES_READ),
    answers=Answers(Jobs, meaning="A page, the newest first.", headers={"Link": "The next page."}),
)
async def list_jobs(
    request: Request,
    caller: CallerOf,
    app: AppFilter = None,
    status: StatusFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
    updated_since: UpdatedSince = None,
    fields: Fields = None,
    include: Include = None,
) -> JsonAnswer:
    """List jobs, the newest first.

    Every message is somebody's job. A key that is bound to an app sees those of that app. With `updated_since` a page
    may hold fewer than there is room for, even none, while `next` leads on: each looks through some thousands of jobs
    and no more.
    """
    chosen, with_results = _choice(fields, include)
    wish = PageWish(app, status, cursor, limit, newest_first=True, updated_since=updated_since)
    listed = await records_of(caller, wish)
    return page_of(
        request, "jobs", [_shown(one, chosen, with_results=with_results) for one in listed.records], listed
    )


@operations.on(
    "GET",
    "/jobs/{job_id}/results",
    id="getJobResults",
    access=needs(Scope.MESSAGES_READ),
    answers=Answers(
        JobResult,
        meaning="What came of it.",
        headers={"Retry-After": "Ask again after so many seconds, if it is not finished.", **_ETAG},
        more={202: "It is not finished yet.", 304: "They are as you have them, or it is still not finished."},
    ),
    errors=_FOUND,
)
async def get_job_results(job_id: MessageId, caller: CallerOf, if_none_match: IfNoneMatch = None) -> Response:
    """Return what an app made of a job: its result, or why there is none."""
    record = await found(caller, job_id, None, None)
    document = {"id": record.message.id, "status": record.status.value, **_outcome(record)}
    answer = unless_known(tag_of(record), if_none_match, document)
    if record.status.value not in _FINISHED:
        answer.headers.update(_AGAIN)
        if answer.status_code != HTTPStatus.NOT_MODIFIED:
            answer.status_code = HTTPStatus.ACCEPTED
    return answer


@operations.on(
    "GET",
    "/jobs/{job_id}",
    id="getJob",
    access=needs(Scope.MESSAGES_READ),
    answers=Answers(ShownJob, meaning="The job.", headers=_ETAG, more={304: "It is as you have it."}),
    errors=_FOUND,
)
async def get_job(
    job_id: MessageId,
    caller: CallerOf,
    fields: Fields = None,
    include: Include = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Tell how far a job is."""
    chosen, with_results = _choice(fields, include)
    record = await found(caller, job_id, None, None)
    return unless_known(tag_of(record), if_none_match, _shown(record, chosen, with_results=with_results))


@operations.on(
    "DELETE",
    "/jobs/{job_id}",
    id="cancelJob",
    access=needs(Scope.MESSAGES_CONTROL),
    answers=Answers(Job, meaning="The job, which will not be worked on.", headers=_ETAG),
    errors=(*_FOUND, "ILLEGAL_MOVE", "PRECONDITION_FAILED"),
)
async def cancel_job(job_id: MessageId, caller: CallerOf, if_match: IfMatch = None) -> JsonAnswer:
    """Cancel a job; a worker that has it loses its lease.

    The job stays, as failed with the code CANCELLED, so that it can still be asked for.
    """
    record = await found(caller, job_id, None, None)
    cancelled = await change_message(caller, record, if_match, lambda tx: tx.cancel(record))
    return JsonAnswer(_job(cancelled), headers={"ETag": tag_of(cancelled)})


def _choice(fields: str | None, include: str | None) -> tuple[tuple[str, ...] | None, bool]:
    """Return which fields a caller wants, and whether the outcome, too."""
    with_results = chosen_fields(include, _INCLUDED, parameter="include") is not None
    return chosen_fields(fields, JOB_FIELDS), with_results


def _shown(record: Record, fields: tuple[str, ...] | None, *, with_results: bool) -> dict[str, Any]:
    return {**picked(_job(record), fields), **(_outcome(record) if with_results else {})}


def _outcome(record: Record) -> dict[str, Any]:
    error = record.error if record.status is Status.FAILED else None
    told = error and {"code": error.code, "message": error.message, "details": issues(error.details)}
    return {"result": record.result, "error": told}


def _job(record: Record) -> dict[str, Any]:
    return {
        "id": record.message.id,
        "app": record.app,
        "status": record.status.value,
        "attempts": record.attempts,
        "created_at": instant_text(record.created_at),
        "updated_at": instant_text(record.updated_at),
        "processed_at": instant_text(record.processed_at),
        "links": job_links(record.message.id),
    }
