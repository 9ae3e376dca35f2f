"""``crossdock worker``: one process that works for the apps of the configuration."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from crossdock.cli import inputs
from crossdock.cli.exit_codes import code_of
from crossdock.cli.help import described, new_command
from crossdock.cli.options import with_session
from crossdock.cli.session import Session

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
    from crossdock.app.worker import WorkerEnded, run_worker
    from crossdock.monitoring.logs import set_up
    from crossdock.monitoring.settings import LogSettings

    session.store_name  # noqa: B018 - refuses a store in memory
    set_up(LogSettings.of(session.loaded, "worker"))
    within = drain or session.loaded.config.run.drain
    try:
        run_worker(session.loaded, apps or [], drain=within, until_eof=until_eof)
    except WorkerEnded as ended:
        raise typer.Exit(code_of(ended.error)) from ended
