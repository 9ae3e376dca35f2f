"""A CloudEvent in an HTTP message: which mode it is in, and its attributes in headers.

Source: CloudEvents 1.0.2, HTTP Protocol Binding, section 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Literal, TypeAlias

from crossdock.domain.errors import InvalidMessage

Mode: TypeAlias = Literal["binary", "structured", "batch"]

STRUCTURED_TYPE: Final = "application/cloudevents+json"
BATCH_TYPE: Final = "application/cloudevents-batch+json"
_PREFIX: Final = "ce-"
_BATCH: Final = "application/cloudevents-batch"
_STRUCTURED: Final = "application/cloudevents"
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE: Final = re.compile(r"\\(.)")
_PERCENT: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_STRAY: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WHOLE: Final = re.compile(r"-?[0-9]{1,10}")


def mode_of(content_type: str, names: Iterable[str]) -> Mode | None:
    """Return how an HTTP message holds events; None: it holds none.

    Args:
        content_type: Of the message; empty: it has none.
        names: Of its headers, in lower case.
    """
    kind = content_type.strip().lower()
    if kind.startswith(_BATCH):
        return "batch"
    if kind.startswith(_STRUCTURED):
        return "structured"
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


def _decoded(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("%", "")).decode()
