"""``task-priority run``: the hub with the application."""

from __future__ import annotations

import os
import sys

from crossdock.command import described, new_command
from task_priority.cli.session import Session
from task_priority.home import HOME_VARIABLE

app = new_command()


@app.command(**described("task-priority run"))
def run() -> None:
    """Keep everything up to date until Ctrl-C: fetch, write back, renew the files, and serve the REST API.

    It is 'crossdock run' with the configuration in your home; every command of crossdock works there, too, with
    --config.
    """
    home = Session().home
    home.make()
    os.environ[HOME_VARIABLE] = str(home.folder)
    words = [sys.executable, "-m", "crossdock", "run", "--config", str(home.configuration)]
    sys.stdout.flush()
    os.execv(sys.executable, words)  # noqa: S606 - it takes the place of this process, and all signals are its own
