"""What a send may say beside the app and the data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypedDict

from crossdock.domain.message import ExtensionValue
from crossdock.domain.retry import RetryPolicy
from crossdock.domain.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable


class SendOptions(TypedDict, total=False):
    """The options of ``send`` and ``send_many``, all by keyword; None is as good as leaving one out.

    Attributes:
        source: CloudEvents source; default: the sending app.
        source_app: The sending app; default: the queue's ``app``.
        type: What kind of message it is.
        subject: What it is about.
        time: When it happened; aware.
        datacontenttype: Default: ``application/json``, or ``application/octet-stream`` for bytes.
        dataschema: URI of the schema of ``data``.
        priority: 0 to 9; 9 is claimed first. Default: 4.
        delay: Deliver after this long.
        available_at: Deliver from then on; aware.
        expires_at: Do not deliver later than this; aware.
        partition_key: Messages of one key are handled one after the other, in the order in which they were sent.
        correlation_id: Of the exchange that this belongs to.
        traceparent: W3C Trace Context.
        extensions: Further CloudEvents attributes.
        retry: A policy for this message alone.
    """

    source: str | None
    source_app: str | None
    type: str | None
    subject: str | None
    time: datetime | None
    datacontenttype: str | None
    dataschema: str | None
    priority: int | None
    delay: timedelta | None
    available_at: datetime | None
    expires_at: datetime | None
    partition_key: str | None
    correlation_id: str | None
    traceparent: str | None
    extensions: Mapping[str, ExtensionValue] | None
    retry: RetryPolicy | None


_NAMES: Final = frozenset(SendOptions.__annotations__)


def given_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that say something.

    Raises:
        TypeError: One is unknown; as Python does for a keyword argument that a function does not have.
    """
    if not options.keys() <= _NAMES:
        raise TypeError(_unknown(options.keys() - _NAMES))
    return {name: value for name, value in options.items() if value is not None}


def _unknown(names: Iterable[str]) -> str:
    first = min(names)
    hint = did_you_mean(first, [*_NAMES, "message_id", "connection"])
    return f"unknown option of a send: {first!r}{hint}"
