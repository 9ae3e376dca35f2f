"""A message as a JSON document, and back: the JSON event format of CloudEvents.

Source: CloudEvents 1.0.2, JSON Event Format, sections 2 and 3.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from crossdock.domain.attributes import instant_of, media_type_issue, uri_issue, uri_reference_issue
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import (
    BINARY_TYPE,
    DEFAULT_PRIORITY,
    JSON_TYPE,
    Message,
    check_message_id,
)
from crossdock.domain.message import message_of as message_with

SPEC_VERSION: Final = "1.0"
_REQUIRED: Final = ("id", "source", "type")
_TEXTS: Final = (
    *_REQUIRED, "subject", "datacontenttype", "dataschema", "partitionkey", "correlationid", "traceparent",
)  # fmt: skip
_FORMS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "source": uri_reference_issue,
    "datacontenttype": media_type_issue,
    "dataschema": uri_issue,
}
_TIMES: Final = ("time", "expirytime")
_OPTIONAL: Final = ("time", "priority", "datacontenttype")
"""What every message of ours has, though an event need not."""
_OURS: Final = frozenset({"specversion", "data", "data_base64", "priority", *_TEXTS, *_TIMES})


def message_document(message: Message) -> dict[str, Any]:
    """Return a message as a document; what its sender has not set is left out."""
    attributes = {
        "specversion": SPEC_VERSION,
        "id": message.id,
        "source": message.source,
        "type": message.type,
        "subject": message.subject,
        "time": instant_text(message.time),
        "datacontenttype": message.datacontenttype,
        "dataschema": message.dataschema,
        "priority": message.priority,
        "partitionkey": message.partitionkey,
        "expirytime": instant_text(message.expirytime),
        "correlationid": message.correlationid,
        "traceparent": message.traceparent,
        **message.extensions,
    }
    for name in message.unset:
        if name != "priority" or message.priority == DEFAULT_PRIORITY:  # it may have been edited since
            attributes[name] = None
    known = {name: value for name, value in attributes.items() if value is not None}
    return known | data_document(message.data)


def data_document(data: object) -> dict[str, Any]:
    """Return data under the name that says how it is written."""
    return {"data_base64": base64.b64encode(data).decode()} if isinstance(data, bytes) else {"data": data}


def instant_text(moment: datetime | None) -> str | None:
    """Return an instant as RFC 3339 has it, in UTC."""
    if moment is None:
        return None
    universal = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return universal.isoformat()[: -len("+00:00")] + "Z"


def is_event(value: object) -> bool:
    """Tell whether a JSON value is meant as a whole event, and not as the data of one."""
    return isinstance(value, dict) and "specversion" in value and all(name in value for name in _REQUIRED)


def message_of(document: Mapping[str, Any], now: datetime) -> Message:
    """Read the document of an event that comes from outside.

    Args:
        document: As ``json.loads`` returns it.
        now: Stands for the time of an event that has none.

    Raises:
        InvalidMessage: It is no event; all that is wrong is listed.
    """
    issues: list[tuple[str, str]] = []
    if document.get("specversion") != SPEC_VERSION:
        issues.append(("specversion", f'is {document.get("specversion")!r}; it must be "{SPEC_VERSION}"'))
    texts = _texts(document, issues)
    times = _times(document, issues)
    data = _data(document, issues)
    priority = document.get("priority")
    if priority is not None and type(priority) is not int:
        issues.append(("priority", f"{priority!r} is not a whole number"))
    if issues:
        raise InvalidMessage("; ".join(f"{name}: {issue}" for name, issue in issues), issues)
    check_message_id(texts["id"])
    return _message(document, texts, times, data=data, now=now)


def told_message(document: Mapping[str, Any], sent_at: datetime) -> Message:
    """Read a document that ``message_document`` wrote: of whatever another program may have put into a row.

    Args:
        document: As ``json.loads`` returns it.
        sent_at: Stands for the time of a message that says none.

    Raises:
        KeyError, TypeError, ValueError: It did not write that.
    """
    texts = {name: document[name] for name in _TEXTS if document.get(name) is not None}
    times = {
        name: datetime.fromisoformat(document[name]).astimezone(UTC)
        for name in _TIMES
        if document.get(name) is not None
    }
    return _message(document, texts, times, data=_data(document, []), now=sent_at)


def _message(
    document: Mapping[str, Any],
    texts: Mapping[str, str],
    times: Mapping[str, datetime],
    *,
    data: Any,
    now: datetime,
) -> Message:
    priority = document.get("priority")
    return message_with(
        (
            texts["id"],
            texts["source"],
            texts["type"],
            data,
            times.get("time", now),
            texts.get("datacontenttype", BINARY_TYPE if isinstance(data, bytes) else JSON_TYPE),
            texts.get("dataschema"),
            texts.get("subject"),
            DEFAULT_PRIORITY if priority is None else priority,
            texts.get("partitionkey"),
            times.get("expirytime"),
            texts.get("correlationid"),
            texts.get("traceparent"),
            _extensions(document),
            frozenset(name for name in _OPTIONAL if document.get(name) is None),
        )
    )


def _extensions(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the further attributes that have a value: null says that there is none."""
    return {name: value for name, value in document.items() if value is not None and name not in _OURS}


def _texts(document: Mapping[str, Any], issues: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _TEXTS:
        value = document.get(name)
        if isinstance(value, str) and value:
            found[name] = value
            if name in _FORMS and (issue := _FORMS[name](value)):
                issues.append((name, issue))
        elif value is not None or name in _REQUIRED:
            issues.append((name, "is missing" if value is None else f"{value!r} is not text"))
    return found


def _times(document: Mapping[str, Any], issues: list[tuple[str, str]]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for name in _TIMES:
        value = document.get(name)
        if value is None:
            continue
        try:
            found[name] = instant_of(value)
        except ValueError as error:
            issues.append((name, str(error)))
    return found


def _data(document: Mapping[str, Any], issues: list[tuple[str, str]]) -> Any:
    encoded = document.get("data_base64")
    if encoded is None:
        return document.get("data")
    if "data" in document:
        issues.append(("data_base64", "give either data or data_base64"))
    try:
        return base64.b64decode(encoded, validate=True)
    except (TypeError, ValueError, binascii.Error):
        issues.append(("data_base64", "is not Base64"))
        return None
