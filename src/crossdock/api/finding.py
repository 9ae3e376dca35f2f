"""Finding the message that a caller means, and showing as much of it as is wanted."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crossdock.api.errors import Refusal
from crossdock.api.models import RECORD_FIELDS
from crossdock.domain.errors import AmbiguousMessage, MessageNotFound

if TYPE_CHECKING:
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


def tag_of(record: Record) -> str:
    """Return what names the state of a message."""
    return f'"{record.row_id}-{record.revision}"'


def expected_revision(record: Record, if_match: str | None) -> int | None:
    """Return the revision that a change is for; None: any.

    Raises:
        Refusal: The caller did not say, or means another.
    """
    if if_match is None:
        raise Refusal("PRECONDITION_REQUIRED", "send If-Match with the ETag of what you have read, or *")
    if if_match.strip() == "*":
        return None
    if tag_of(record) not in if_match:
        raise changed()
    return record.revision


def changed() -> Refusal:
    """Return the refusal of a change that is for an earlier state."""
    return Refusal("PRECONDITION_FAILED", "the message was changed meanwhile; read it again")


def chosen_fields(fields: str | None) -> tuple[str, ...] | None:
    """Return the fields that a caller wants; None: all.

    Raises:
        Refusal: There is no such field.
    """
    if fields is None:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in fields.split(",")))
    wrong = [name for name in names if name not in RECORD_FIELDS]
    if wrong:
        raise Refusal(
            "VALIDATION_ERROR",
            f"there is no field {wrong[0]!r}",
            [("fields", f"{name!r} is none of {', '.join(RECORD_FIELDS)}") for name in wrong],
        )
    return names


def picked(document: dict[str, Any], fields: tuple[str, ...] | None) -> dict[str, Any]:
    """Return these fields of a document."""
    return document if fields is None else {name: document[name] for name in fields}


def instant_of(name: str, text: str) -> datetime:
    """Read an instant.

    Raises:
        Refusal: It is none.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        issue = "is not an instant such as 2031-05-17T08:30:00Z"
        raise Refusal("VALIDATION_ERROR", f"{name} {issue}", [(name, issue)]) from error


def cursor_of(row_id: int) -> str:
    """Return the cursor of the page behind a row."""
    return base64.urlsafe_b64encode(str(row_id).encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> int | None:
    """Return the row behind which a page begins; None: at the start.

    Raises:
        Refusal: The cursor is none of ours.
    """
    if cursor is None:
        return None
    try:
        found = int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise Refusal(
            "VALIDATION_ERROR", "cursor: is none of ours", [("cursor", "is none of ours")]
        ) from error
    if not 0 < found < 2**63:
        raise Refusal("VALIDATION_ERROR", "cursor: is none of ours", [("cursor", "is none of ours")])
    return found
