"""A CloudEvent in an HTTP message, read and written: which mode it is in, and its attributes in headers.

Source: CloudEvents 1.0.2, HTTP Protocol Binding, section 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import quote

from crossdock.domain.attributes import media_type_issue
from crossdock.domain.cloudevent import message_document
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import Message, encode_json

Mode: TypeAlias = Literal["binary", "structured", "batch", "foreign"]
"""``foreign``: in a format of CloudEvents that is not ours to read, such as XML."""

STRUCTURED_TYPE: Final = "application/cloudevents+json"
BATCH_TYPE: Final = "application/cloudevents-batch+json"
_PREFIX: Final = "ce-"
_ANY_FORMAT: Final = "application/cloudevents"
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE: Final = re.compile(r"\\(.)")
_PERCENT: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_STRAY: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WHOLE: Final = re.compile(r"-?[0-9]{1,10}")
_BODY: Final = frozenset({"data", "data_base64", "datacontenttype"})
"""What is said by the body and its Content-Type."""

_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))
_PLAIN: Final = "".join(character for character in _PRINTABLE if character not in '"%')
_JSON_TYPE: Final = re.compile(r"[^;]*[/+]json[ \t]*(?:;.*)?", re.IGNORECASE)
_NAME: Final = re.compile(r"[a-z0-9]+")


def mode_of(content_type: str, names: Iterable[str]) -> Mode | None:
    """Return how an HTTP message holds events; None: it holds none.

    Args:
        content_type: Of the message; empty: it has none.
        names: Of its headers, in lower case.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == BATCH_TYPE:
        return "batch"
    if kind == STRUCTURED_TYPE:
        return "structured"
    if kind.startswith(_ANY_FORMAT):
        return "foreign"
    return "binary" if any(name.startswith(_PREFIX) for name in names) else None


def attributes_of(headers: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the attributes that stand in the headers of a binary message, as the JSON format names and holds them.

    Args:
        headers: Names in lower case, values as they came (Latin-1).

    Raises:
        InvalidMessage: A value cannot be decoded, or stands there twice; all such are listed.
    """
    found: dict[str, Any] = {}
    issues: list[tuple[str, str]] = []
    for name, value in headers:
        if not name.startswith(_PREFIX):
            continue
        attribute = name.removeprefix(_PREFIX)
        if attribute in {"datacontenttype", "data", "data_base64"}:
            issues.append((attribute, "stands in a header; the Content-Type and the body say it"))
        elif attribute in found:
            issues.append((attribute, "stands in two headers"))
        try:
            found[attribute] = header_value(value)
        except ValueError as error:
            issues.append((attribute, str(error)))
    if issues:
        raise InvalidMessage("; ".join(f"{name}: {issue}" for name, issue in issues), issues)
    priority = found.get("priority")
    if isinstance(priority, str) and _WHOLE.fullmatch(priority):
        found["priority"] = int(priority)
    return found


def header_value(value: str) -> str:
    """Return what a header's value means: unquoted, then its percent signs decoded once.

    Raises:
        ValueError: It is no UTF-8, or a percent sign stands alone.
    """
    text = value.strip()
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        text = _ESCAPE.sub(r"\1", quoted[1])
    if _STRAY.search(text):
        raise ValueError("a percent sign stands in it that begins no %XX")
    try:
        return _PERCENT.sub(_decoded, text)
    except UnicodeDecodeError as error:
        raise ValueError("its percent signs stand for bytes that are no UTF-8") from error


def binary_event(message: Message) -> tuple[list[tuple[str, str]], bytes]:
    """Return the headers and the body of a message; whatever its attributes hold, a header cannot hold more than one.

    Raises:
        InvalidMessage: An attribute cannot be written in a header, or data and ``datacontenttype`` do not fit together.
    """
    attributes = {name: value for name, value in message_document(message).items() if name not in _BODY}
    of_unknown_type = "datacontenttype" in message.unset and isinstance(message.data, bytes)
    headers = [] if of_unknown_type else [("content-type", content_type(message))]
    for name, value in attributes.items():
        if not _NAME.fullmatch(name):  # of a row that a stranger wrote
            raise InvalidMessage.of(name, "is not the name of an attribute: lower-case letters and digits")
        headers.append((f"{_PREFIX}{name}", _written(name, value)))
    return headers, binary_data(message)


def content_type(message: Message) -> str:
    """Return the media type of the data.

    Raises:
        InvalidMessage: It is none.
    """
    if issue := media_type_issue(message.datacontenttype):
        raise InvalidMessage.of("datacontenttype", issue)
    return message.datacontenttype.strip()


def binary_data(message: Message) -> bytes:
    """Return data as its media type has it: bytes as they are, JSON, or text in UTF-8.

    Raises:
        InvalidMessage: The media type is not of JSON, and data is neither text nor bytes.
    """
    data = message.data
    if isinstance(data, bytes):
        return data
    if is_json(message.datacontenttype):
        return encode_json(data, field="data").encode()
    if isinstance(data, str):
        return _utf8(data)
    raise InvalidMessage.of(
        "datacontenttype", f"is {message.datacontenttype}, and data is neither text nor bytes"
    )


def is_json(media_type: str) -> bool:
    """Tell whether a media type is one of JSON."""
    return _JSON_TYPE.fullmatch(media_type) is not None


def header_text(text: str) -> str:
    """Return text as a header holds it: all but printable ASCII, and ``"`` and ``%``, as ``%XX`` of its UTF-8 bytes.

    Raises:
        ValueError: It has lone surrogates.
    """
    return quote(text, safe=_PLAIN)


def _decoded(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("%", "")).decode()


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidMessage.of("data", "has lone surrogates, which no text in UTF-8 can hold") from error


def _written(name: str, value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    try:
        return header_text(text)
    except ValueError as error:
        raise InvalidMessage.of(name, "has lone surrogates, which no header can hold") from error
