"""Which exporter stands behind each source, and how what it finds is read; nobody else knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeAlias, runtime_checkable

from crossdock import ConfigError, PermanentError
from task_priority.connections import Connections
from task_priority.overview import Change, Pending, SourceState
from task_priority.reading import Objects, Reading, Unread, Window

if TYPE_CHECKING:
    from crossdock import Message, Queue
    from crossdock.exporting import Exporter, Exports, ObjectSetAside, SetAside
    from task_priority.credentials import Credentials
    from task_priority.home import Home

CONNECTED_AS: Final[Mapping[str, tuple[str, ...]]] = {
    "todoist": ("todoist",), "google": ("google-calendar", "google-tasks"), "ics": ("ics",), "csv": ("todoist-backup",),
}  # fmt: skip
"""The sources behind each word of ``task-priority connect``."""


@runtime_checkable
class Triable(Protocol):
    """An exporter that can tell with one small question whether its credentials work."""

    def try_out(self) -> None:
        """Ask it.

        Raises:
            DeliveryError: They do not, or the service does not answer.
        """


Read: TypeAlias = Callable[[Objects, Window], Reading]

TODOIST: Final = "todoist"
TODOIST_WEBHOOK: Final = "todoist-webhook"
"""Under this name the secret of its webhooks is kept."""
GOOGLE_CALENDAR: Final = "google-calendar"
GOOGLE_TASKS: Final = "google-tasks"
ICS: Final = "ics"
BACKUP: Final = "todoist-backup"
CREDENTIALS_OF: Final[Mapping[str, str]] = {
    TODOIST: "todoist", GOOGLE_CALENDAR: "google", GOOGLE_TASKS: "google", ICS: "ics",
}  # fmt: skip
"""Under which name the credentials of a source are kept, if it has any."""
_TASKS: Final = "tasks"


class Sources:
    """The sources that are connected in a home, and their exporters. To be closed, or used in a ``with`` statement.

    Args:
        home: Where it is said which are, and where their credentials are.
        tried: Credentials by their names, to be used instead of those that are kept.
    """

    def __init__(self, home: Home, *, tried: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._home = home
        self._tried = tried or {}
        self._credentials: Credentials | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the connections of the exporters."""
        self._open.close()

    def names(self) -> list[str]:
        """Return the names of the connected sources."""
        return list(self._connections())

    def exporters(self) -> Iterator[Exporter]:
        """Give an exporter for each connected source.

        Raises:
            ConfigError: A source is connected that this version does not know.
        """
        for name, options in self._connections().items():
            yield self.exporter(name, options)

    def exporter(self, name: str, options: Mapping[str, Any]) -> Exporter:
        """Return the exporter of a source.

        Args:
            name: Of the source, connected or not.
            options: What is said of it.

        Raises:
            ConfigError: This version knows no such source.
        """
        makers: Mapping[str, Callable[[Mapping[str, Any]], Exporter]] = {
            TODOIST: self._todoist,
            GOOGLE_CALENDAR: self._google_calendar,
            GOOGLE_TASKS: self._google_tasks,
            ICS: self._ics,
            BACKUP: self._backup,
        }
        if name not in makers:
            raise ConfigError(
                f"{self._home.connections}: {name}: there is no such source; known: {', '.join(makers)}. "
                f"Remove it: task-priority disconnect {name}"
            )
        return makers[name](options)

    def stored(self, exports: Exports, pending: Sequence[Pending] = ()) -> list[Stored]:
        """Return what is stored of each connected source.

        Args:
            exports: Have it.
            pending: A task that will be open again by one of these is among the others already.
        """
        back = [
            one.task.partition(":") for one in pending if one.change is Change.TAKEN_BACK and not one.given_up
        ]
        return [
            Stored(name, exports, [id for source, _, id in back if source == name]) for name in self.names()
        ]

    def credentials(self) -> Credentials:
        """Return the credentials of the home; if some are tried, with them."""
        from task_priority.credentials import TriedCredentials  # noqa: PLC0415 - slow to import, seldom needed

        if self._credentials is None:
            self._credentials = TriedCredentials(self._home.folder, self._tried)
        return self._credentials

    def todoist_writer(self, queue: Queue) -> Callable[[Message], Any]:
        """Return what hands changes over to Todoist.

        Args:
            queue: The exporter is told over it to look at what was changed.
        """
        from task_priority.exporters.todoist import TodoistWriter  # noqa: PLC0415 - only if something is changed

        return TodoistWriter(self.todoist_token, queue, **self._connections().get(TODOIST, {}))

    def todoist_token(self) -> str:
        """Return the token of Todoist; empty if there is none."""
        return str((self.credentials().load(TODOIST) or {}).get("token", ""))

    def todoist_webhook_secret(self) -> str:
        """Return what Todoist signs its webhooks with; empty if nobody said it."""
        return str((self.credentials().load(TODOIST_WEBHOOK) or {}).get("secret", ""))

    def _connections(self) -> Mapping[str, Mapping[str, Any]]:
        return Connections(self._home.connections).all()

    def _todoist(self, options: Mapping[str, Any]) -> Exporter:
        from task_priority.exporters.todoist import TodoistExporter  # noqa: PLC0415 - only if it is connected

        return TodoistExporter(self.todoist_token, **options)

    def _google_calendar(self, options: Mapping[str, Any]) -> Exporter:
        from task_priority.exporters.google import GoogleCalendarExporter  # noqa: PLC0415 - likewise

        return GoogleCalendarExporter(self.credentials(), self._asking(), **options)

    def _google_tasks(self, options: Mapping[str, Any]) -> Exporter:
        from task_priority.exporters.google import GoogleTasksExporter  # noqa: PLC0415 - likewise

        return GoogleTasksExporter(self.credentials(), self._asking(), **options)

    def _ics(self, _options: Mapping[str, Any]) -> Exporter:
        from task_priority.exporters.ics import IcsExporter, Source  # noqa: PLC0415 - likewise

        calendars = self.credentials().load(ICS) or {}
        return IcsExporter([Source(name, one["address"], one["private"]) for name, one in calendars.items()])

    def _backup(self, options: Mapping[str, Any]) -> Exporter:
        from task_priority.exporters.todoist_backup import TodoistBackupExporter  # noqa: PLC0415 - likewise

        return TodoistBackupExporter(Path(options["path"]), owner=options.get("owner"))

    def _asking(self) -> Any:  # noqa: ANN401 - imported there alone
        from task_priority.exporters.asking import Asking  # noqa: PLC0415 - likewise

        return self._open.enter_context(Asking())


@dataclass(frozen=True, slots=True)
class Stored:
    """A connected source, as it is stored.

    Attributes:
        taken_back: The ids of tasks that are there again, though they are stored as gone.
    """

    name: str
    exports: Exports
    taken_back: Sequence[str] = ()

    def state(self, window: Window) -> SourceState:
        """Read what is stored, and how fresh it is."""
        status = self.exports.status(self.name)
        if status is None:
            return SourceState(self.name, None)
        reading = reader_of(self.name)(self._objects(), window)
        aside = map(_unread, self.exports.set_aside(self.name))
        run = status.last_run
        return SourceState(
            self.name,
            status.fetched_at,
            problem=run.error if run is not None and run.outcome == "failed" else None,
            tasks=reading.tasks,
            events=reading.events,
            unread=[*aside, *reading.unread],
        )

    def _objects(self) -> Objects:
        objects = self.exports.all_objects(self.name)
        for id in self.taken_back:
            if (found := self.exports.object(self.name, _TASKS, id)) is not None:
                objects.setdefault(_TASKS, {}).setdefault(id, found.data)
        return objects


@dataclass(frozen=True, slots=True)
class Fetched:
    """A source that is asked when it is looked at, and not stored.

    Attributes:
        now: When that is.
        called: What people know it by; None: by the name of its exporter.
    """

    exporter: Exporter
    now: datetime
    called: str | None = None

    def state(self, window: Window) -> SourceState:
        """Ask for everything, and read it.

        Raises:
            CrossdockError: It cannot be asked, or nothing of it can be read.
        """
        objects, aside = _fetch(self.exporter)
        reading = reader_of(self.exporter.name)(objects, window)
        return SourceState(
            self.called or self.exporter.name,
            self.now,
            tasks=reading.tasks,
            events=reading.events,
            unread=[*aside, *reading.unread],
        )


def reader_of(name: str) -> Read:
    """Return what makes tasks and events of a source's objects.

    Raises:
        ConfigError: This version knows no such source.
    """
    match name:
        case "todoist":
            from task_priority.exporters.todoist import read  # noqa: PLC0415 - only what is connected

            return read
        case "google-calendar":
            from task_priority.exporters.google import read_calendar  # noqa: PLC0415 - likewise

            return read_calendar
        case "google-tasks":
            from task_priority.exporters.google import read_tasks  # noqa: PLC0415 - likewise

            return read_tasks
        case "ics":
            from task_priority.exporters.ics import read as read_ics  # noqa: PLC0415 - likewise

            return read_ics
        case "todoist-backup":
            from task_priority.exporters.todoist_backup import read as read_backup  # noqa: PLC0415 - likewise

            return read_backup
        case _:
            raise ConfigError(f"there is no source {name!r}; remove it: task-priority disconnect {name}")


def _fetch(exporter: Exporter) -> tuple[Objects, list[Unread]]:
    """Ask an exporter for everything; return its objects, and what it had to set aside.

    Raises:
        CrossdockError: It cannot be asked, or nothing of it can be read.
    """
    found: dict[str, dict[str, Mapping[str, Any]]] = {kind: {} for kind in exporter.kinds}
    aside: list[Unread] = []
    is_read = False
    for pull in exporter.pull({}):
        is_read = is_read or bool(pull.whole or pull.found)
        aside += map(_unread, pull.set_aside)
        for one in pull.found:
            if one.data is None:
                found[one.kind].pop(one.id, None)
            else:
                found[one.kind][one.id] = one.data
    if aside and not is_read:
        raise PermanentError(aside[0].reason)
    return found, aside


def _unread(one: SetAside | ObjectSetAside) -> Unread:
    return Unread(one.kind, one.id or "without an id", one.reason)
