"""Where the command ``crossdock`` begins: the version at once, everything else through the rim."""

from __future__ import annotations

import os
import sys

from crossdock._version import __version__

_ASKS_VERSION = (["--version"], ["version"])


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    arguments = sys.argv[1:]
    if arguments in _ASKS_VERSION:  # answered before anything that takes time is imported
        sys.stdout.write(f"crossdock {__version__}\n")
        return
    from crossdock.cli.rim import run

    code = run(arguments)
    # Everything is closed and written. Taking hundreds of modules apart one by one would cost a tenth of the
    # time of a send, for nothing: the end of the process does it at once.
    os._exit(code)
