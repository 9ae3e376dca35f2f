"""Files that are ranked as they are, with nothing connected and nothing stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from crossdock import ConfigError
from task_priority.sources import Fetched


def file_sources(calendars: Sequence[Path], backups: Sequence[Path], now: datetime) -> Iterator[Fetched]:
    """Give what reads files as they are.

    Args:
        calendars: iCalendar files, or folders of them.
        backups: CSV exports and JSON backups of Todoist, or folders of them.
        now: When they are read.

    Raises:
        ConfigError: Some are not there, or folders without a calendar; all of them are named.
    """
    issues = [
        f"{file}: there is no such file or folder" for file in (*calendars, *backups) if not file.exists()
    ]
    issues += [
        f"{file}: there is no .ics file in this folder" for file in calendars if _lacks_calendars(file)
    ]
    if issues:
        raise ConfigError("\n".join(issues))
    if calendars:
        from task_priority.exporters.ics import IcsExporter, Source  # noqa: PLC0415 - only what is given

        named = [Source(_name(number, calendars), str(file)) for number, file in enumerate(calendars)]
        yield Fetched(IcsExporter(named), now)
    if backups:
        from task_priority.exporters.todoist_backup import TodoistBackupExporter  # noqa: PLC0415 - likewise

        for file in backups:
            yield Fetched(TodoistBackupExporter(file), now)


def _lacks_calendars(file: Path) -> bool:
    from task_priority.exporters.ics import calendar_files  # noqa: PLC0415 - only what is given

    return file.is_dir() and not calendar_files(file)


def _name(number: int, files: Sequence[Path]) -> str:
    """Return a name for one of the files that no other one has: its own if that will do."""
    names = [(file.name or str(file)).replace(":", " ") for file in files]
    name = names[number]
    return name if names.count(name) == 1 else f"{number + 1} {name}"
