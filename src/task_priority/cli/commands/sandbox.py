"""``task-priority sandbox``: Todoist and Google on this machine, with a demo account."""

from __future__ import annotations

import json
import shlex
import signal
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from crossdock.command import described, flush, new_command, say
from task_priority.cli.session import Session

if TYPE_CHECKING:
    from task_priority.sandbox import Sandbox

app = new_command()
_PORT: Final = 8790


@app.command(
    **described("task-priority sandbox", "task-priority sandbox --client client.json --state sandbox.json")
)
def sandbox(
    *,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="0: any that is free.")
    ] = _PORT,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            metavar="FILE",
            help="Keep the accounts in it, and who was let in; forgotten at the end unless given.",
        ),
    ] = None,
    client: Annotated[
        Path | None,
        typer.Option(
            "--client", metavar="FILE", help="Write the OAuth client there that connect google needs."
        ),
    ] = None,
) -> None:
    """Serve the APIs of Todoist, Google Calendar and Google Tasks on this machine, with a demo account, until Ctrl-C.

    'task-priority demo' shows such an account with one command, without a server.
    """
    from task_priority.sandbox import serve

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    zone = str(Session().settings().zone)
    serve(port, timezone=zone, state=state, started=partial(_tell, client=client), stop=ended)


def _tell(served: Sandbox, client: Path | None) -> None:
    say(
        f"The sandbox answers at {served.url} until Ctrl-C. Connect it from another terminal, in a home of its own:"
    )
    say("  export TASK_PRIORITY_HOME=$(mktemp -d)")
    say(f"  echo {served.token} | task-priority connect todoist --base {served.todoist_url}")
    if client is not None:
        client.write_text(json.dumps(served.google_client()), encoding="utf-8")
        there = shlex.quote(str(client.absolute()))  # the other terminal may be in another folder
        say(f"  task-priority connect google --client {there} --base {served.url}")
    say("  task-priority today")
    flush()
