"""The message: an immutable CloudEvents 1.0 event, and the options it is sent with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple, NewType, TypeAlias

from crossdock.domain.attributes import media_type_issue, uri_issue, uri_reference_issue
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.retry import RetryPolicy

AppId = NewType("AppId", str)
MessageId = NewType("MessageId", str)
ExtensionValue: TypeAlias = str | int | bool

DEFAULT_TYPE: Final = "crossdock.message"
DEFAULT_PRIORITY: Final = 4
HIGHEST_PRIORITY: Final = 9
JSON_TYPE: Final = "application/json"
BINARY_TYPE: Final = "application/octet-stream"
MAX_DATA_BYTES: Final = 64 * 1024 * 1024
MAX_ID_LENGTH: Final = 512
REPLY_WANTED: Final = "replywanted"
"""The extension of a message whose sender waits for its answer: that is kept as its result, wherever it goes else."""

_APP: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_EXTENSION: Final = re.compile(r"[a-z][a-z0-9]{0,19}")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_RESERVED: Final = frozenset({
    "id", "source", "specversion", "type", "datacontenttype", "dataschema", "subject", "time", "data",
    "priority", "partitionkey", "expirytime", "correlationid", "traceparent",
})  # fmt: skip
_INT32: Final = range(-(2**31), 2**31)
_NOTHING: Final = frozenset[str]()


def _encoder(*, ensure_ascii: bool) -> Callable[[Any], str]:
    """Return a strict, compact encoder; ``json.dumps`` would make a new one for each value."""
    plain = json.JSONEncoder(ensure_ascii=ensure_ascii, allow_nan=False, separators=(",", ":"))
    make = getattr(json.encoder, "c_make_encoder", None)  # None where json has no C part
    if make is None:
        return plain.encode
    text = json.encoder.encode_basestring_ascii if ensure_ascii else json.encoder.encode_basestring
    # A check for circles costs more than the recursion error that they end in.
    chunks = make(None, plain.default, text, None, ":", ",", False, False, False)  # noqa: FBT003
    return lambda value: "".join(chunks(value, 0))


_encode: Final = _encoder(ensure_ascii=False)
_encode_ascii: Final = _encoder(ensure_ascii=True)


@dataclass(frozen=True, slots=True)
class Message:
    """What one application tells another: data in a CloudEvents envelope. It never changes.

    The attribute names are those of CloudEvents, our extensions among them.

    Attributes:
        id: Unique together with ``source``; a UUIDv7 unless the sender chose another.
        source: URI-reference of the sender; by default the name of the app that sent it.
        type: What kind of thing happened or is asked for.
        data: Any JSON value, or bytes.
        time: Aware UTC; when it was sent, unless the sender said otherwise.
        datacontenttype: Media type of ``data``.
        dataschema: URI of the schema that ``data`` follows.
        subject: What it is about, within ``source``.
        priority: 0 to 9, 9 is claimed first.
        partitionkey: Messages of one key are handled in the order in which they were sent.
        expirytime: Aware UTC; later than this it is not delivered any more.
        correlationid: Shared by everything that belongs to one exchange.
        traceparent: W3C Trace Context of the sending.
        extensions: Further CloudEvents extension attributes.
        unset: Which of ``time``, ``priority`` and ``datacontenttype`` its sender has not set: what they hold here is
            our reading, and is not handed on as if it were the sender's.

    Source: CloudEvents 1.0.2, "Context Attributes".
    """

    id: MessageId
    source: str
    type: str
    data: Any
    time: datetime
    datacontenttype: str = JSON_TYPE
    dataschema: str | None = None
    subject: str | None = None
    priority: int = DEFAULT_PRIORITY
    partitionkey: str | None = None
    expirytime: datetime | None = None
    correlationid: str | None = None
    traceparent: str | None = None
    extensions: Mapping[str, ExtensionValue] = field(default_factory=dict)
    unset: frozenset[str] = _NOTHING


class _Unfrozen:
    """A message that is still being made: to set a field of a frozen one takes four times as long."""

    __slots__ = Message.__slots__


def message_of(values: tuple[Any, ...]) -> Message:
    """Return the message with these values, all of them, in the order of its fields; for the hot path."""
    made: Any = _Unfrozen()
    (made.id, made.source, made.type, made.data, made.time, made.datacontenttype, made.dataschema, made.subject,
     made.priority, made.partitionkey, made.expirytime, made.correlationid, made.traceparent,
     made.extensions, made.unset) = values  # fmt: skip
    made.__class__ = Message
    message: Message = made
    return message


@dataclass(frozen=True, slots=True)
class SentMessage(Message):
    """A message as the store took it.

    Attributes:
        row_id: Its row for ``app``; rises in the order of arrival.
        app: The app whose queue holds it.
        duplicate: True if that queue already held the message; then nothing was stored, and this is the one it holds.
    """

    row_id: int = 0
    app: AppId = AppId("")
    duplicate: bool = False
    _parts: tuple[Draft, Envelope, datetime] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def __getattr__(self, name: str) -> Any:
        """Fill in the rest when something of it is looked at: most senders never do."""
        if name.startswith("_"):
            raise AttributeError(name)
        parts = self._parts
        if parts is not None:
            self._fill(*parts)
        return object.__getattribute__(self, name)

    def _fill(self, draft: Draft, envelope: Envelope, sent_at: datetime) -> None:
        SentMessage.__init__(
            self,
            id=draft.message_id,
            source=envelope.source or envelope.source_app,
            type=envelope.type,
            data=draft.data,
            time=envelope.time or sent_at,
            datacontenttype=envelope.datacontenttype or (JSON_TYPE if draft.raw is None else BINARY_TYPE),
            dataschema=envelope.dataschema,
            subject=envelope.subject,
            priority=envelope.priority,
            partitionkey=envelope.partition_key,
            expirytime=envelope.expires_at,
            correlationid=envelope.correlation_id,
            traceparent=envelope.traceparent,
            extensions=envelope.extensions,
            unset=envelope.unset,
            row_id=self.row_id,
            app=self.app,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Everything but id and data that a send may say; one envelope can serve many messages.

    Raises:
        InvalidMessage: A field breaks its rule; all such fields are listed.
    """

    app: AppId
    source_app: AppId
    source: str | None = None
    type: str = DEFAULT_TYPE
    subject: str | None = None
    time: datetime | None = None
    datacontenttype: str | None = None
    dataschema: str | None = None
    priority: int = DEFAULT_PRIORITY
    available_at: datetime | None = None
    expires_at: datetime | None = None
    partition_key: str | None = None
    correlation_id: str | None = None
    traceparent: str | None = None
    extensions: Mapping[str, ExtensionValue] = field(default_factory=dict)
    unset: frozenset[str] = _NOTHING
    retry: RetryPolicy | None = None

    def __post_init__(self) -> None:
        details = [
            *_name_issues(self),
            *_text_issues(self),
            *_form_issues(self),
            *_value_issues(self),
            *_extension_issues(self.extensions),
        ]
        if details:
            raise InvalidMessage("; ".join(f"{name}: {issue}" for name, issue in details), details)


class Draft(NamedTuple):
    """One message ready to be stored: exactly one of ``text`` and ``raw`` is set.

    ``known_for`` says how long after its archiving a message still counts as sent under this id; None: the id was made
    just now, or nothing that is archived counts.
    """

    message_id: MessageId
    text: str | None
    raw: bytes | None
    data: Any
    known_for: timedelta | None = None


def encode(data: object) -> tuple[str | None, bytes | None]:
    """Encode data as (JSON text, None), or (None, bytes) if it is bytes.

    Raises:
        InvalidMessage: Not a JSON value (NaN and infinities are none), or larger than 64 MiB.
    """
    if isinstance(data, (bytes, bytearray, memoryview)):
        raw = bytes(data)
        _check_size(len(raw))
        return None, raw
    text = encode_json(data, field="data")
    _check_size(len(text))
    return text, None


def encode_json(value: object, *, field: str) -> str:
    """Encode a JSON value as text that every database and UTF-8 can hold.

    Raises:
        InvalidMessage: Not a JSON value.
    """
    try:
        text = _encode(value)
        if not text.isascii() and _CONTROL.search(text):
            text = _encode_ascii(value)  # a lone surrogate is legal in JSON only as an escape
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidMessage.of(field, f"not a JSON value: {error}") from error
    return text


def sent_message(draft: Draft, envelope: Envelope, *, row_id: int, sent_at: datetime) -> SentMessage:
    """Join a draft and its envelope into the message that was stored, as its receiver will see it."""
    sent = object.__new__(SentMessage)
    _set_id(sent, draft.message_id)
    _set_row_id(sent, row_id)
    _set_app(sent, envelope.app)
    _set_duplicate(sent, False)  # noqa: FBT003 - the setter of a slot
    _set_parts(sent, (draft, envelope, sent_at))
    return sent


def _setter(owner: type, name: str) -> Callable[[SentMessage, Any], None]:
    """Return what fills a slot of a new object; afterwards its class forbids that."""
    setter: Callable[[SentMessage, Any], None] = vars(owner)[name].__set__
    return setter


_set_id: Final = _setter(Message, "id")
_set_row_id: Final = _setter(SentMessage, "row_id")
_set_app: Final = _setter(SentMessage, "app")
_set_duplicate: Final = _setter(SentMessage, "duplicate")
_set_parts: Final = _setter(SentMessage, "_parts")


def duplicate_of(held: Message, app: AppId, row_id: int) -> SentMessage:
    """Return a message that the app held already when it was sent again."""
    fields = {name: getattr(held, name) for name in Message.__slots__}
    return SentMessage(**fields, row_id=row_id, app=app, duplicate=True)


def check_message_id(message_id: str) -> MessageId:
    """Return ``message_id`` if it may be one.

    Raises:
        InvalidMessage: Empty, longer than 512 characters, or with control characters.
    """
    if issue := text_issue(message_id):
        raise InvalidMessage.of("message_id", issue)
    if len(message_id) > MAX_ID_LENGTH:
        raise InvalidMessage.of(
            "message_id", f"has {len(message_id)} characters; {MAX_ID_LENGTH} are allowed"
        )
    return MessageId(message_id)


@lru_cache(maxsize=4096)
def check_app(name: str) -> AppId:
    """Return ``name`` if it may name an app.

    Raises:
        InvalidMessage: Not 1 to 128 letters, digits, dots, underscores or dashes, a letter or digit first.
    """
    if not isinstance(name, str) or not _APP.fullmatch(name):
        raise InvalidMessage.of(
            "app",
            f"{name!r} is not a name: use 1 to 128 letters, digits, '.', '_' or '-', a letter or digit first",
        )
    return AppId(name)


def text_issue(value: object) -> str | None:
    """Return why a value can be no attribute that is text, or None if it can."""
    if not isinstance(value, str):
        return f"{value!r} is not text"
    if not value:
        return "must not be empty"
    return "has control characters" if _CONTROL.search(value) else None


def instant_issue(value: object) -> str | None:
    """Return why a value is no instant that can be stored, or None if it is one."""
    if not isinstance(value, datetime) or value.utcoffset() is None:
        return f"{value!r} is not an instant: use a datetime with a time zone"
    try:
        value.astimezone(UTC)
    except OverflowError:
        return f"{value!r} is not within the years 1 to 9999 in UTC"
    return None


def _check_size(length: int) -> None:
    if length > MAX_DATA_BYTES:
        raise InvalidMessage.of("data", f"{length} bytes or characters; {MAX_DATA_BYTES} are allowed")


def _name_issues(envelope: Envelope) -> list[tuple[str, str]]:
    issues: list[tuple[str, str]] = []
    for name in ("app", "source_app"):
        try:
            check_app(getattr(envelope, name))
        except InvalidMessage as error:
            issues.append((name, error.details[0][1]))
    return issues


def _text_issues(envelope: Envelope) -> list[tuple[str, str]]:
    names = "source type subject datacontenttype dataschema partition_key correlation_id traceparent"
    return [
        (name, issue)
        for name in names.split()
        if (value := getattr(envelope, name)) is not None and (issue := text_issue(value))
    ]


def _form_issues(envelope: Envelope) -> list[tuple[str, str]]:
    """Return what is wrong with texts that a standard says the form of; those that are none are told of elsewhere."""
    forms = (
        ("source", envelope.source, uri_reference_issue),
        ("datacontenttype", envelope.datacontenttype, media_type_issue),
        ("dataschema", envelope.dataschema, uri_issue),
    )
    return [
        (name, issue)
        for name, value, issue_of in forms
        if value is not None and not text_issue(value) and (issue := issue_of(value))
    ]


def _value_issues(envelope: Envelope) -> list[tuple[str, str]]:
    issues = [
        (name, issue)
        for name in ("time", "available_at", "expires_at")
        if (value := getattr(envelope, name)) is not None and (issue := instant_issue(value))
    ]
    priority = envelope.priority
    if type(priority) is not int or not 0 <= priority <= HIGHEST_PRIORITY:
        issues.append(("priority", f"{priority!r} is not a whole number from 0 to {HIGHEST_PRIORITY}"))
    return issues


def _extension_issues(extensions: Mapping[str, ExtensionValue]) -> list[tuple[str, str]]:
    issues: list[tuple[str, str]] = []
    for name, value in extensions.items():
        if not _EXTENSION.fullmatch(name) or name in _RESERVED:
            issues.append((f"extensions.{name}", "not a free name of 1 to 20 lower-case letters and digits"))
        elif isinstance(value, str):
            issues += [(f"extensions.{name}", issue)] if (issue := text_issue(value)) else []
        elif not isinstance(value, bool) and not (isinstance(value, int) and value in _INT32):
            issues.append(
                (f"extensions.{name}", f"{value!r} is not text, a truth value or a 32-bit whole number")
            )
    return issues
