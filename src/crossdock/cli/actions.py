"""What operators did to a queue, as a table for people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli.human import ago, printable
from crossdock.cli.terminal import Column, say_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.domain.record import TimelineEntry

LogAppArgument = Annotated[
    str | None, typer.Argument(metavar="APP", help="Whose queue; the reloads unless given.")
]
LogLimitOption = Annotated[
    int, typer.Option("--limit", "-n", metavar="COUNT", min=1, help="At most so many.")
]


def say_actions(entries: Sequence[TimelineEntry]) -> None:
    """Print when, what, who, and the facts of each."""
    now = datetime.now(UTC)
    columns = [Column("TIME"), Column("EVENT"), Column("WHO"), Column("WHAT", shrinks=True)]
    rows = [
        [ago(entry.at, now), entry.event, printable(entry.who or ""), printable(_what(entry))]
        for entry in entries
    ]
    say_table(columns, rows, empty="no operator did anything to it")


def _what(entry: TimelineEntry) -> str:
    return " ".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in entry.details.items()
    )
