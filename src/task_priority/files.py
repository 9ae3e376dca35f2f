"""The files that applications read: tasks, events and the ranked list, each also as a latest copy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from crossdock.files import write_document
from task_priority.looking import window_at
from task_priority.overview import Overview
from task_priority.views import documents

SCHEMA_VERSION: Final = "1.0"
_CHANGES_ALWAYS: Final = frozenset(
    {"generated_at", "start_at", "end_at", "age_minutes", "synced_at", "stale"}
)
"""What is different in each document, though nothing has changed."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to be written.

    Attributes:
        app: The first part of its name.
        type: The second, which also says what its document lists.
        latest: The name of its latest copy.
        document: What is in it.
    """

    app: str
    type: Literal["tasks", "events"]
    latest: str
    document: Mapping[str, Any]

    @property
    def rows(self) -> int:
        """How many tasks or events there are in it."""
        return len(self.document[self.type])


def files_of(overview: Overview) -> Iterator[File]:
    """Return the files that an overview makes."""
    for source in overview.sources:
        if source.name == "todoist":
            yield File("todoist", "tasks", "todoist_export.json", documents.task_list(overview, source))
    window = window_at(overview.now, overview.settings)
    events = documents.event_list(overview, start=window.start, end=window.end)
    yield File("calendar", "events", "calendar_events.json", events)
    yield File("ranked", "tasks", "ranked_tasks.json", documents.ranked_list(overview))


def write_files(overview: Overview, folder: Path) -> list[Path]:
    """Write the files of which something has changed since their latest copies; return where they are.

    Raises:
        CrossdockError: The folder may not be written, or the disk is full or broken.
    """
    return [
        write_document(
            folder,
            file.document,
            app=file.app,
            type=file.type,
            now=overview.now,
            rows=file.rows,
            latest=file.latest,
            schema_version=SCHEMA_VERSION,
        )
        for file in files_of(overview)
        if _essence(file.document) != _essence(_written(folder / file.latest))
    ]


def _written(file: Path) -> Any:  # noqa: ANN401 - whatever somebody put there
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None


def _essence(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a document without what changes with time alone."""
    if isinstance(value, Mapping):
        return {key: _essence(inner) for key, inner in value.items() if key not in _CHANGES_ALWAYS}
    return [_essence(one) for one in value] if isinstance(value, list) else value
