"""Task Priority Lite as an application of a hub: its exporters, its writer, and the files that it keeps up to date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from task_priority.home import Home

if TYPE_CHECKING:
    from crossdock import Hub, Message
    from task_priority.overview import Overview

FILES: Final = "task-files"
"""The app whose messages renew the files."""
SYNC_EVERY: Final = timedelta(minutes=5)
_KEYS: Final = ("home",)


class TaskPriority:
    """Joins a hub by ``[applications.task-priority]``; ``home`` there names its folder."""

    def check(self, table: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Say what is wrong with the table."""
        for key in table:
            if key not in _KEYS:
                yield key, f"unknown key; known here: {', '.join(_KEYS)}"
        home = table.get("home", "")
        if not isinstance(home, str):
            yield "home", f'expected a folder, such as "~/.task-priority", given {home!r}'

    def register(self, hub: Hub, table: Mapping[str, Any]) -> None:
        """Add an exporter for each connected source, the writer of Todoist, and what renews the files."""
        from task_priority.asked import WRITER  # noqa: PLC0415 - a hub alone needs it
        from task_priority.sources import TODOIST, Sources  # noqa: PLC0415 - likewise

        home = home_of(table)
        sources = Sources(home)
        for exporter in sources.exporters():
            hub.exporter(exporter, every=SYNC_EVERY)
        if TODOIST in sources.names():

            def write(message: Message) -> Any:  # noqa: ANN401 - any JSON value
                return sources.todoist_writer(hub.queue)(message)

            hub.app(WRITER)(write)
        hub.app(FILES)(lambda _message: renew_files(home, hub))

    def operations(self, table: Mapping[str, Any]) -> Sequence[Any]:
        """Return what is added to the REST API."""
        from task_priority.api import operations_of  # noqa: PLC0415 - the process of the API alone needs it

        return operations_of(home_of(table))


def home_of(table: Mapping[str, Any]) -> Home:
    """Return the home that a table names, else the owner's."""
    named = table.get("home")
    return Home(Path(named).expanduser()) if named else Home.of_owner()


def overview_of(home: Home, hub: Hub) -> Overview:
    """Look at what is stored, at this moment."""
    from task_priority.changes import Changes  # noqa: PLC0415 - a hub alone needs it
    from task_priority.looking import look  # noqa: PLC0415 - likewise
    from task_priority.settings_file import read  # noqa: PLC0415 - likewise
    from task_priority.sources import Sources  # noqa: PLC0415 - likewise

    with Sources(home) as sources:
        pending = Changes(hub.queue, hub.exports).pending()
        return look(sources.stored(hub.exports, pending), read(home.settings), datetime.now(UTC), pending)


def renew_files(home: Home, hub: Hub) -> Mapping[str, Any]:
    """Write the files of which something has changed; return where they are."""
    from task_priority.files import write_files  # noqa: PLC0415 - a hub alone needs it

    return {"files": [str(path) for path in write_files(overview_of(home, hub), home.files)]}


APPLICATION: Final = TaskPriority()
