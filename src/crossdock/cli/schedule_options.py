"""The options of ``crossdock schedule add`` and ``set``: when, and how each message is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from crossdock.cli import inputs
from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.refusal import Refusal

_WHEN: Final = "When"
_EACH: Final = "Each message"


class MissedRule(StrEnum):
    """What becomes of slots that nobody was there to send."""

    LATEST = "latest"
    ALL = "all"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingOptions:
    """When a schedule sends."""

    cron: Annotated[
        str | None,
        typer.Option(
            "--cron",
            metavar="EXPRESSION",
            help="Minute, hour, day of month, month and day of week, as in '0 7 * * 1-5'.",
            rich_help_panel=_WHEN,
        ),
    ]
    every: Annotated[
        timedelta | None,
        typer.Option(
            "--every",
            metavar="DURATION",
            help="The time between two messages.",
            rich_help_panel=_WHEN,
            parser=inputs.duration,
        ),
    ]
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at", metavar="INSTANT", help="Once, then.", rich_help_panel=_WHEN, parser=inputs.moment
        ),
    ]
    timezone: Annotated[
        str | None,
        typer.Option(
            "--timezone",
            metavar="ZONE",
            help="Whose clocks --cron means, as in Europe/Paris; UTC unless given.",
            rich_help_panel=_WHEN,
        ),
    ]
    start: Annotated[
        datetime | None,
        typer.Option(
            "--start",
            metavar="INSTANT",
            help="Nothing before then; --every counts from it.",
            rich_help_panel=_WHEN,
            parser=inputs.moment,
        ),
    ]
    missed: Annotated[
        MissedRule | None,
        typer.Option(
            "--missed",
            help="Slots that nobody was there to send: the last of them late (unless given), all, or none.",
            rich_help_panel=_WHEN,
        ),
    ]

    def when(self) -> str | timedelta | datetime | None:
        """Return the one of ``--cron``, ``--every`` and ``--at`` that was given.

        Raises:
            Refusal: Several were.
        """
        given = [value for value in (self.cron, self.every, self.at) if value is not None]
        if len(given) > 1:
            raise Refusal("give one of --cron, --every and --at", ExitCode.USAGE)
        return given[0] if given else None

    def rest(self) -> dict[str, Any]:
        """Return what else was given, as the queue takes it."""
        options = {"timezone": self.timezone, "start": self.start}
        found = {name: value for name, value in options.items() if value is not None}
        return found | ({} if self.missed is None else {"missed": self.missed.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class EachOptions:
    """What each message of a schedule says of itself; the names are those of ``Queue.send``."""

    type: Annotated[
        str | None,
        typer.Option("--type", metavar="TEXT", help="What kind of message it is.", rich_help_panel=_EACH),
    ]
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="TEXT", help="What it is about.", rich_help_panel=_EACH),
    ]
    priority: Annotated[
        int | None,
        typer.Option(
            "--priority",
            "-p",
            metavar="0-9",
            min=0,
            max=9,
            help="9 is claimed first; 4 unless given.",
            rich_help_panel=_EACH,
        ),
    ]
    partition_key: Annotated[
        str | None,
        typer.Option(
            "--partition-key",
            metavar="TEXT",
            help="Messages of one key are handled one after the other, in order.",
            rich_help_panel=_EACH,
        ),
    ]

    def given(self) -> dict[str, Any]:
        """Return the options that were given, as ``Queue.send`` takes them."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}
