"""The one folder in which everything of an owner is: settings, store, credentials and files."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from task_priority.settings_file import template

HOME_VARIABLE: Final = "TASK_PRIORITY_HOME"
_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_CONFIGURATION: Final = """\
# The hub of Task Priority Lite: a configuration of Crossdock. "task-priority run" runs it; so does
# "crossdock run --config" with this file. Every key of Crossdock may stand here.

[store]
url = "sqlite:///crossdock.db"    # relative to this folder

[api]                             # the REST API, on this machine alone
# port = 8765

[applications.task-priority]      # pulls the connected sources, writes changes back, and keeps the files up to date
home = {home}

[schedules.task-files]            # how often the files are renewed, if anything has changed
every = "5m"
data = {{}}
"""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder and what is where in it.

    Attributes:
        folder: Readable by its owner alone.
    """

    folder: Path

    @classmethod
    def of_owner(cls) -> Home:
        """Return the folder that ``TASK_PRIORITY_HOME`` names, else ``~/.task-priority``."""
        named = os.environ.get(HOME_VARIABLE)
        return cls(Path(named).absolute() if named else Path.home() / ".task-priority")

    @property
    def configuration(self) -> Path:
        """The configuration of the hub."""
        return self.folder / "crossdock.toml"

    @property
    def settings(self) -> Path:
        """Weights, hours and rules."""
        return self.folder / "settings.toml"

    @property
    def connections(self) -> Path:
        """Which sources are connected."""
        return self.folder / "sources.json"

    @property
    def files(self) -> Path:
        """What is written for applications that read files."""
        return self.folder / "files"

    @property
    def store(self) -> Path:
        """The store, as the configuration names it unless somebody changed that."""
        return self.folder / "crossdock.db"

    def make(self) -> None:
        """Make the folder and the files that a person may change; what is there already is kept."""
        self.folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        self.folder.chmod(_FOLDER_MODE)
        _write_new(self.configuration, _CONFIGURATION.format(home=json.dumps(str(self.folder))))
        _write_new(self.settings, template())


def _write_new(file: Path, text: str) -> None:
    """Write a file unless there is one."""
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FILE_MODE)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write(text)
