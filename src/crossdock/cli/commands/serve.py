"""``crossdock serve``: Crossdock as a child of a program in any language."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Annotated

import typer

from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.help import described, new_command
from crossdock.cli.options import with_session
from crossdock.cli.refusal import Refusal
from crossdock.cli.session import Session

app = new_command()


@app.command(**described("crossdock serve --stdio"))
@with_session
def serve(
    session: Session,
    *,
    stdio: Annotated[
        bool, typer.Option("--stdio", help="Over standard input and output; there is no other way yet.")
    ] = False,
) -> None:
    """Serve the program that has started this command: JSON-RPC 2.0, a frame in each line.

    The program sends, claims, settles and calls in any language. Standard output carries frames only, standard error
    what a person should know. When standard input ends, what is claimed is handed back, and the command ends.
    """
    if not stdio:
        raise Refusal("say over what to serve: --stdio", ExitCode.USAGE)
    asyncio.run(_serve(session))


async def _serve(session: Session) -> None:
    from crossdock import AsyncQueue
    from crossdock.cli.stdio.methods import SENDER
    from crossdock.cli.stdio.server import Server

    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever prints, frames stay alone
    async with AsyncQueue.from_config(session.loaded, app=SENDER) as queue:
        await Server(queue, sys.stdin.buffer, sink).run()
