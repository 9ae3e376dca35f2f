"""A message as headers and a body: the binary mode of the HTTP binding of CloudEvents.

Source: CloudEvents 1.0.2, HTTP Protocol Binding, section 3.1.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote

from crossdock.domain.cloudevent import message_document
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import Message, encode_json

PREFIX: Final = "ce-"
STRUCTURED_TYPE: Final = "application/cloudevents+json; charset=UTF-8"
_BODY: Final = frozenset({"data", "data_base64", "datacontenttype"})
"""What is said by the body and its Content-Type."""

_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))
_PLAIN: Final = "".join(character for character in _PRINTABLE if character not in '"%')
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - the token of a grammar
_MEDIA_TYPE: Final = re.compile(rf"{_TOKEN}/{_TOKEN}(?:[ \t]*;[\t -~]*)?")
_JSON_TYPE: Final = re.compile(r"[^;]*[/+]json[ \t]*(?:;.*)?", re.IGNORECASE)
_NAME: Final = re.compile(r"[a-z0-9]+")


def binary_event(message: Message) -> tuple[list[tuple[str, str]], bytes]:
    """Return the headers and the body of a message; whatever its attributes hold, a header cannot hold more than one.

    Raises:
        InvalidMessage: An attribute cannot be written in a header, or data and ``datacontenttype`` do not fit together.
    """
    attributes = {name: value for name, value in message_document(message).items() if name not in _BODY}
    headers = [("content-type", content_type(message))]
    for name, value in attributes.items():
        if not _NAME.fullmatch(name):  # of a row that a stranger wrote
            raise InvalidMessage.of(name, "is not the name of an attribute: lower-case letters and digits")
        headers.append((f"{PREFIX}{name}", _written(name, value)))
    return headers, binary_data(message)


def content_type(message: Message) -> str:
    """Return the media type of the data.

    Raises:
        InvalidMessage: It is none.
    """
    if not _MEDIA_TYPE.fullmatch(message.datacontenttype):
        raise InvalidMessage.of("datacontenttype", f"{message.datacontenttype!r} is not a media type")
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
