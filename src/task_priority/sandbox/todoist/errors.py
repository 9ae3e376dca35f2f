"""Refusals in Todoist's form."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from task_priority.sandbox.exchange import Json, Refusal, json_reply


def error_body(status: int, tag: str, code: int, error: str, **extra: Any) -> Json:
    """Return the object that tells an error."""
    return {
        "error": error,
        "error_code": code,
        "error_extra": {"event_id": "5a4db0c5e0d44f5e", **extra},
        "error_tag": tag,
        "http_code": int(status),
    }


class TodoistRefusal(Refusal):
    """An error of Todoist, as an answer or as the status of one command.

    Attributes:
        body: The object that tells it.
    """

    def __init__(self, status: int, tag: str, code: int, error: str, **extra: Any) -> None:
        self.body = error_body(status, tag, code, error, **extra)
        headers = {}
        if status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        if "retry_after" in extra:
            headers["Retry-After"] = str(extra["retry_after"])
        super().__init__(json_reply(self.body, status, headers))


def invalid(argument: str, expected: str) -> TodoistRefusal:
    """Refuse an argument."""
    return TodoistRefusal(
        HTTPStatus.BAD_REQUEST,
        "INVALID_ARGUMENT_VALUE",
        20,
        "Invalid argument value",
        argument=argument,
        expected=expected,
    )


def missing(argument: str) -> TodoistRefusal:
    """Refuse a request that lacks an argument."""
    return TodoistRefusal(
        HTTPStatus.BAD_REQUEST, "ARGUMENT_MISSING", 19, "Required argument is missing", argument=argument
    )


def not_found(what: str) -> TodoistRefusal:
    """Refuse what names something that is not there."""
    return TodoistRefusal(HTTPStatus.NOT_FOUND, "NOT_FOUND", 478, f"{what} not found")


def unauthorized() -> TodoistRefusal:
    """Refuse a token."""
    return TodoistRefusal(HTTPStatus.UNAUTHORIZED, "UNAUTHORIZED", 477, "Unauthorized")


def forbidden(tag: str = "FORBIDDEN", **extra: Any) -> TodoistRefusal:
    """Refuse what the token, or the plan, does not allow."""
    limit = tag.startswith("MAX_")
    error = "Maximum number of items limit reached" if limit else "Forbidden"
    return TodoistRefusal(HTTPStatus.FORBIDDEN, tag, 49 if limit else 32, error, **extra)


def rate_limited(retry_after_s: int) -> TodoistRefusal:
    """Refuse for now."""
    return TodoistRefusal(
        HTTPStatus.TOO_MANY_REQUESTS, "LIMITS_REACHED", 35, "Too many requests", retry_after=retry_after_s
    )


def server_error() -> TodoistRefusal:
    """Fail."""
    return TodoistRefusal(
        HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR", 500, "Internal server error"
    )


def retired() -> TodoistRefusal:
    """Tell that an API was shut."""
    return TodoistRefusal(
        HTTPStatus.GONE,
        "ENDPOINT_DEPRECATED",
        410,
        "This endpoint is deprecated. If you are using the REST v2 or Sync v9 API, migrate to the API v1.",
    )
