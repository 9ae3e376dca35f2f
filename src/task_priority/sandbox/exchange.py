"""A request and a reply, apart from the server that carries them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import parse_qs

Json: TypeAlias = dict[str, Any]
"""An object as the services tell it."""


class Quirk(Enum):
    """What an answer is to get wrong, or to get unusual, on request."""

    EXPIRED_SYNC_TOKEN = "expired-sync-token"  # noqa: S105 - no password
    EMPTY_PAGE = "empty-page"
    OVERLAPPING = "overlapping"
    REORDERED = "reordered"


class Cut(Enum):
    """How much of a reply reaches the client."""

    NOWHERE = "nowhere"
    HALFWAY = "halfway"
    AT_ONCE = "at once"


class BadBody(Exception):
    """The body of a request is neither a JSON object nor a form."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks.

    Attributes:
        path: As sent, percent-encoded, without the query.
        headers: Names in lower case.
        quirks: What the answer is to do on top.
    """

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    quirks: frozenset[Quirk] = frozenset()

    def one(self, name: str) -> str | None:
        """Return the last value of a parameter of the query, None if there is none."""
        values = self.query.get(name)
        return values[-1] if values else None

    def fields(self) -> Json:
        """Return the body's fields, whether it is a JSON object or a form; an empty body has none.

        Raises:
            BadBody: It is neither.
        """
        if not self.body.strip():
            return {}
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return {name: values[-1] for name, values in _form(self.body).items()}
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise BadBody("the body is not JSON") from error
        if not isinstance(value, dict):
            raise BadBody("the body is not a JSON object")
        return value


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered, and how much of it arrives."""

    status: int = HTTPStatus.OK
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: Cut = Cut.NOWHERE


class Refusal(Exception):
    """Raised anywhere while a request is answered; its reply is the answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status} {reply.body.decode(errors='replace')}")
        self.reply = reply


def json_reply(value: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Reply:
    """Make a reply of a JSON value."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Reply(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})


def html_reply(text: str, status: int = HTTPStatus.OK) -> Reply:
    """Make a reply of a page."""
    return Reply(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


def _form(body: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise BadBody("the body is not a form") from error
