"""Finding the message that a caller means, and showing as much of it as is wanted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from crossdock.api.conditions import is_any, matches_weakly
from crossdock.api.errors import Refusal
from crossdock.api.models import RECORD_FIELDS
from crossdock.api.operations import JsonAnswer
from crossdock.domain import attributes
from crossdock.domain.cursor import cursor_of, row_of
from crossdock.domain.errors import AmbiguousMessage, MessageNotFound
from crossdock.domain.following import Changed, ChangedWish
from crossdock.domain.lifecycle import Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.api.state import Caller
    from crossdock.domain.record import Record


async def found(caller: Caller, message_id: str, app: str | None, source: str | None) -> Record:
    """Return the message that is meant, if the caller may know of it.

    Raises:
        MessageNotFound: There is none, or it is none of the caller's business.
        AmbiguousMessage: Several are meant.
    """
    try:
        record = await caller.queue.get(message_id, app=app, source_app=source)
    except AmbiguousMessage as error:
        own = [one for one in error.candidates if caller.key.app is None or caller.key.app in one]
        if not own:
            raise _unknown(message_id) from None
        if len(own) > 1:
            words = f"{len(own)} messages have the id {message_id}; name the app, or the source"
            raise AmbiguousMessage(words, own) from error
        record = await caller.queue.get(message_id, app=own[0][0], source_app=own[0][1])
    except MessageNotFound:
        raise _unknown(message_id) from None  # in the same words as for one that the caller may not see
    if not caller.sees(record):
        raise _unknown(message_id)
    return record


def _unknown(message_id: str) -> MessageNotFound:
    return MessageNotFound(f"no message {message_id}")


def unless_known(tag: str, if_none_match: str | None, document: Any) -> Response:
    """Return a document, or only say that the caller has it."""
    headers = {"ETag": tag}
    if is_known(tag, if_none_match):
        return Response(status_code=304, headers=headers)
    return JsonAnswer(document, headers=headers)


def tag_of_document(document: Mapping[str, Any]) -> str:
    """Return the ETag of what is known by nothing but how it is shown."""
    return f'"{hashlib.sha256(json.dumps(document).encode()).hexdigest()[:16]}"'


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Tell whether a caller has what a tag names."""
    return if_none_match is not None and (matches_weakly(tag, if_none_match) or is_any(if_none_match))


class PageWish(NamedTuple):
    """Which page of messages a caller wants; see ``parameters``."""

    app: str | None
    status: str | None
    cursor: str | None
    limit: int
    newest_first: bool
    updated_since: str | None = None


async def records_of(caller: Caller, wish: PageWish) -> Changed:
    """Return the messages of a page, and the row that the next one begins behind.

    A key that is bound to an app sees the queue of that app.

    Raises:
        Refusal: They are none of the caller's business, or the cursor is none of ours.
    """
    app = wish.app if wish.app is not None else caller.key.app
    if app is not None:
        caller.demand_app(app)
    after = place_of(wish.cursor)
    if wish.updated_since is not None:
        status = None if wish.status is None else Status(wish.status)
        since = since_of(wish.updated_since)
        changed = ChangedWish(app, status, since, after, wish.limit, wish.newest_first)
        queue = caller.queue
        found: Changed = await queue._store.read_async(lambda reader: reader.changed(changed, queue._payload))
        return found
    listed = await caller.queue.list(
        app, status=wish.status, limit=wish.limit + 1, after=after, newest_first=wish.newest_first
    )
    page = listed[: wish.limit]
    return Changed(page, page[-1].row_id if len(page) < len(listed) else None)


def page_of(request: Request, name: str, documents: list[dict[str, Any]], listed: Changed) -> JsonAnswer:
    """Return a page, and where the next one begins.

    Args:
        request: Asked for it.
        name: Of the list in the document.
        documents: Of the first of those that are listed.
        listed: What there is.
    """
    whole = len(documents) == len(listed.records)
    upto = listed.upto if whole else listed.records[len(documents) - 1].row_id
    following = None if upto is None else cursor_of(upto)
    headers = next_link(request, following)
    return JsonAnswer({name: documents, "next": following}, headers=headers)


def next_link(request: Request, cursor: str | None) -> dict[str, str]:
    """Return the header that leads to the next page of the list that was asked for; without one, none.

    It names the query alone, so that it holds behind a proxy, too, that serves under another address.

    Args:
        request: Asked for this page; all its parameters but the cursor are kept.
        cursor: Of the next page; None: this is the last.

    Source: RFC 8288, section 3; RFC 3986, section 5.2, for a reference that begins with ``?``.
    """
    if cursor is None:
        return {}
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return {"Link": f'<?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'}


def names_query(
    known: Sequence[str],
    description: str,
    *,
    example: str,
    max_length: int = 200,
    open_field: str | None = None,
) -> Any:
    """Return what the document says of a parameter that ``chosen_fields`` reads, whose own words tell a caller more."""
    inside = [] if open_field is None else [rf"{open_field}(\.[^,.\s]+)+"]
    one = f"({'|'.join([*known, *inside])})"
    form = {"pattern": f"^{one}(,{one})*$"}
    return Query(max_length=max_length, description=description, examples=[example], json_schema_extra=form)


def chosen_fields(
    fields: str | None,
    known: Sequence[str] = RECORD_FIELDS,
    *,
    parameter: str = "fields",
    open_field: str | None = None,
) -> tuple[str, ...] | None:
    """Return the fields that a caller wants; None: all.

    Args:
        fields: Names with commas between them.
        known: Those that there are.
        parameter: What the caller named them in.
        open_field: That of which nobody but its sender knows what is in it; ``data.due.date`` names what lies within.

    Raises:
        Refusal: There is no such field.
    """
    if fields is None:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in fields.split(",")))
    wrong = [name for name in names if name not in known and not _is_within(name, open_field)]
    if wrong:
        within = "" if open_field is None else f", nor a part such as {open_field}.name"
        raise Refusal(
            "VALIDATION_ERROR",
            f"{parameter}: there is no {wrong[0]!r}",
            [(parameter, f"{name!r} is none of {', '.join(known)}{within}") for name in wrong],
        )
    return names


def picked(document: Mapping[str, Any], fields: tuple[str, ...] | None) -> dict[str, Any]:
    """Return these fields of a document.

    ``data.due.date`` is what ``date`` is in ``due`` in ``data``. Of an array it is that of each object in it; what is
    not there is left out, and null where something lies around it that is null.
    """
    if fields is None:
        return dict(document)
    wanted: dict[str, Any] = {}
    for field in fields:
        if any(field.startswith(f"{other}.") for other in fields):
            continue  # it comes with what is around it
        inner = wanted
        for name in field.split("."):
            inner = inner.setdefault(name, {})
    parts: dict[str, Any] = _parts(document, wanted)
    return parts


def _is_within(name: str, open_field: str | None) -> bool:
    outer, *inner = name.split(".")
    return outer == open_field and bool(inner) and all(inner)


def _parts(found: Any, wanted: Mapping[str, Any]) -> Any:
    """Return what is wanted of a value; everything, if nothing of it is named."""
    if isinstance(found, list):
        return [_parts(one, wanted) for one in found if _may_have(one, wanted)]
    if not wanted or found is None:
        return found
    return {
        name: _parts(found[name], inner)
        for name, inner in wanted.items()
        if name in found and _may_have(found[name], inner)
    }


def _may_have(found: Any, wanted: Mapping[str, Any]) -> bool:
    return not wanted or found is None or isinstance(found, (Mapping, list))


def instant_of(name: str, text: str) -> datetime:
    """Read an instant.

    Raises:
        Refusal: It is none.
    """
    try:
        return attributes.instant_of(text)
    except ValueError as error:
        issue = "is not an instant such as 2031-05-17T08:30:00Z"
        raise Refusal("VALIDATION_ERROR", f"{name} {issue}", [(name, issue)]) from error


def since_of(text: str) -> datetime:
    """Read ``updated_since``; in a query a plus that is not written as %2B is a space.

    Raises:
        Refusal: It is no instant.
    """
    return instant_of("updated_since", text.replace(" ", "+"))


def place_of(cursor: str | None) -> int | None:
    """Return the row behind which a page begins; None: at the start.

    Raises:
        Refusal: The cursor is none of ours.
    """
    if cursor is None:
        return None
    row_id = row_of(cursor)
    if row_id is None:
        raise Refusal("VALIDATION_ERROR", "cursor: is none of ours", [("cursor", "is none of ours")])
    return row_id
