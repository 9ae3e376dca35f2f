"""``crossdock version``: the same as ``--version``."""

from __future__ import annotations

from crossdock._version import __version__
from crossdock.cli.help import described, new_command
from crossdock.cli.terminal import say

app = new_command()


@app.command(**described("crossdock version"))
def version() -> None:
    """Print the version."""
    say(f"crossdock {__version__}")
