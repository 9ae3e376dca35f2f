"""Turns error answers into the exceptions that the queue itself would have raised."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from crossdock.client.address import Address
from crossdock.client.answer import Answer
from crossdock.domain.errors import (
    AmbiguousMessage,
    ConfigError,
    CredentialError,
    CrossdockError,
    IdempotencyKeyReused,
    IllegalMove,
    InvalidMessage,
    LeaseLost,
    MessageNotFound,
    QueueFull,
    RateLimited,
    ScheduleNotFound,
    SchemaOutOfDate,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreUnavailable,
)
from crossdock.retry_after import wait_of


class ScheduleExists(StoreError):
    """There is a schedule of that name already."""


_PLAIN: Final[Mapping[str, type[CrossdockError]]] = {
    "UNAUTHORIZED": CredentialError,
    "FORBIDDEN": CredentialError,
    "MESSAGE_NOT_FOUND": MessageNotFound,
    "SCHEDULE_NOT_FOUND": ScheduleNotFound,
    "SCHEDULE_EXISTS": ScheduleExists,
    "ILLEGAL_MOVE": IllegalMove,
    "IDEMPOTENCY_KEY_REUSED": IdempotencyKeyReused,
    "IDEMPOTENCY_KEY_IN_USE": StoreUnavailable,
    "NOT_FOUND": ConfigError,
    "METHOD_NOT_ALLOWED": ConfigError,
    "MISDIRECTED_REQUEST": ConfigError,
    "REQUEST_TIMEOUT": StoreUnavailable,
    "STORE_DAMAGED": StoreDamaged,
    "SCHEMA_OUT_OF_DATE": SchemaOutOfDate,
    "STORE_UNAVAILABLE": StoreUnavailable,
    "STORE_FULL": StoreFull,
}
_INVALID: Final = frozenset({
    "BAD_REQUEST", "BODY_TOO_LARGE", "INVALID_MESSAGE", "NO_ROUTE", "UNSUPPORTED_MEDIA_TYPE", "VALIDATION_ERROR",
})  # fmt: skip
_TOO_MANY: Final = 429
_GATEWAYS: Final = frozenset({502, 503, 504})


def code_of(answer: Answer) -> str:
    """Return the code of an error answer; empty: it does not come from Crossdock."""
    code = _envelope(answer).get("code", "")
    return code if isinstance(code, str) else ""


def error_of(answer: Answer) -> CrossdockError:
    """Return the exception that an answer stands for."""
    envelope = _envelope(answer)
    if envelope:
        return error_in(envelope, answer.headers.get("retry-after", ""))
    if answer.status == _TOO_MANY:
        wait = wait_of(answer.headers.get("retry-after", ""), datetime.now(UTC))
        return RateLimited("a proxy before the API asks to wait", retry_after=wait)
    words = f"the API answered {answer.status}, and not in the words of Crossdock"
    return StoreUnavailable(words) if answer.status in _GATEWAYS else StoreError(words)


def redirect_error(answer: Answer, url: str) -> StoreError:
    """Return the exception that an answer stands for that leads elsewhere.

    Args:
        url: What was asked.
    """
    parts = urlsplit(urljoin(url, answer.headers.get("location", "")))
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    base = where.partition("/api/v1")[0]
    return StoreError(
        f"{url} answered {answer.status}, which leads to {where}; that is not followed, since the key would go along. "
        f"If the API is there, give the client the URL {base}"
    )


def why_refused(error: OSError) -> str:
    """Return why a connection did not come about, and what to do."""
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    match error:
        case ssl.SSLCertVerificationError():
            return f"{words}; give what is to be trusted as tls="
        case ssl.SSLError():
            return f"{words}; if that port does not speak TLS, the URL begins with http://"
        case _:
            return f"{words}; look whether the URL is right and crossdock api runs there"


def why_broken(address: Address, why: str) -> str:
    """Return why an answer did not come, and what to do if that is known."""
    if address.tls is None and ("hung up" in why or "no status line" in why or "Reset" in why):
        return f"{why}; if that port speaks TLS, the URL begins with https://"
    return why


def error_in(envelope: Mapping[str, Any], retry_after: str = "") -> CrossdockError:
    """Return the exception that the envelope of an error stands for."""
    code, words = envelope["code"], envelope["message"]
    details = [(one["field"], one["issue"]) for one in envelope.get("details", ())]
    if code in _INVALID:
        return InvalidMessage(words, details or [("body", words)])
    match code:
        case "LEASE_LOST":
            return LeaseLost(words, [issue for _, issue in details])
        case "QUEUE_FULL":
            return QueueFull(
                details[0][1] if details else "",
                depth=envelope.get("depth", 0),
                max_depth=envelope.get("max_depth", 0),
                count=envelope.get("count", 1),
            )
        case "AMBIGUOUS_MESSAGE":
            pairs = [(one["app"], one["source_app"]) for one in envelope.get("candidates", ())]
            return AmbiguousMessage(words, pairs)
        case "RATE_LIMITED":
            return RateLimited(words, retry_after=wait_of(retry_after, datetime.now(UTC)))
        case _:
            return _PLAIN.get(code, StoreError)(words)


def _envelope(answer: Answer) -> Mapping[str, Any]:
    """Return what an answer says of its error; nothing: it is not one of ours."""
    try:
        found = json.loads(answer.body)["error"]
    except (ValueError, TypeError, KeyError):
        return {}
    return found if isinstance(found, dict) and "code" in found and "message" in found else {}
