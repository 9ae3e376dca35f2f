"""What the queue of the writer says: which changes were asked for, how far they are, and which can be undone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from crossdock import FailureCode, Status
from task_priority.exporters.todoist.dates import moment_of
from task_priority.model import TaskId
from task_priority.moments import Moment
from task_priority.overview import Change, Pending

if TYPE_CHECKING:
    from crossdock import Failure, Record
    from crossdock.exporting import Exports

WRITER: Final = "todoist-writer"
"""The app whose messages are changes."""
SOURCE: Final = "todoist"
LOOKED_AT: Final = 200
"""So many of its newest messages are looked at."""
_UNDONE_BY: Final = "undo-"
_CHANGES: Final[Mapping[str, Change]] = {"complete": Change.DONE, "reschedule": Change.PUT_OFF}
"""By the action of the message; these can be undone, all others undo."""


class NothingToUndo(Exception):
    """No change was made that could be undone; the message says why."""


def undo_id(record: Record) -> str:
    """Return the id of the message that undoes a change: there is one, however often it is sent."""
    return f"{_UNDONE_BY}{record.message.id}"


def newest_change(records: Iterable[Record], task: TaskId | None = None) -> Record:
    """Return the newest change that can be taken back and was not yet.

    Args:
        records: Of the writer, the newest first.
        task: Only its changes.

    Raises:
        NothingToUndo: There is none, or the newest is on its way at this moment.
    """
    known = list(records)
    ids = {record.message.id for record in known}
    for record in _asked(known):
        data = record.message.data
        if data["action"] not in _CHANGES or undo_id(record) in ids:
            continue
        if task not in {None, task_of(record)}:
            continue
        match record.status:
            case Status.PROCESSING:
                raise NothingToUndo("the newest change is being made at this moment; try again when it is")
            case Status.COMPLETED if not (record.result and record.result.get("undo")):
                continue
            case _:
                return record
    about = "" if task is None else f" to {task}"
    raise NothingToUndo(
        f"there is nothing to undo: no change{about} was made in the last weeks that was not undone"
    )


def is_on_its_way(record: Record) -> bool:
    """Tell whether Todoist does not have a change yet, so that it need only be dropped."""
    return record.status is not Status.COMPLETED


def task_of(record: Record) -> TaskId:
    """Return which task a change is about."""
    return TaskId(f"{SOURCE}:{record.message.data['task']}")


def title_of_changed(record: Record, exports: Exports) -> str:
    """Return the title of the task that a change is about."""
    name = record.message.data["task"]
    stored = exports.object(SOURCE, "tasks", name)
    return str(name) if stored is None else str(stored.data.get("content", name))


def pending_changes(records: Iterable[Record], exports: Exports) -> list[Pending]:
    """Return the changes that the stored tasks do not show yet; of several to one task the newest.

    Args:
        records: Of the writer, the newest first.
        exports: Have the tasks as they are stored.
    """
    status = exports.status(SOURCE)
    fetched_at = None if status is None else status.fetched_at
    newest: dict[TaskId, Pending] = {}
    for record in _asked(records):
        if _may_be_unseen(record, fetched_at) and task_of(record) not in newest:
            newest[task_of(record)] = _pending(record, exports)
    return list(newest.values())


def _asked(records: Iterable[Record]) -> Iterable[Record]:
    for record in records:
        cancelled = record.error is not None and record.error.code == FailureCode.CANCELLED
        if isinstance(record.message.data, dict) and not cancelled:
            yield record


def _pending(record: Record, exports: Exports) -> Pending:
    data = record.message.data
    due = _due_of(data)
    return Pending(
        task=task_of(record),
        title=title_of_changed(record, exports),
        change=_CHANGES.get(data["action"], Change.TAKEN_BACK),
        asked_at=record.created_at,
        due=due[0] if due else None,
        changes_due=due is not None,
        problem=None if record.error is None else _words_of(record.error),
        given_up=record.status is Status.FAILED,
    )


def _words_of(failure: Failure) -> str:
    """Return a sentence for people, without the name of the error's class."""
    return re.sub(r"^[A-Z]\w+: ", "", failure.message)


def _due_of(data: Mapping[str, Any]) -> tuple[Moment | None] | None:
    """Return when a task will be due, or that it will not; None: the change says nothing of it that can be read."""
    if "due" not in data:
        return None
    due = data["due"]
    try:
        return (None if due is None else moment_of(due["date"], due.get("timezone")),)
    except ValueError:  # what is put back may be what Todoist had, whatever that was
        return None


def _may_be_unseen(record: Record, fetched_at: datetime | None) -> bool:
    match record.status:
        case Status.PENDING | Status.PROCESSING | Status.FAILED:
            return True
        case _:
            return record.processed_at is not None and (
                fetched_at is None or record.processed_at >= fetched_at
            )
