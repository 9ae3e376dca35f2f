"""Files that are ranked as they are, with nothing connected and nothing stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from crossdock import ConfigError
from task_priority.looking import Source
from task_priority.model import Task, TaskId
from task_priority.overview import SourceState
from task_priority.reading import Window
from task_priority.sources import Fetched


def file_sources(calendars: Iterable[Path], backups: Iterable[Path], now: datetime) -> Iterator[Source]:
    """Give what reads files as they are; of several exports each is called by its name.

    Args:
        calendars: iCalendar files, or folders of them.
        backups: CSV exports and JSON backups of Todoist, or folders of them.
        now: When they are read.

    Raises:
        ConfigError: Some are not there, or folders without a calendar; all of them are named.
    """
    calendars, backups = _each_once(calendars), _each_once(backups)
    issues = [
        f"{file}: there is no such file or folder" for file in (*calendars, *backups) if not file.exists()
    ]
    issues += [
        f"{file}: there is no .ics file in this folder" for file in calendars if _lacks_calendars(file)
    ]
    if issues:
        raise ConfigError("\n".join(issues))
    if calendars:
        from task_priority.exporters import ics  # noqa: PLC0415 - only what is given

        named = [ics.Source(_name(number, calendars), str(file)) for number, file in enumerate(calendars)]
        yield Fetched(ics.IcsExporter(named), now)
    if backups:
        from task_priority.exporters.todoist_backup import TodoistBackupExporter  # noqa: PLC0415 - likewise

        given: set[TaskId] = set()
        for number, file in enumerate(backups):
            called = _name(number, backups) if len(backups) > 1 else None
            yield _Backup(Fetched(TodoistBackupExporter(file), now, called), number + 1, given)


@dataclass(frozen=True, slots=True)
class _Backup:
    """One of the exports. A task that has the id of one of another file is another one: each file is ranked as it is.

    Attributes:
        number: Which of the exports it is.
        given: The ids of the tasks of those before it; its own are added.
    """

    source: Fetched
    number: int
    given: set[TaskId]

    def state(self, window: Window) -> SourceState:
        """Read it.

        Raises:
            CrossdockError: It cannot be read.
        """
        state = self.source.state(window)
        if not self.given.isdisjoint(task.id for task in state.tasks):
            state = replace(state, tasks=[self._apart(task) for task in state.tasks])
        self.given.update(task.id for task in state.tasks)
        return state

    def _apart(self, task: Task) -> Task:
        id = TaskId(f"{task.id}@{self.number}")
        parent = None if task.parent is None else TaskId(f"{task.parent}@{self.number}")
        return replace(task, id=id, parent=parent)


def _each_once(files: Iterable[Path]) -> list[Path]:
    return list({file.resolve(): file for file in files}.values())


def _lacks_calendars(file: Path) -> bool:
    from task_priority.exporters.ics import calendar_files  # noqa: PLC0415 - only what is given

    return file.is_dir() and not calendar_files(file)


def _name(number: int, files: Sequence[Path]) -> str:
    """Return a name for one of the files that no other one has: its own if that will do."""
    names = [(file.name or str(file)).replace(":", " ") for file in files]
    name = names[number]
    return name if names.count(name) == 1 else f"{number + 1} {name}"
