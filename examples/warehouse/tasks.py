"""Task Priority Lite in the hub of this example: whose tasks it ranks, and how its command is called."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from place import STORE_URL, TASKS_HOME, program

from crossdock import ConfigError
from task_priority.connections import Connections
from task_priority.credentials import KEY_RING_VARIABLE
from task_priority.home import HOME_VARIABLE, Home
from task_priority.sandbox import Sandbox
from task_priority.settings_file import system_zone
from task_priority.trying import connect_sandbox

_APPLICATION = """
# What to do next, from Todoist and calendars: its exporters, and what it adds to the REST API.
[applications.task-priority]
home = {home}
"""
_FILES = """
[schedules.task-files]    # the list and the plan as files, renewed if anything has changed
every = "5m"
data = {}
"""
_CONFIGURATION = """\
# The hub of examples/warehouse has the store; "make run" runs it.
[store]
url = {url}
"""
_MEANT = {
    "ICS": "give a calendar file (.ics) or a folder of them: make run ICS=my.ics",
    "CSV": "give what Todoist calls “Export as CSV”, or a folder of it: make run CSV=my.csv",
}


@dataclass(frozen=True, slots=True)
class Tasks:
    """Whose tasks are ranked.

    Attributes:
        home: Names the sources. In that of the reader nothing changes but sign-ins that are renewed.
        whose: In words.
    """

    home: Home
    whose: str

    @property
    def are_connected(self) -> bool:
        """Whether they come from what the reader has connected."""
        return self.home.folder != TASKS_HOME

    @property
    def configuration(self) -> str:
        """What is added to the configuration of the hub."""
        application = _APPLICATION.format(home=json.dumps(str(self.home.folder)))
        return application if self.are_connected else application + _FILES

    def environment(self) -> dict[str, str]:
        """Return the variables for the hub: no settings of another hub, and no real token for the sandbox."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")}
        kept[HOME_VARIABLE] = str(self.home.folder)
        if not self.are_connected:
            kept.pop("TODOIST_API_TOKEN", None)
            kept[KEY_RING_VARIABLE] = "off"
        return kept

    def command(self, *arguments: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
        """Call task-priority with the store of the hub; quiet: what it says is returned, and not shown."""
        sys.stdout.flush()
        return subprocess.run(  # noqa: S603 - our own command
            [program("task-priority"), *arguments],
            env={**self.environment(), "CROSSDOCK_STORE__URL": STORE_URL},
            stdin=subprocess.DEVNULL,
            capture_output=quiet,
            text=True,
            check=False,
        )


@contextmanager
def chosen_tasks(calendar: str, backup: str) -> Iterator[Tasks]:
    """Choose whose tasks are ranked: those of files that are given, else of connected accounts, else of the sandbox.

    Args:
        calendar: An iCalendar file, or a folder of them; empty: none.
        backup: What Todoist has exported; empty: nothing.

    Raises:
        ConfigError: A file is not there, or cannot be read.
    """
    owner = Home.of_owner()
    if calendar or backup:
        yield _of_files(calendar, backup)
    elif owner.folder != TASKS_HOME and Connections(owner.connections).all():
        yield Tasks(owner, f"yours, from what is connected in {owner.folder}")
    else:
        with Sandbox(timezone=str(system_zone())) as sandbox:
            yield _of_sandbox(sandbox)


def _of_files(calendar: str, backup: str) -> Tasks:
    given = {
        name: (kind, Path(path).expanduser().absolute())
        for name, kind, path in (("ICS", "ics", calendar), ("CSV", "csv", backup))
        if path
    }
    for name, (_, path) in given.items():
        if not path.exists():
            raise ConfigError(f"{name}={path}: there is no such file; {_MEANT[name]}")
    tasks = Tasks(_new_home(), f"yours, from {' and '.join(path.name for _, path in given.values())}")
    for name, (kind, path) in given.items():
        _connect(tasks, kind, path, name)
    return tasks


def _connect(tasks: Tasks, kind: str, path: Path, name: str) -> None:
    """Connect a file, and make sure that something of it could be read."""
    done = tasks.command("connect", kind, str(path), quiet=True)
    if done.returncode:
        raise ConfigError(f"{name}={path}: {_said(done)}; {_MEANT[name]}")
    sources = json.loads(tasks.command("sources", "--json", quiet=True).stdout)
    reasons = [one["reason"] for one in sources["unread"] if one["kind"] == "files"]
    if reasons and path.is_file():
        raise ConfigError(f"{name}={path}: {reasons[0]}; {_MEANT[name]}")


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stderr.strip().removeprefix("task-priority: ")


def _of_sandbox(sandbox: Sandbox) -> Tasks:
    """Connect the sandbox, and fetch all: it has been made anew, so what an earlier one was asked is of no use."""
    tasks = Tasks(_new_home(), f"those of a made-up account, which the sandbox serves at {sandbox.url}")
    connect_sandbox(tasks.home, sandbox)
    done = tasks.command("sync", "--full", quiet=True)
    if done.returncode:
        raise ConfigError(f"the sandbox could not be asked: {_said(done)}")
    return tasks


def _new_home() -> Home:
    """Return the home of this example with nothing connected; its settings are kept."""
    home = Home(TASKS_HOME)
    home.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.configuration.write_text(_CONFIGURATION.format(url=json.dumps(STORE_URL)), encoding="utf-8")
    home.connections.unlink(missing_ok=True)
    shutil.rmtree(home.folder / "credentials", ignore_errors=True)
    return home
