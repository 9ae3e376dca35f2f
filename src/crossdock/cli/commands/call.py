"""``crossdock call``: ask an app, and print its answer."""

from __future__ import annotations

import json as json_module
from datetime import timedelta
from typing import Annotated, Final

import typer

from crossdock.cli import inputs
from crossdock.cli.help import described, new_command
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.send_options import EnvelopeOptions
from crossdock.cli.session import Session
from crossdock.cli.terminal import say, say_json

app = new_command()

_TIMEOUT: Final = timedelta(seconds=30)


@app.command(
    **described(
        """crossdock call enricher '{"order": 17}'""",
        "crossdock call enricher @order.json --timeout 5m",
        """crossdock call enricher '{"order": 17}' --json | jq .customer""",
    )
)
@with_session
def call(  # noqa: PLR0913 - one option for each way to ask
    session: Session,
    app: Annotated[str, typer.Argument(metavar="APP", help="Whom to ask.")],
    data: Annotated[str, typer.Argument(metavar="DATA|@FILE", help="JSON; @FILE: JSON from a file.")],
    *,
    envelope: EnvelopeOptions,
    timeout: Annotated[
        timedelta | None,
        typer.Option(
            "--timeout", metavar="DURATION", help="Wait so long; 30s unless given.", parser=inputs.duration
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Send a message to an app, wait until it is completed, and print what the app answered, as JSON.

    The answer goes to the apps that follow besides. If no answer comes in time, a message that nobody works on is
    withdrawn, and the exit code is 6; if the message becomes a dead letter, it is 1.
    """
    with session.new_queue() as queue:
        answer = queue.call(app, inputs.document(data), timeout=timeout or _TIMEOUT, **envelope.given())
    if json:
        say_json(answer)
    else:
        say(json_module.dumps(answer, ensure_ascii=False, indent=2))
