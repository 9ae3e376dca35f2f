"""What was asked to be changed in Todoist: sent through the queue, shown until it has arrived, undone if wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from crossdock import FailureCode, InvalidMessage, MessageNotFound, Status
from task_priority.exporters.todoist import completing, rescheduling, snoozing
from task_priority.exporters.todoist.dates import moment_of
from task_priority.model import TaskId
from task_priority.moments import Day, Moment
from task_priority.overview import Change, Pending

if TYPE_CHECKING:
    from crossdock import Failure, Message, Queue, Record, SentMessage
    from crossdock.exporting import Exports

WRITER: Final = "todoist-writer"
SOURCE: Final = "todoist"
_UNDONE_BY: Final = "undo-"
_LOOKED_AT: Final = 200
_CHANGES: Final[Mapping[str, Change]] = {"complete": Change.DONE, "reschedule": Change.PUT_OFF}
"""By the action of the message; these can be undone, all others undo."""


class NothingToUndo(Exception):
    """No change was made that could be undone; the message says why."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What undoing came to.

    Attributes:
        title: Of the task.
        sent: The message that undoes it; None: the change had not been sent to Todoist, and never will be.
    """

    title: str
    sent: SentMessage | None


class Changes:
    """The changes that were asked for.

    Args:
        queue: They go through it.
        exports: Has the tasks as they are stored.
    """

    def __init__(self, queue: Queue, exports: Exports) -> None:
        self._queue = queue
        self._exports = exports

    def complete(self, task: TaskId) -> SentMessage:
        """Ask for a task to be completed; of one that repeats, its next time.

        Raises:
            InvalidMessage: It is no task of Todoist.
        """
        return self._send(completing(self._stored(task)))

    def put_off(self, task: TaskId, due: Moment) -> SentMessage:
        """Ask for a task to be due at another time; a day leaves it the time of day that it has.

        Raises:
            InvalidMessage: It is no task of Todoist.
        """
        stored = self._stored(task)
        return self._send(snoozing(stored, due.date) if isinstance(due, Day) else rescheduling(stored, due))

    def undo(self) -> Undone:
        """Take the newest change back that was not taken back yet.

        Raises:
            NothingToUndo: There is none.
        """
        for record in self._records():
            if record.message.data["action"] not in _CHANGES or self._is_undone(record):
                continue
            title = self._title(record.message.data["task"])
            match record.status:
                case Status.PENDING:
                    self._queue.cancel(record.message.id, app=WRITER)
                    return Undone(title, None)
                case Status.FAILED:
                    self._queue.delete(record.message.id, app=WRITER)
                    return Undone(title, None)
                case Status.COMPLETED if record.result and record.result.get("undo"):
                    undoing = record.result["undo"]
                    sent = self._queue.send(WRITER, undoing, message_id=f"{_UNDONE_BY}{record.message.id}")
                    return Undone(title, sent)
                case _:
                    continue
        raise NothingToUndo(
            "there is nothing to undo: no change was made in the last weeks that was not undone"
        )

    def pending(self) -> list[Pending]:
        """Return the changes that the stored tasks do not show yet; of several to one task the newest."""
        status = self._exports.status(SOURCE)
        fetched_at = None if status is None else status.fetched_at
        newest: dict[str, Pending] = {}
        for record in self._records():
            data = record.message.data
            if _may_be_unseen(record, fetched_at) and data["task"] not in newest:
                newest[data["task"]] = self._pending(record)
        return list(newest.values())

    def deliver(self, handler: Callable[[Message], Any]) -> int:
        """Hand the changes that wait over now, as a hub would; return how many arrived.

        Raises:
            DeliveryError: One could not be handed over; it and those behind it stay in the queue.
        """
        count = 0
        while True:
            with self._queue.consume_one(WRITER) as delivery:
                if delivery is None:
                    return count
                delivery.result = handler(delivery.message)
                count += 1

    def _send(self, data: Mapping[str, Any]) -> SentMessage:
        return self._queue.send(WRITER, data, partition_key=data["task"])

    def _stored(self, task: TaskId) -> Mapping[str, Any]:
        source, _, name = task.partition(":")
        if source != SOURCE:
            raise InvalidMessage.of(
                "task", f"{task} is not in Todoist; only tasks of Todoist can be changed here"
            )
        stored = self._exports.object(SOURCE, "tasks", name)
        if stored is None:
            raise InvalidMessage.of("task", f"{task} is not stored; task-priority sync fetches what is there")
        return stored.data

    def _records(self) -> Iterator[Record]:
        """Give what was asked for, the newest first."""
        for record in self._queue.list(WRITER, limit=_LOOKED_AT, newest_first=True):
            cancelled = record.error is not None and record.error.code == FailureCode.CANCELLED
            if isinstance(record.message.data, dict) and not cancelled:
                yield record

    def _is_undone(self, record: Record) -> bool:
        try:
            self._queue.get(f"{_UNDONE_BY}{record.message.id}", app=WRITER)
        except MessageNotFound:
            return False
        return True

    def _pending(self, record: Record) -> Pending:
        data = record.message.data
        change = _CHANGES.get(data["action"], Change.TAKEN_BACK)
        return Pending(
            task=TaskId(f"{SOURCE}:{data['task']}"),
            title=self._title(data["task"]),
            change=change,
            asked_at=record.created_at,
            due=_due_of(data) if change is Change.PUT_OFF else None,
            problem=None if record.error is None else _words_of(record.error),
            given_up=record.status is Status.FAILED,
        )

    def _title(self, task: str) -> str:
        stored = self._exports.object(SOURCE, "tasks", task)
        return task if stored is None else str(stored.data.get("content", task))


def _words_of(failure: Failure) -> str:
    """Return a sentence for people, without the name of the error's class."""
    return re.sub(r"^[A-Z]\w+: ", "", failure.message)


def _due_of(data: Mapping[str, Any]) -> Moment | None:
    due = data.get("due")
    return None if due is None else moment_of(due["date"], due.get("timezone"))


def _may_be_unseen(record: Record, fetched_at: datetime | None) -> bool:
    match record.status:
        case Status.PENDING | Status.PROCESSING | Status.FAILED:
            return True
        case _:
            return record.processed_at is not None and (
                fetched_at is None or record.processed_at >= fetched_at
            )
