"""Exporters: what they have found in outside services, how they do, and letting one run."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from crossdock.api.access import needs
from crossdock.api.errors import Refusal
from crossdock.api.exporter_models import (
    OBJECT_FIELDS,
    OPEN_FIELD,
    Exporters,
    ExporterStatusDocument,
    History,
    Objects,
    OneObject,
    SyncWish,
)
from crossdock.api.finding import chosen_fields, names_query, next_link, picked, since_of, unless_known
from crossdock.api.idempotency import IdempotencyKey, done_once
from crossdock.api.job_models import Job
from crossdock.api.operations import APP_PATTERN, Answers, CallerOf, JsonAnswer, Operations, StateOf
from crossdock.api.parameters import IfNoneMatch, Limit, UpdatedSince
from crossdock.api.work import job_made, to_send
from crossdock.app.exporters import in_order
from crossdock.domain.cloudevent import instant_text
from crossdock.domain.exported import Cursor, ObjectsWish, is_fresh
from crossdock.domain.json_form import report_document
from crossdock.domain.key import Scope
from crossdock.domain.wording import did_you_mean

if TYPE_CHECKING:
    from datetime import timedelta

    from crossdock.api.state import Caller
    from crossdock.domain.exported import ExportedObject, ExporterStatus

operations = Operations("exporters")

_READ: Final = needs(Scope.TASKS_READ)
_TAG: Final = {"ETag": "Of what is answered."}
_HAVE: Final = {304: "You have it."}
_INCLUDED: Final = ("gone",)
_SHOWN: Final = 50
_LONGEST: Final = 1024
ExporterName = Annotated[str, Path(pattern=APP_PATTERN, description="Of the exporter.", examples=["todoist"])]
KindName = Annotated[str, Path(pattern=APP_PATTERN, description="A kind of its objects.", examples=["tasks"])]
ObjectId = Annotated[
    str, Path(min_length=1, max_length=_LONGEST, description="Of the object.", examples=["8Jx4"])
]
Fields = Annotated[
    str | None,
    names_query(
        OBJECT_FIELDS,
        f"Only these of {', '.join(OBJECT_FIELDS)}; or parts of the data, such as data.content or data.due.date: of an "
        "array those of each object in it, and what is not there is left out.",
        example="id,data.content",
        max_length=1000,
        open_field=OPEN_FIELD,
    ),
]
Include = Annotated[
    str | None, names_query(_INCLUDED, "gone: those, too, that are there no more.", example="gone")
]
ObjectCursor = Annotated[str | None, Query(max_length=2000, description="What next said on the page before.")]


class _Freshness(NamedTuple):
    """Since when everything is known, and whether that is recent."""

    fetched_at: datetime | None
    fresh: bool

    @classmethod
    def of(cls, fetched_at: datetime | None, every: timedelta | None, caller: Caller) -> _Freshness:
        """Return what holds now."""
        return cls(fetched_at, is_fresh(fetched_at, every, caller.queue._store.now()))

    def document(self) -> dict[str, Any]:
        """Return what stands in every answer."""
        return {"fetched_at": instant_text(self.fetched_at), "fresh": self.fresh}


@operations.on(
    "GET",
    "/exporters",
    id="listExporters",
    access=_READ,
    answers=Answers(Exporters, meaning="The exporters."),
)
async def list_exporters(caller: CallerOf) -> JsonAnswer:
    """List the exporters, by name: what they have found, and how recent it is."""
    found = await caller.queue._store.read_async(lambda reader: reader.exporters())
    return JsonAnswer({"exporters": [_document(one, caller) for one in found]})


@operations.on(
    "GET",
    "/exporters/{name}/status",
    id="getExporterStatus",
    access=_READ,
    answers=Answers(ExporterStatusDocument, meaning="How it stands."),
    errors=("EXPORTER_NOT_FOUND",),
)
async def get_exporter_status(name: ExporterName, caller: CallerOf) -> JsonAnswer:
    """Tell how an exporter stands, with the objects that it could not take and why."""
    status = await _found(caller, name)
    aside = await caller.queue._store.read_async(lambda reader: reader.set_aside(name, _SHOWN))
    document = {
        **_document(status, caller),
        "scopes": [
            {"scope": scope, "pulled_at": instant_text(pulled_at), "whole_at": instant_text(whole_at)}
            for scope, pulled_at, whole_at in status.scopes
        ],
        "aside": [
            {
                "scope": one.scope,
                "kind": one.kind,
                "id": one.id,
                "reason": one.reason,
                "since": instant_text(one.since),
            }
            for one in aside
        ],
    }
    return JsonAnswer(document)


@operations.on(
    "GET",
    "/exporters/{name}/history",
    id="getExporterHistory",
    access=_READ,
    answers=Answers(History, meaning="Its newest runs."),
    errors=("EXPORTER_NOT_FOUND",),
)
async def get_exporter_history(name: ExporterName, caller: CallerOf, limit: Limit = 20) -> JsonAnswer:
    """List the newest runs of an exporter, the newest first; a few hundred are kept."""
    status = await _found(caller, name)
    runs = await caller.queue._store.read_async(lambda reader: reader.exporter_runs(name, limit))
    freshness = _Freshness.of(status.fetched_at, status.every, caller)
    return JsonAnswer({**freshness.document(), "runs": [report_document(one) for one in runs]})


@operations.on(
    "POST",
    "/exporters/{name}/sync",
    id="syncExporter",
    access=needs(Scope.EXPORTERS_RUN),
    answers=Answers(
        Job,
        202,
        "It will run.",
        headers={"Location": "Of the job, whose result is the report.", "Idempotency-Replayed": "Answered before."},
    ),
    errors=(
        "EXPORTER_NOT_FOUND", "QUEUE_FULL", "STORE_FULL", "IDEMPOTENCY_KEY_REQUIRED", "IDEMPOTENCY_KEY_IN_USE",
        "IDEMPOTENCY_KEY_REUSED",
    ),
)  # fmt: skip
async def sync_exporter(
    name: ExporterName,
    request: Request,
    caller: CallerOf,
    state: StateOf,
    wish: SyncWish | None = None,
    idempotency_key: IdempotencyKey = None,
) -> JsonAnswer:
    """Let an exporter ask its service what has changed, as soon as a worker is free."""
    await _found(caller, name)
    data = {"full": wish is not None and wish.full}
    return await done_once(
        state,
        caller,
        operation="syncExporter",
        name=idempotency_key,
        request=request,
        work=to_send(caller, name, data, source_app=caller.sending_app(None), **in_order(name)),
        answer=job_made,
    )


@operations.on(
    "GET",
    "/exporters/{name}/{kind}",
    id="listExportedObjects",
    access=_READ,
    answers=Answers(
        Objects, meaning="A page of objects.", headers={**_TAG, "Link": "The next page."}, more=_HAVE
    ),
    errors=("EXPORTER_NOT_FOUND",),
)
async def list_exported_objects(
    name: ExporterName,
    kind: KindName,
    request: Request,
    caller: CallerOf,
    updated_since: UpdatedSince = None,
    fields: Fields = None,
    include: Include = None,
    cursor: ObjectCursor = None,
    limit: Limit = 100,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """List the objects of one kind, in the order of their changes.

    What changes between two pages comes again on a later one, so that going on from page to page misses nothing.
    """
    await _demand_kind(caller, name, kind)
    chosen = chosen_fields(fields, OBJECT_FIELDS, open_field=OPEN_FIELD)
    wish = ObjectsWish(
        name,
        kind,
        since=None if updated_since is None else since_of(updated_since),
        after=_place(cursor),
        limit=limit,
        gone=chosen_fields(include, _INCLUDED, parameter="include") is not None,
    )
    page = await caller.queue._store.read_async(lambda reader: reader.exported_objects(wish))
    freshness = _Freshness.of(page.fetched_at, page.every, caller)
    following = None if page.after is None else _cursor(page.after)
    document = {
        **freshness.document(),
        "objects": [picked(_object(one), chosen) for one in page.objects],
        "next": following,
    }
    answer = unless_known(_tag(page.revision, freshness, request.url.query), if_none_match, document)
    answer.headers.update(next_link(request, following))
    return answer


@operations.on(
    "GET",
    "/exporters/{name}/{kind}/{object_id:path}",
    id="getExportedObject",
    access=_READ,
    answers=Answers(OneObject, meaning="The object.", headers=_TAG, more=_HAVE),
    errors=("EXPORTER_NOT_FOUND", "OBJECT_NOT_FOUND"),
)
async def get_exported_object(
    name: ExporterName,
    kind: KindName,
    object_id: ObjectId,
    request: Request,
    caller: CallerOf,
    fields: Fields = None,
    include: Include = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return one object, as its service told it last."""
    status = await _demand_kind(caller, name, kind)
    chosen = chosen_fields(fields, OBJECT_FIELDS, open_field=OPEN_FIELD)
    with_gone = chosen_fields(include, _INCLUDED, parameter="include") is not None
    found = await caller.queue._store.read_async(lambda reader: reader.exported_object(name, kind, object_id))
    if found is None or (found.gone_at is not None and not with_gone):
        raise Refusal("OBJECT_NOT_FOUND", f"{name} has no object {object_id} among its {kind}")
    freshness = _Freshness.of(status.fetched_at, status.every, caller)
    document = {**picked(_object(found), chosen), **freshness.document()}
    tag = _tag(status.revision, freshness, request.url.query)
    return unless_known(tag, if_none_match, document)


async def _found(caller: Caller, name: str) -> ExporterStatus:
    """Return how an exporter stands.

    Raises:
        Refusal: There is none of that name.
    """
    status, names = await caller.queue._store.read_async(
        lambda reader: (reader.exporter(name), [one.name for one in reader.exporters()])
    )
    if status is None:
        raise Refusal("EXPORTER_NOT_FOUND", f"no exporter {name}{_hint(name, names)}")
    found: ExporterStatus = status
    return found


async def _demand_kind(caller: Caller, name: str, kind: str) -> ExporterStatus:
    """Return how an exporter stands that has objects of a kind.

    Raises:
        Refusal: There is none of that name, or it has not that kind.
    """
    status = await _found(caller, name)
    if kind not in status.kinds:
        raise Refusal("EXPORTER_NOT_FOUND", f"{name} has no {kind}{_hint(kind, status.kinds)}")
    return status


def _hint(name: str, known: list[str] | tuple[str, ...]) -> str:
    others = f"; there are: {', '.join(known)}" if known else "; none has run yet"
    return did_you_mean(name, known) or others


def _document(status: ExporterStatus, caller: Caller) -> dict[str, Any]:
    return {
        "name": status.name,
        "kinds": list(status.kinds),
        "every_s": None if status.every is None else status.every.total_seconds(),
        **_Freshness.of(status.fetched_at, status.every, caller).document(),
        "objects": dict(status.objects),
        "set_aside": status.set_aside,
        "revision": status.revision,
        "last_run": None if status.last_run is None else report_document(status.last_run),
    }


def _object(found: ExportedObject) -> dict[str, Any]:
    return {
        "id": found.id,
        "data": found.data,
        "changed_at": instant_text(found.changed_at),
        "gone_at": instant_text(found.gone_at),
    }


def _tag(revision: int, freshness: _Freshness, query: str) -> str:
    """Return what names an answer: weak, since ``fetched_at`` moves on while the objects stay as they are."""
    asked = hashlib.sha256(query.encode()).hexdigest()[:8]
    return f'W/"{revision}-{int(freshness.fresh)}-{asked}"'


def _cursor(place: Cursor) -> str:
    text = json.dumps([place.changed_at.isoformat(), place.id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str | None) -> Cursor | None:
    """Return where a page begins.

    Raises:
        Refusal: The cursor is none of ours.
    """
    if cursor is None:
        return None
    try:
        changed_at, name = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = Cursor(datetime.fromisoformat(changed_at).astimezone(UTC), str(name))
        place.id.encode()
    except (ValueError, TypeError, OverflowError, binascii.Error) as error:
        raise Refusal(
            "VALIDATION_ERROR", "cursor: is none of ours", [("cursor", "is none of ours")]
        ) from error
    return place
