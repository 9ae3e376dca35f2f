"""Changes in Todoist: sent through the queue, kept until they have arrived, taken back if wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossdock import InvalidMessage, Status
from task_priority.asked import (
    LOOKED_AT,
    SOURCE,
    WRITER,
    is_on_its_way,
    newest_change,
    pending_changes,
    task_of,
    title_of_changed,
    undo_id,
)
from task_priority.exporters.todoist import completing, rescheduling, snoozing
from task_priority.model import TaskId
from task_priority.moments import Day, Moment
from task_priority.overview import Pending

if TYPE_CHECKING:
    from crossdock import Message, Queue, Record, SentMessage
    from crossdock.exporting import Exports


@dataclass(frozen=True, slots=True)
class Undone:
    """What undoing came to.

    Attributes:
        task: Whose change was taken back.
        title: Of the task.
        sent: The message that undoes it; None: the change had not been sent to Todoist, and never will be.
    """

    task: TaskId
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
        return self._send(completing(stored_task(self._exports, task)))

    def put_off(self, task: TaskId, due: Moment) -> SentMessage:
        """Ask for a task to be due at another time; a day leaves it the time of day that it has.

        Raises:
            InvalidMessage: It is no task of Todoist.
        """
        return self._send(postponement(stored_task(self._exports, task), due))

    def undo(self) -> Undone:
        """Take the newest change back that was not taken back yet.

        Raises:
            NothingToUndo: There is none.
        """
        record = newest_change(self._records())
        task, title = task_of(record), title_of_changed(record, self._exports)
        if is_on_its_way(record):
            end = self._queue.cancel if record.status is Status.PENDING else self._queue.delete
            end(record.message.id, app=WRITER)
            return Undone(task, title, None)
        sent = self._queue.send(WRITER, record.result["undo"], message_id=undo_id(record))
        return Undone(task, title, sent)

    def pending(self) -> list[Pending]:
        """Return the changes that the stored tasks do not show yet; of several to one task the newest."""
        return pending_changes(self._records(), self._exports)

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
        return self._queue.send(WRITER, data, **in_order(data))

    def _records(self) -> list[Record]:
        return self._queue.list(WRITER, limit=LOOKED_AT, newest_first=True)


def stored_task(exports: Exports, task: TaskId) -> Mapping[str, Any]:
    """Return a task as Todoist told it last.

    Raises:
        InvalidMessage: It is no task of Todoist.
    """
    source, _, name = task.partition(":")
    if source != SOURCE:
        raise InvalidMessage.of(
            "task", f"{task} is not in Todoist; only tasks of Todoist can be changed here"
        )
    stored = exports.object(SOURCE, "tasks", name)
    if stored is None:
        raise InvalidMessage.of("task", f"{task} is not stored; task-priority sync fetches what is there")
    return stored.data


def postponement(stored: Mapping[str, Any], due: Moment) -> dict[str, Any]:
    """Return the message that lets a task be due at another time; a day leaves it the time of day that it has."""
    return snoozing(stored, due.date) if isinstance(due, Day) else rescheduling(stored, due)


def in_order(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a change: those of one task are made one after the other."""
    return {"partition_key": data["task"]}
