"""What is answered when something cannot be done: one envelope, and one table from codes to statuses."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from crossdock.domain.errors import AmbiguousMessage, CrossdockError, InvalidMessage, LeaseLost, QueueFull

Detail = tuple[str, str]
"""A field, and what is the matter with it."""
JSON: Final = b"application/json"


class Kind(NamedTuple):
    """What is answered for a code.

    Attributes:
        status: Of HTTP.
        example: A message, as it could stand in an answer.
        retry_after_s: When it may be tried again; None: trying again changes nothing, or nobody knows.
    """

    status: int
    example: str
    retry_after_s: int | None = None


KINDS: Final[Mapping[str, Kind]] = {
    "BAD_REQUEST": Kind(400, "the body is no JSON: Expecting value at character 0"),
    "IDEMPOTENCY_KEY_REQUIRED": Kind(400, "name the request with an Idempotency-Key"),
    "UNAUTHORIZED": Kind(401, "show a key: Authorization: Bearer cdk_…"),
    "FORBIDDEN": Kind(403, "the key 'shop' has not the scope queue:work"),
    "NOT_FOUND": Kind(404, "there is nothing at /api/v1/massages; see /api/v1/docs"),
    "MESSAGE_NOT_FOUND": Kind(404, "no message 0190b5a7-0000-7000-8000-000000000000"),
    "APP_NOT_FOUND": Kind(
        404, "no app validatr: it is not configured, and has no queue; did you mean validator?"
    ),
    "SCHEDULE_NOT_FOUND": Kind(404, "no schedule nightly"),
    "EXPORTER_NOT_FOUND": Kind(404, "no exporter todoits; did you mean todoist?"),
    "OBJECT_NOT_FOUND": Kind(404, "todoist has no object 4711 among its tasks"),
    "TASK_NOT_FOUND": Kind(
        404, "no open task has the id plumber; did you mean todoist:8Jx4 (Call the plumber)?"
    ),
    "KEY_NOT_FOUND": Kind(404, "no key 5f0c3a9e1b7d"),
    "METHOD_NOT_ALLOWED": Kind(405, "PUT is not for /api/v1/messages; use GET, HEAD, POST"),
    "REQUEST_TIMEOUT": Kind(408, "the body has not come within 30 s"),
    "AMBIGUOUS_MESSAGE": Kind(409, "2 messages have the id 4711; name the app, or the source"),
    "ILLEGAL_MOVE": Kind(409, "cannot replay message 4711 of validator: it is pending"),
    "APP_EXISTS": Kind(409, "there is an app validator; change it with PATCH"),
    "APP_IN_USE": Kind(
        409, "17 messages of validator are not finished; let them be worked on, or cancel them"
    ),
    "NOTHING_TO_UNDO": Kind(
        409,
        "there is nothing to undo: no change to todoist:8Jx4 was made in the last weeks that was not undone",
    ),
    "SCHEDULE_EXISTS": Kind(409, "there is a schedule morning; replace it with PUT"),
    "LEASE_LOST": Kind(409, "1 deliveries are no longer ours, nothing was changed for them"),
    "IDEMPOTENCY_KEY_IN_USE": Kind(409, "a request with this Idempotency-Key is being worked on", 1),
    "PRECONDITION_FAILED": Kind(412, "the message was changed meanwhile; read it again"),
    "BODY_TOO_LARGE": Kind(413, "the body is larger than 8388608 bytes"),
    "UNSUPPORTED_MEDIA_TYPE": Kind(415, "Content-Encoding br is not spoken here; gzip, zstd, identity are"),
    "MISDIRECTED_REQUEST": Kind(421, "this is not 'evil.example'; name it in api.allowed_hosts if it is"),
    "VALIDATION_ERROR": Kind(422, "limit: must be 1 or more"),
    "INVALID_MESSAGE": Kind(422, "id: is missing"),
    "NO_ROUTE": Kind(
        422, "nobody receives order.placed of 'shop'; set up a route, or name receivers with ?to="
    ),
    "IDEMPOTENCY_KEY_REUSED": Kind(422, "the Idempotency-Key 'a1' was used for another request"),
    "PRECONDITION_REQUIRED": Kind(428, "send If-Match with the ETag of what you have read, or *"),
    "RATE_LIMITED": Kind(429, "the key 'shop' has used up its 1000/s", 1),
    "QUEUE_FULL": Kind(429, "the queue of 'validator' has no room for one more", 1),
    "INTERNAL_ERROR": Kind(500, "a defect of Crossdock; its log says more under the request_id"),
    "STORE_ERROR": Kind(500, "the store refused what was asked"),
    "CONFIG_ERROR": Kind(500, "settings.toml: weights.duee: unknown key; did you mean due?"),
    "STORE_DAMAGED": Kind(503, "the store's file is damaged or vanished; nothing more is acknowledged"),
    "SCHEMA_OUT_OF_DATE": Kind(503, "the store's schema does not fit this version of Crossdock"),
    "APP_STOPPED": Kind(503, "webhooks of 'partner' are not taken just now; send again later", 10),
    "STORE_UNAVAILABLE": Kind(503, "the store cannot be written now; send again later", 1),
    "STORE_FULL": Kind(503, "the disk is nearly full: nothing new is taken in", 10),
}
"""Every code that may be answered."""
_OTHER: Final = "INTERNAL_ERROR"


class Refusal(Exception):
    """A request that is not carried out, for a reason that lies at the door.

    Attributes:
        code: One of ``KINDS``.
        details: Fields, and what is the matter with each.
        headers: Of the answer, beside the usual ones.
    """

    def __init__(
        self,
        code: str,
        message: str,
        details: Sequence[Detail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.details = tuple(details)
        self.headers = dict(headers or {})


class ErrorAnswer(NamedTuple):
    """An answer to a request that was not carried out."""

    status: int
    headers: dict[str, str]
    document: dict[str, Any]

    def body(self) -> bytes:
        """Return it as JSON."""
        return json.dumps(self.document, ensure_ascii=False).encode("utf-8", "replace")


def error_document(code: str, message: str, details: Sequence[Detail], request_id: str) -> dict[str, Any]:
    """Return the envelope of every error."""
    fields = [{"field": field, "issue": issue} for field, issue in details]
    return {"error": {"code": code, "message": message, "details": fields, "request_id": request_id}}


def new_request_id() -> str:
    """Return what tells a request from all others, in its answer and in the log."""
    return f"req_{os.urandom(9).hex()}"


def answer_for(error: CrossdockError | Refusal, request_id: str) -> ErrorAnswer:
    """Return what is answered for an error."""
    code = error.code if error.code in KINDS else "STORE_ERROR"
    kind = KINDS[code]
    headers = dict(error.headers) if isinstance(error, Refusal) else {}
    if kind.retry_after_s is not None:
        headers.setdefault("Retry-After", str(kind.retry_after_s))
    document = error_document(code, str(error), details_of(error), request_id)
    if isinstance(error, AmbiguousMessage):
        document["error"]["candidates"] = [
            {"app": app, "source_app": source_app} for app, source_app in error.candidates
        ]
    if isinstance(error, QueueFull):
        document["error"] |= {"depth": error.depth, "max_depth": error.max_depth, "count": error.count}
    return ErrorAnswer(kind.status, headers, document)


def defect_answer(request_id: str) -> ErrorAnswer:
    """Return what is answered for a defect of ours: nothing of it but where the log tells more."""
    kind = KINDS[_OTHER]
    return ErrorAnswer(kind.status, {}, error_document(_OTHER, kind.example, (), request_id))


def details_of(error: CrossdockError | Refusal) -> Sequence[Detail]:
    """Return the fields that an error names."""
    match error:
        case Refusal() | InvalidMessage():
            return error.details
        case LeaseLost():
            return [("deliveries", name) for name in error.message_ids]
        case QueueFull():
            return [("app", error.app)]
        case _:
            return ()
