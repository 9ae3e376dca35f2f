"""Refusals in Google's form."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from task_priority.sandbox.exchange import Json, Refusal, json_reply
from task_priority.sandbox.faults import Fault, FaultKind

_MESSAGES: Final = {
    "accessNotConfigured": "Google Calendar API has not been used in project 1234567890 before or it is disabled.",
    "authError": "Request had invalid authentication credentials.",
    "backendError": "Backend Error",
    "forbidden": "Forbidden",
    "fullSyncRequired": "Sync token is no longer valid, a full sync is required.",
    "insufficientPermissions": "Request had insufficient authentication scopes.",
    "quotaExceeded": "Calendar usage limits exceeded.",
    "rateLimitExceeded": "Rate Limit Exceeded",
    "updatedMinTooLongAgo": "The requested minimum modification time lies too far in the past.",
    "userRateLimitExceeded": "User Rate Limit Exceeded",
}
_USAGE: Final = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "accessNotConfigured"}
_LOCATIONS: Final = {"fullSyncRequired": "syncToken", "updatedMinTooLongAgo": "updatedMin"}


class GoogleRefusal(Refusal):
    """An error of Google: an HTTP status, and the reason that says what to do."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str | None = None,
        *,
        parameter: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        text = message or _MESSAGES.get(reason, reason)
        location = parameter or _LOCATIONS.get(reason)
        one: Json = {"domain": _domain(reason), "reason": reason, "message": text}
        if location is not None:
            one |= {"locationType": "parameter", "location": location}
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        if status == HTTPStatus.UNAUTHORIZED:
            one |= {"locationType": "header", "location": "Authorization"}
            headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
        body = {"error": {"errors": [one], "code": int(status), "message": text}}
        super().__init__(json_reply(body, status, headers))


def invalid(parameter: str, message: str = "Invalid value") -> GoogleRefusal:
    """Refuse a parameter."""
    return GoogleRefusal(HTTPStatus.BAD_REQUEST, "invalid", message, parameter=parameter)


def bad_request(message: str) -> GoogleRefusal:
    """Refuse a request."""
    return GoogleRefusal(HTTPStatus.BAD_REQUEST, "badRequest", message)


def not_found() -> GoogleRefusal:
    """Refuse what names something that is not there, or not to be seen."""
    return GoogleRefusal(HTTPStatus.NOT_FOUND, "notFound", "Not Found")


def full_sync_required() -> GoogleRefusal:
    """Tell that a sync token has expired."""
    return GoogleRefusal(HTTPStatus.GONE, "fullSyncRequired")


def failing(fault: Fault) -> GoogleRefusal:
    """Return how Google tells that something is wrong."""
    match fault.kind:
        case FaultKind.UNAUTHORIZED:
            return GoogleRefusal(HTTPStatus.UNAUTHORIZED, "authError")
        case FaultKind.FORBIDDEN:
            return GoogleRefusal(HTTPStatus.FORBIDDEN, fault.reason or "userRateLimitExceeded")
        case FaultKind.GONE:
            return GoogleRefusal(HTTPStatus.GONE, fault.reason or "fullSyncRequired")
        case FaultKind.RATE_LIMITED:
            return GoogleRefusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                fault.reason or "rateLimitExceeded",
                retry_after_s=fault.retry_after_s,
            )
        case _:
            return GoogleRefusal(HTTPStatus.INTERNAL_SERVER_ERROR, "backendError")


def _domain(reason: str) -> str:
    if reason in _USAGE:
        return "usageLimits"
    return "calendar" if reason in _LOCATIONS else "global"
