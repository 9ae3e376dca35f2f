"""``task-priority disconnect``: forgets a source and its credentials."""

from __future__ import annotations

from typing import Annotated

import typer

from crossdock.command import ExitCode, Refusal, described, new_command, say
from task_priority.cli.connecting import tell_hub
from task_priority.cli.session import Session

app = new_command()


@app.command(**described("task-priority disconnect todoist"))
def disconnect(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="todoist, google, ics or csv, or a name that sources shows."),
    ],
) -> None:
    """Disconnect a source: it is asked no more, and its credentials are removed from this machine.

    What was fetched stays in the store, where nothing looks at it; at the service nothing is changed.
    """
    from task_priority.connections import Connections
    from task_priority.sources import CONNECTED_AS, CREDENTIALS_OF, Sources

    session = Session()
    connections = Connections(session.home.connections)
    names = CONNECTED_AS.get(source, (source,))
    removed = [name for name in names if connections.remove(name)]
    if not removed:
        connected = ", ".join(connections.all()) or "none"
        raise Refusal(f"{source!r} is not connected; connected: {connected}", ExitCode.NOT_FOUND)
    needed = {CREDENTIALS_OF.get(name) for name in connections.all()}
    with Sources(session.home) as sources:
        for credential in {CREDENTIALS_OF[name] for name in removed if name in CREDENTIALS_OF} - needed:
            sources.credentials().forget(credential)
    with session.queue() as queue:
        tell_hub(queue)
    say(f"disconnected {', '.join(removed)}")
