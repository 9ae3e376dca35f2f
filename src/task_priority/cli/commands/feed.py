"""``task-priority feed``: the address at which calendars subscribe to the plan."""

from __future__ import annotations

from typing import Annotated

import typer

from crossdock.command import described, hint, new_command, say, tell
from task_priority.cli.session import Session

app = new_command()


@app.command(**described("task-priority feed", "task-priority feed --reset"))
def feed(
    *,
    reset: Annotated[
        bool, typer.Option("--reset", help="Make another address; the old one leads nowhere.")
    ] = False,
) -> None:
    """Print the address at which a calendar application subscribes to the plan; the first call makes it.

    Whoever knows the address may read the plan, so keep it to yourself. It is served while task-priority run runs.
    """
    from task_priority.api_address import address_of
    from task_priority.feed_secret import FeedSecret

    home = Session().home
    home.make()
    secret = FeedSecret(home)
    known = None if reset else secret.text()
    say(address_of(home, f"/plan/{known or secret.make()}.ics"))
    if reset:
        tell("calendars that had the old address are shut out")
    hint("served while task-priority run is running")
