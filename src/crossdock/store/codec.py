"""Between rows and values: what a row says as a message, and what a message says as a row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from json.scanner import make_scanner
from typing import Any, Final, TypeAlias

from crossdock.domain.delivery import Claimed, Undecodable
from crossdock.domain.errors import ConfigError, StoreError
from crossdock.domain.lazy_message import LazyMessage
from crossdock.domain.lifecycle import FailureCode, Status
from crossdock.domain.message import (
    BINARY_TYPE,
    DEFAULT_PRIORITY,
    DEFAULT_TYPE,
    JSON_TYPE,
    AppId,
    Envelope,
    Message,
    MessageId,
    encode,
    message_of,
)
from crossdock.domain.record import Record
from crossdock.domain.retry import Failure, RetryPolicy
from crossdock.store.extension_column import extensions_from, extensions_text
from crossdock.store.types import to_text

Row = Sequence[Any]
Fetch: TypeAlias = Callable[[str], bytes | None]
"""Returns a payload by its checksum; None: there is none."""
JSON_IN_BYTES: Final = '"data_bytes"'
"""What stands in ``data`` when ``data_bytes`` or a payload holds JSON; when one holds bytes, it is null there."""
MAX_ERROR_CHARACTERS: Final = 16_000
"""Keeps the stored error below 64 KiB, however its characters are encoded."""


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_decoder: Final = json.JSONDecoder(parse_constant=_refuse_constant)
_loads: Final = _decoder.decode
_scan: Final = make_scanner(_decoder)  # type: ignore[arg-type]  # the stub names the class of the result
_TIME: Final = 9
_EXTENSIONS: Final = 15
_EXPIRES_AT: Final = 17
_CREATED_AT: Final = 18
_RETRY: Final = 21
_REPLAYED_AT: Final = 23
_CRASHES: Final = 24
_PAYLOAD: Final = 25
_DATA, _DATA_BYTES = 4, 5
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
    ConfigError,
)
"""What a row that another program wrote may end in when it is read."""
_UNKNOWN: Final = datetime.min.replace(tzinfo=UTC)
_parse: Final = datetime.fromisoformat
_claimed: Final[Callable[[tuple[Any, ...]], Claimed]] = partial(
    tuple.__new__, Claimed
)  # without a frame of Python


def envelope_columns(envelope: Envelope) -> dict[str, Any]:
    """Return the columns that an envelope sets; what equals the database's default is left out."""
    columns: dict[str, Any] = {"source_app": envelope.source_app, "target_app": envelope.app}
    if envelope.type != DEFAULT_TYPE:
        columns["type"] = envelope.type
    if envelope.priority != DEFAULT_PRIORITY:
        columns["priority"] = envelope.priority
    columns.update({column: text for column, text in _texts(envelope) if text is not None})
    for column, moment in _moments(envelope):
        if moment is not None:
            columns[column] = to_text(moment.astimezone(UTC))
    if envelope.extensions or envelope.unset:
        columns["extensions"] = extensions_text(envelope)
    if envelope.retry is not None:
        columns["max_attempts"] = envelope.retry.max_attempts
        columns["retry"] = json.dumps(envelope.retry.to_json())
    if envelope.partition_key is not None:
        columns["blocked"] = 1
    return columns


def edited_columns(changes: Mapping[str, Any], old_data: Any) -> dict[str, Any]:
    """Return the columns of an edit; new data of another kind than the old gets the media type of its kind."""
    columns: dict[str, Any] = {}
    for name, value in changes.items():
        if name == "data":
            text, raw = encode(value)
            columns |= {"data": text or "null", "data_bytes": raw, "payload": None}
            if (raw is None) is isinstance(old_data, bytes):
                columns["content_type"] = JSON_TYPE if raw is None else BINARY_TYPE
        else:
            columns[name] = to_text(value.astimezone(UTC)) if isinstance(value, datetime) else value
    return columns


def _texts(envelope: Envelope) -> tuple[tuple[str, str | None], ...]:
    return (
        ("source", envelope.source),
        ("subject", envelope.subject),
        ("content_type", envelope.datacontenttype),
        ("data_schema", envelope.dataschema),
        ("partition_key", envelope.partition_key),
        ("correlation_id", envelope.correlation_id),
        ("traceparent", envelope.traceparent),
    )


def _moments(envelope: Envelope) -> tuple[tuple[str, datetime | None], ...]:
    return (
        ("time", envelope.time),
        ("available_at", envelope.available_at),
        ("expires_at", envelope.expires_at),
    )


def message_from(row: Row) -> Message:
    """Read the message of a row of ``MESSAGE_COLUMNS``.

    Raises:
        ValueError, TypeError, KeyError: The row is no message; a stranger wrote it.
    """
    return _message(row, moment(row[_CREATED_AT]))


def _message(row: Row, sent_at: datetime) -> Message:
    (_, message_id, source_app, _, data, raw, source, kind, subject, time, content_type, schema, key,
     correlation, traceparent, extensions, priority, expires_at, *_) = row  # fmt: skip
    return message_of(
        (
            message_id,
            source or source_app,
            kind,
            decode_json(data) if raw is None else data_from_bytes(data, raw, row[_PAYLOAD]),
            sent_at if time is None else moment(time),
            content_type,
            schema,
            subject,
            priority,
            key,
            None if expires_at is None else moment(expires_at),
            correlation,
            traceparent,
            *extensions_from(extensions, _loads),
        )
    )


def claimed_from(row: Row, lease_token: str, lease_until: datetime) -> Claimed | Undecodable:
    """Read a row of ``MESSAGE_COLUMNS`` that was just leased."""
    try:
        sent_at = moment(row[_CREATED_AT])
        replayed_at = row[_REPLAYED_AT]
        return _claimed(
            (
                row[0],
                row[3],
                _message(row, sent_at),
                row[19],
                row[_CRASHES],
                lease_token,
                lease_until,
                row[20],
                policy_from(row[_RETRY]),
                sent_at if replayed_at is None else moment(replayed_at),
                data_size(row),
            )
        )
    except _UNREADABLE as error:
        column = _unreadable_column(row)
        failure = Failure(
            FailureCode.INVALID_MESSAGE,
            f"the row cannot be read as a message: {column}: {error}",
            ((column, str(error)),),
        )
        return Undecodable(row[0], row[1], row[19], lease_token, failure)


def data_size(row: Row) -> int:
    """Return how many bytes of data a row of ``MESSAGE_COLUMNS`` has.

    Raises:
        ValueError, TypeError, AttributeError: It has none; a stranger wrote it.
    """
    raw = row[_DATA_BYTES]
    if raw is not None:
        return len(raw)
    data = row[_DATA]
    return len(data) if data.isascii() else len(data.encode())


def _unreadable_column(row: Row) -> str:
    """Return the column that makes a row unreadable."""
    readers: tuple[tuple[str, int, Callable[[Any], object]], ...] = (
        ("created_at", _CREATED_AT, moment),
        ("time", _TIME, moment),
        ("expires_at", _EXPIRES_AT, moment),
        ("replayed_at", _REPLAYED_AT, moment),
        ("extensions", _EXTENSIONS, partial(extensions_from, loads=_loads)),
        ("retry", _RETRY, policy_from),
    )
    for column, place, read in readers:
        try:
            if row[place] is not None:
                read(row[place])
        except _UNREADABLE:
            return column
    if row[_PAYLOAD] is not None:
        return "payload"
    return "data" if row[_DATA_BYTES] is None else "data_bytes"


def plain_row(row: Row, app: str) -> Row:
    """Return the row of ``MESSAGE_COLUMNS`` of a plain message, from one of ``PLAIN_COLUMNS``."""
    row_id, message_id, source_app, data, created_at, attempts, _ = row
    return (
        row_id, message_id, source_app, app, data, None, None, DEFAULT_TYPE, None, None, JSON_TYPE, None, None, None,
        None, None, DEFAULT_PRIORITY, None, created_at, attempts, None, None, None, None, 0, None,
    )  # fmt: skip


def decode_json(text: str) -> Any:
    """Read a JSON value; four times as fast as ``json.loads`` for the text that we wrote ourselves.

    Raises:
        ValueError, TypeError: It is none.
    """
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        return _loads(text)
    return value if end == len(text) else _loads(text)


def record_from(row: Row, fetch: Fetch | None = None) -> Record:
    """Read a row of ``RECORD_COLUMNS``; data that cannot be decoded is given as the text it is.

    Args:
        row: Or one of ``LISTED_COLUMNS``.
        fetch: Returns a payload, for such a row, when somebody looks at the data; None if there is none.
    """
    (status, available_at, created_by, updated_at, claimed_at, processed_at, lease_owner, blocked, revision,
     result, error, _, _) = row[_PAYLOAD + 1 :]  # fmt: skip
    return Record(
        row_id=row[0],
        message=held_message(row) if fetch is None else _listed_message(row, fetch),
        source_app=AppId(row[2]),
        app=AppId(row[3]),
        status=Status(status),
        attempts=row[19],
        crashes=row[_CRASHES],
        max_attempts=row[20],
        available_at=maybe_moment(available_at),
        created_at=maybe_moment(row[18]) or _UNKNOWN,
        created_by=created_by,
        updated_at=maybe_moment(updated_at) or _UNKNOWN,
        claimed_at=maybe_moment(claimed_at),
        processed_at=maybe_moment(processed_at),
        lease_owner=lease_owner,
        lease_until=maybe_moment(row[22]),
        blocked=bool(blocked),
        revision=revision,
        result=value_or_text(result),
        error=failure_from(error),
    )


def archived_record_from(row: Row, fetch: Fetch | None = None) -> Record:
    """Read a row of ``ARCHIVE_COLUMNS``; the rest as ``record_from``."""
    return replace(record_from(row[:-1], fetch), archived_at=maybe_moment(row[-1]))


def held_message(row: Row) -> Message:
    """Read the message of a row; if it is none, its data is given as the text that it is, or why it is not there."""
    try:
        return message_from(row)
    except _UNREADABLE as error:
        data = row[_DATA] if row[_PAYLOAD] is None else f"({error})"
        sent_at = maybe_moment(row[_CREATED_AT]) or _UNKNOWN
        return Message(MessageId(row[1]), row[6] or row[2], row[7], data, sent_at, "text/plain")


def _listed_message(row: Row, fetch: Fetch) -> Message:
    """Read the message of a row of ``LISTED_COLUMNS``, and let data that lies outside it be fetched later."""
    message = held_message(row)
    checksum = row[_PAYLOAD]
    if checksum is None or row[_DATA_BYTES] is not None:
        return message
    return LazyMessage.of(message, partial(_fetched, message.id, row[_DATA], checksum, fetch))


def _fetched(message_id: str, data: Any, checksum: str, fetch: Fetch) -> Any:
    content = fetch(checksum)
    try:
        return data_from_bytes(data, b"" if content is None else content, checksum)
    except _UNREADABLE as error:
        raise StoreError(
            f"the data of message {message_id} cannot be read: {error}. If the message was changed or removed since it "
            f"was listed, list it again; else run: crossdock store check"
        ) from error


def data_from_bytes(data: Any, raw: Any, payload: Any) -> Any:
    """Read data that does not stand in the column ``data``.

    Args:
        data: That column.
        raw: What ``data_bytes`` holds, or the payload; empty if that is missing.
        payload: Its name; None: it has none.

    Raises:
        ValueError, TypeError: It is not what it should be.
    """
    if not isinstance(raw, bytes):
        raise TypeError(f"data_bytes holds {type(raw).__name__}, not bytes")
    if payload is not None and checksum_of(raw) != payload:
        raise ValueError(f"its payload {payload} is {'damaged' if raw else 'missing'}")
    return decode_json(raw.decode()) if data == JSON_IN_BYTES else raw


def checksum_of(content: bytes) -> str:
    """Return the name of a payload."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def value_or_text(text: Any) -> Any:
    """Read a JSON value; if it is none, return the text that it is."""
    try:
        return None if text is None else _loads(text)
    except (ValueError, TypeError, RecursionError):
        return text


def moment(text: str) -> datetime:
    """Return the aware UTC instant of a timestamp column."""
    return _parse(text + "+00:00")


def maybe_moment(text: Any) -> datetime | None:
    """Return the aware UTC instant of a timestamp column; None: it is NULL, or no day of the calendar."""
    try:
        return None if text is None else _parse(text + "+00:00")
    except (ValueError, TypeError):
        return None


def policy_from(text: str | None) -> RetryPolicy | None:
    """Read the policy that a sender gave its message."""
    return None if text is None else RetryPolicy.from_json(_loads(text))


def readable_policy(text: str | None) -> RetryPolicy | None:
    """Read it, or return None if it is none."""
    try:
        return policy_from(text)
    except _UNREADABLE:
        return None


def failure_to_text(failure: Failure) -> str:
    """Return a failure as stored: ``{"code", "message", "details": [{"field", "issue"}]}``, cut to fit 64 KiB."""
    stored: dict[str, Any] = {"code": str(failure.code), "message": failure.message[:MAX_ERROR_CHARACTERS]}
    if failure.details:
        stored["details"] = [
            {"field": field[:200], "issue": issue[:200]} for field, issue in failure.details[:100]
        ]
    return json.dumps(stored)


def failure_from(text: str | None) -> Failure | None:
    """Read a stored failure; a stranger's own words are kept as the message."""
    if text is None:
        return None
    stored = value_or_text(text)
    if not isinstance(stored, Mapping):
        return Failure(FailureCode.PERMANENT, str(stored))
    given = stored.get("details")
    pairs = [one for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []
    details = tuple((str(one.get("field", "")), str(one.get("issue", ""))) for one in pairs)
    return Failure(str(stored.get("code", FailureCode.PERMANENT)), str(stored.get("message", "")), details)
