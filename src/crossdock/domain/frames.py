"""Frames: JSON-RPC 2.0, one object in each line, as programs speak it with Crossdock over their standard streams.

Source: JSON-RPC 2.0 Specification. Batches, arrays of requests, are not part of what we speak.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

from crossdock.domain.errors import (
    CredentialError,
    CrossdockError,
    DeliveryError,
    InvalidMessage,
    PermanentError,
    RateLimited,
    TransientError,
)
from crossdock.domain.message import encode_json

PROTOCOL: Final = 1
"""The version of the methods that both sides speak."""
PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
OUR_ERROR: Final = -32000
"""Any error of ours: ``data.code`` says which."""
LONGEST_SHOWN: Final = 200

FrameId: TypeAlias = int | str | None
"""None: it could not be read."""


class Request(NamedTuple):
    """Asks for something; is answered once."""

    id: FrameId
    method: str
    params: Mapping[str, Any]


class Notification(NamedTuple):
    """Tells something; is not answered."""

    method: str
    params: Mapping[str, Any]


class Answer(NamedTuple):
    """Answers a request.

    Attributes:
        error: As JSON-RPC has it; None: there is a result.
    """

    id: FrameId
    result: Any
    error: Mapping[str, Any] | None


Frame: TypeAlias = Request | Notification | Answer


class BadFrame(Exception):
    """A line is no frame.

    Attributes:
        code: The error of JSON-RPC to answer with.
        id: Of the request that it was meant to be, as far as that can be read.
    """

    def __init__(self, words: str, *, code: int = INVALID_REQUEST, id: FrameId = None) -> None:
        super().__init__(words)
        self.code = code
        self.id = id


def parse(line: bytes) -> Frame:
    """Read a line.

    Raises:
        BadFrame: It is no frame.
    """
    try:
        found = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"not JSON: {shown(line)}", code=PARSE_ERROR) from error
    if not isinstance(found, dict):
        raise BadFrame(f"not a JSON object: {shown(line)}")
    number = found.get("id")
    if isinstance(number, bool) or not isinstance(number, (int, str, type(None))):
        raise BadFrame(f"id is neither text nor a whole number: {shown(line)}")
    if found.get("jsonrpc") != "2.0":
        raise BadFrame(f'without "jsonrpc": "2.0": {shown(line)}', id=number)
    return _asking(found, number, line) if "method" in found else _answering(found, number, line)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def request(number: int | str, method: str, params: Mapping[str, Any]) -> bytes:
    """Write a request."""
    return _line({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def answer(number: FrameId, result: Any) -> bytes:
    """Write the answer to a request.

    Raises:
        InvalidMessage: The result is no JSON value.
    """
    return _line({"jsonrpc": "2.0", "id": number, "result": result})


def refusal(number: FrameId, error: Exception) -> bytes:
    """Write the answer to a request that failed."""
    return _line({"jsonrpc": "2.0", "id": number, "error": error_document(error)})


def error_document(error: Exception) -> dict[str, Any]:
    """Return an error as JSON-RPC has it; what the class knows beyond words stands in ``data``."""
    if isinstance(error, BadFrame):
        return {"code": error.code, "message": str(error)}
    if not isinstance(error, CrossdockError):
        return {"code": INTERNAL_ERROR, "message": f"{type(error).__name__}: {error}"}
    data: dict[str, Any] = {"code": error.code}
    if isinstance(error, InvalidMessage):
        data["details"] = [{"field": field, "issue": issue} for field, issue in error.details]
    if isinstance(error, RateLimited) and error.retry_after is not None:
        data["retry_after"] = error.retry_after.total_seconds()
    code = INVALID_PARAMS if isinstance(error, InvalidMessage) else OUR_ERROR
    return {"code": code, "message": str(error), "data": data}


def delivery_error(document: Mapping[str, Any]) -> DeliveryError | InvalidMessage:
    """Return what the error that a program answered makes of its message; an unknown one is transient."""
    words = str(document.get("message") or "failed without words")
    data = document.get("data")
    facts = data if isinstance(data, dict) else {}
    known = {"PERMANENT": PermanentError, "CREDENTIAL": CredentialError}
    match facts.get("code"):
        case "INVALID_MESSAGE":
            return InvalidMessage(words, _details(facts) or [("data", words)])
        case "RATE_LIMITED":
            return RateLimited(words, retry_after=_duration(facts.get("retry_after")))
        case str() as code if code in known:
            return known[code](words)
        case None if document.get("code") == INVALID_PARAMS:
            return InvalidMessage(words, [("data", words)])
        case _:
            return TransientError(words)


def shown(line: bytes) -> str:
    """Return a line as it can stand in a message: bounded, and on one line."""
    text = line[:LONGEST_SHOWN].decode(errors="replace").rstrip("\r\n")
    return repr(text) + ("…" if len(line) > LONGEST_SHOWN else "")


def _asking(found: dict[str, Any], number: FrameId, line: bytes) -> Request | Notification:
    method, params = found["method"], found.get("params", {})
    if not isinstance(method, str):
        raise BadFrame(f"method is no text: {shown(line)}", id=number)
    if not isinstance(params, dict):
        raise BadFrame(f"params is no object: {shown(line)}", code=INVALID_PARAMS, id=number)
    if "id" not in found:
        return Notification(method, params)
    return Request(number, method, params)


def _answering(found: dict[str, Any], number: FrameId, line: bytes) -> Answer:
    error = found.get("error")
    if ("result" in found) == (error is not None) or not (error is None or isinstance(error, dict)):
        raise BadFrame(f"neither a request nor an answer: {shown(line)}", id=number)
    return Answer(number, found.get("result"), error)


def _details(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    details = facts.get("details")
    listed = details if isinstance(details, list) else []
    return [
        (str(one.get("field", "data")), str(one.get("issue", ""))) for one in listed if isinstance(one, dict)
    ]


def _duration(seconds: Any) -> timedelta | None:
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds >= 0:
        with suppress(OverflowError, ValueError):
            return timedelta(seconds=seconds)
    return None


def _line(frame: Mapping[str, Any]) -> bytes:
    return encode_json(frame, field="frame").encode() + b"\n"
