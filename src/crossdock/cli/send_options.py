"""The options of ``crossdock send``: those of ``Queue.send``, in the words of a command line."""

# ruff: noqa: ANN401 - Typer's own words for an option

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from crossdock.cli import inputs

if TYPE_CHECKING:
    from crossdock import RetryPolicy

_FILES: Final = "Instead of DATA"
_ENVELOPE: Final = "Envelope"
_DELIVERY: Final = "Delivery"
_RETRIES: Final = "Retries of these messages"


def _text(name: str, help_text: str, *, metavar: str = "TEXT", panel: str = _ENVELOPE) -> Any:
    return typer.Option(name, help=help_text, metavar=metavar, rich_help_panel=panel)


def _duration(name: str, help_text: str, *, panel: str) -> Any:
    return typer.Option(
        name, help=help_text, metavar="DURATION", rich_help_panel=panel, parser=inputs.duration
    )


def _instant(name: str, help_text: str, *, panel: str = _DELIVERY) -> Any:
    return typer.Option(name, help=help_text, metavar="INSTANT", rich_help_panel=panel, parser=inputs.moment)


_Priority: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--priority",
        "-p",
        metavar="0-9",
        min=0,
        max=9,
        help="9 is claimed first; 4 unless given.",
        rich_help_panel=_DELIVERY,
    ),
]
_Extensions: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--extension",
        metavar="NAME=VALUE",
        help="A further attribute; may be repeated.",
        rich_help_panel=_ENVELOPE,
    ),
]
_MaxAttempts: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--max-attempts", metavar="COUNT", min=1, help="Deliveries in all.", rich_help_panel=_RETRIES
    ),
]
_Backoff: TypeAlias = Annotated[
    inputs.Backoff | None,
    typer.Option(
        "--backoff",
        metavar="FROM..TO",
        help="Bounds of the delay before a retry, as in 1s..5m.",
        rich_help_panel=_RETRIES,
        parser=inputs.backoff,
    ),
]
_Jitter: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--jitter/--no-jitter",
        help="Spread the delays, or make each the bound itself.",
        rich_help_panel=_RETRIES,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """Other places that data comes from."""

    csv: Annotated[
        str | None,
        _text("--csv", "One message per row; the first row names the keys.", metavar="FILE", panel=_FILES),
    ]
    bytes_from: Annotated[
        str | None, _text("--bytes", "The content of a file as it is.", metavar="FILE", panel=_FILES)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeOptions:
    """What the messages say of themselves, and when they are delivered; the names are those of ``Queue.send``."""

    message_id: Annotated[
        str | None,
        _text("--message-id", "Sent again under the same id, it is stored once; a new UUIDv7 unless given."),
    ]
    source: Annotated[
        str | None, _text("--source", "CloudEvents source; the sending app unless given.", metavar="URI")
    ]
    source_app: Annotated[
        str | None, _text("--source-app", "The sending app; cli unless given.", metavar="APP")
    ]
    type: Annotated[
        str | None, _text("--type", "What kind of message it is; crossdock.message unless given.")
    ]
    subject: Annotated[str | None, _text("--subject", "What it is about.")]
    time: Annotated[
        datetime | None, _instant("--time", "When it happened; now unless given.", panel=_ENVELOPE)
    ]
    datacontenttype: Annotated[str | None, _text("--content-type", "Media type of the data.")]
    dataschema: Annotated[str | None, _text("--data-schema", "URI of the schema of the data.", metavar="URI")]
    correlation_id: Annotated[str | None, _text("--correlation-id", "Of the exchange that it belongs to.")]
    traceparent: Annotated[str | None, _text("--traceparent", "W3C Trace Context.")]
    extensions: _Extensions
    priority: _Priority
    delay: Annotated[timedelta | None, _duration("--delay", "Deliver after this long.", panel=_DELIVERY)]
    available_at: Annotated[datetime | None, _instant("--available-at", "Deliver from then on.")]
    expires_at: Annotated[datetime | None, _instant("--expires-at", "Do not deliver later than this.")]
    partition_key: Annotated[
        str | None,
        _text(
            "--partition-key",
            "Messages of one key are handled one after the other, in order.",
            panel=_DELIVERY,
        ),
    ]

    def given(self) -> dict[str, Any]:
        """Return the options that were given, as ``Queue.send`` takes them."""
        options = {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}
        if "extensions" in options:
            options["extensions"] = inputs.extensions(options["extensions"])
        return options


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryOptions:
    """A retry policy for the messages sent."""

    max_attempts: _MaxAttempts
    backoff: _Backoff
    time_budget: Annotated[
        timedelta | None,
        _duration("--time-budget", "Begin no retry later than this after the send.", panel=_RETRIES),
    ]
    jitter: _Jitter

    def over(self, base: RetryPolicy) -> RetryPolicy | None:
        """Return the app's policy with what was given instead, or None if nothing was."""
        from crossdock.config.model import RetryTable

        given = {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}
        if self.backoff is not None:
            given["backoff"] = (self.backoff.first, self.backoff.last)
        return RetryTable.model_construct(**given).over(base) if given else None
