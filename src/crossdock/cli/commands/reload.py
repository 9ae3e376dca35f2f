"""``crossdock reload``: lets every process that works by the configuration apply it as it is now."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli import inputs
from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.help import described, new_command
from crossdock.cli.human import counted
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.reloading import await_all
from crossdock.cli.session import Session
from crossdock.cli.terminal import say, say_json, tell

if TYPE_CHECKING:
    from crossdock.domain.record import HubProcess

app = new_command()


@app.command(**described("crossdock reload", "crossdock reload --wait 2m"))
@with_session
def reload(
    session: Session,
    *,
    wait: Annotated[
        timedelta,
        typer.Option(
            "--wait", metavar="DURATION", help="Wait so long for all of them.", parser=inputs.duration
        ),
    ] = "30s",  # type: ignore[assignment]  # read by the parser
    json: JsonOption = False,
) -> None:
    """Let every worker of the store apply the configuration as it is now, and wait until all have.

    Each reads it again between two messages; what is in work ends as it began. One that finds it wrong goes on as
    before. SIGHUP to a worker, or to run, asks for the same.
    """
    from crossdock.app.configured import registrations
    from crossdock.app.worker import ask_for_reload, processes_of

    registrations(session.loaded)  # tells what is wrong before anybody is asked
    with session.queue() as queue:
        generation = ask_for_reload(queue)
        await_all(queue, generation, wait)
        processes = processes_of(queue)
    if json:
        say_json({"generation": generation, "processes": [asdict(one) for one in processes]})
    else:
        _say(processes, generation, wait)
    if any(one.problem or one.generation < generation for one in processes):
        raise typer.Exit(ExitCode.FAILED)


def _say(processes: list[HubProcess], generation: int, wait: timedelta) -> None:
    if not processes:
        tell("no process works by a configuration of this store; the next one will read it when it starts")
        return
    done = 0
    for one in processes:
        name = f"process {one.pid} on {one.host} ({one.owner.rpartition('/')[0]})"
        if one.generation < generation:
            tell(
                f"{name} has not applied it within {wait.total_seconds():g} s: a handler may still be at work"
            )
        elif one.problem:
            tell(f"{name}: {one.problem}")
        else:
            done += 1
    say(f"{done} of {counted(len(processes), 'worker')} applied generation {generation} of the configuration")
