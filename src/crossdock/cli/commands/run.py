"""``crossdock run``: worker processes that are kept alive, and the housekeeping."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli.commands.worker import AppsArgument, DrainOption
from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.help import described, new_command
from crossdock.cli.options import with_session
from crossdock.cli.session import Session

app = new_command()


@app.command(**described("crossdock run", "crossdock run --workers 4"))
@with_session
def run(
    session: Session,
    apps: AppsArgument = None,
    *,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", "-w", metavar="COUNT", min=1, help="So many processes, instead of run.workers."
        ),
    ] = None,
    drain: DrainOption = None,
) -> None:
    """Keep worker processes alive, and the API if there is a table [api], until SIGTERM or Ctrl-C.

    One that dies is started again, later each time; what it held goes back to its queues within a second.
    """
    from crossdock.app.examining import examining
    from crossdock.app.signals import on_hangup, until_signalled
    from crossdock.app.worker import Custody, ask_for_reload
    from crossdock.app.workload import Workload
    from crossdock.monitoring.logs import set_up
    from crossdock.monitoring.settings import LogSettings
    from crossdock.ports.notice import LogNotice
    from crossdock.supervisor.runner import ALWAYS, Supervisor

    config = session.loaded.config
    within = drain or config.run.drain
    session.store_name  # noqa: B018 - refuses a store in memory
    set_up(LogSettings.of(session.loaded, "run"))
    with session.open() as queue:  # its housekeeper takes back what the dead and the blocked held
        # With the API there may be nothing to do yet, or any more; without it that is a mistake, and told.
        waits = config.serves_api and not apps
        supervisor = Supervisor(
            _command(session, apps or [], within),
            workers or config.run.workers,
            drain=within,
            notice=LogNotice(),
            custody=Custody(queue),
            demand=Workload(queue, session.loaded) if waits else ALWAYS,
            others={"api": _api_command(session, within)} if config.serves_api else {},
            fatal=frozenset({ExitCode.CONFIG, ExitCode.USAGE}),
        )
        with examining(queue, config.run.examine_at) as end_examining:
            stop = partial(_each, end_examining, supervisor.stop)
            with until_signalled(stop), on_hangup(partial(ask_for_reload, queue)):
                code = supervisor.run()
    if code:
        raise typer.Exit(code)


def _each(*stops: Callable[[], None]) -> None:
    for stop in stops:
        stop()


def _command(session: Session, apps: list[str], drain: timedelta) -> list[str]:
    """Return what starts a worker with the same configuration."""
    return [*_child(session, "worker", drain), *apps]


def _api_command(session: Session, drain: timedelta) -> list[str]:
    """Return what starts the API with the same configuration."""
    return _child(session, "api", drain)


def _child(session: Session, command: str, drain: timedelta) -> list[str]:
    from crossdock.config.values import format_duration

    loaded = session.loaded
    config = [] if loaded.file is None else ["--config", str(Path(loaded.file).resolve())]
    store = ["--store", loaded.store_url] if loaded.origin("store", "url") == "--store" else []
    words = ["--until-eof", "--drain", format_duration(drain)]
    return [sys.executable, "-m", "crossdock", command, *words, *config, *store]
