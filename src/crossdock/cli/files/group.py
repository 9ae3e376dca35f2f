"""The group that the commands of ``crossdock file`` belong to."""

from __future__ import annotations

from typing import Final

from crossdock.cli.help import new_group

app: Final = new_group("Exchange files with other programs: whole or not there, each with its manifest.")
