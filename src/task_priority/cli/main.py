"""Where the command ``task-priority`` begins: the version at once, everything else through Crossdock's rim."""

from __future__ import annotations

import os
import sys

from crossdock import __version__

_ASKS_VERSION = (["--version"], ["version"])


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    arguments = sys.argv[1:]
    if arguments in _ASKS_VERSION:  # answered before anything that takes time is imported
        sys.stdout.write(f"task-priority {__version__}\n")
        return
    from crossdock.command import Program, run

    program = Program(
        "task-priority",
        "Task Priority Lite",
        "task_priority.cli.application",
        extra="crossdock[task-priority]",
    )
    code = run(arguments, program)
    os._exit(code)  # everything is closed and written; see crossdock.cli.main
