"""``crossdock worker``: one process that works for the apps of the configuration."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Annotated

import typer

from crossdock.cli import inputs
from crossdock.cli.help import described, new_command
from crossdock.cli.options import with_session
from crossdock.cli.session import Session
from crossdock.cli.terminal import tell

app = new_command()

AppsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[APP]...", help="Only these; all that have a handler unless given."),
]
DrainOption = Annotated[
    timedelta | None,
    typer.Option(
        "--drain", metavar="DURATION", help="End within this time, not run.drain.", parser=inputs.duration
    ),
]


@app.command(**described("crossdock worker", "crossdock worker validator warehouse --drain 30s"))
@with_session
def worker(
    session: Session,
    apps: AppsArgument = None,
    *,
    drain: DrainOption = None,
    until_eof: Annotated[bool, typer.Option("--until-eof", hidden=True)] = False,
) -> None:
    """Work for the apps that have a handler in the configuration, until SIGTERM or Ctrl-C.

    What is in work may then end; what is unfinished when the time is over is handed back, no attempt spent.
    """
    from crossdock.app.worker import run_worker

    session.store_name  # noqa: B018 - refuses a store in memory
    run_worker(
        session.loaded,
        apps or [],
        drain=drain or session.loaded.config.run.drain,
        until_eof=until_eof,
        began=lambda names: tell(f"process {os.getpid()} works for {', '.join(names)}"),
    )
