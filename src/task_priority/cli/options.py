"""The options that commands share: from what is looked at, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

FullOption = Annotated[bool, typer.Option("--full", help="Ask for everything anew, whatever is known.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, with stable keys.")]
TaskArgument = Annotated[
    str,
    typer.Argument(
        metavar="TASK", help="Its id or the beginning of it, its place in the list, or words of its title."
    ),
]


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no instant such as 2026-11-27T09:00 (in the zone of this machine) or 2026-11-27T09:00Z"
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """What is looked at: the connected sources unless something is said."""

    ics: Annotated[
        list[Path] | None,
        typer.Option(
            "--ics", metavar="FILE", help="A calendar file, instead of what is connected; repeated."
        ),
    ]
    csv: Annotated[
        list[Path] | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="A CSV export or a JSON backup of Todoist, instead of what is connected; repeated.",
        ),
    ]
    sandbox: Annotated[
        bool,
        typer.Option("--sandbox", help="A demo account made for this call, instead of what is connected."),
    ]
    now: Annotated[
        datetime | None,
        typer.Option("--now", metavar="INSTANT", parser=_instant, help="Judge as if it were then."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How it is shown: for a person unless something is said."""

    json: Annotated[bool, typer.Option("--json", help="Print JSON, with stable keys.")]
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")]
