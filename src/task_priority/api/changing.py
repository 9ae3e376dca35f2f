"""Operations that change a task in the service that it comes from, through the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, assert_never

from starlette.requests import Request

from crossdock.api import (
    Answers,
    CallerOf,
    IdempotencyKey,
    JsonAnswer,
    Made,
    Operations,
    Refusal,
    Scope,
    StateOf,
    done_once,
    job_links,
    needs,
    to_drop,
    to_send,
)
from crossdock.exporting import Exports
from task_priority.api.models import ChangeDocument, Postponement
from task_priority.api.naming import TaskPath, not_found
from task_priority.api.watching import WatchOf
from task_priority.asked import (
    LOOKED_AT,
    SOURCE,
    WRITER,
    NothingToUndo,
    is_on_its_way,
    newest_change,
    undo_id,
)
from task_priority.changes import in_order, postponement
from task_priority.days import parse_when
from task_priority.exporters.todoist import completing
from task_priority.model import TaskId
from task_priority.moments import Day, Floating, Instant
from task_priority.overview import Change
from task_priority.settings_file import read

if TYPE_CHECKING:
    from crossdock import Record, SentMessage
    from crossdock.api import Caller
    from task_priority.api.watching import Watch
    from task_priority.moments import Moment
    from task_priority.views.forms import MomentForm

operations = Operations("tasks")

_WRITE: Final = needs(Scope.TASKS_WRITE)
_SENDER: Final = "task-priority"
"""The app that sends changes, whoever asks for them, so that one change is undone once."""
_ASKED: Final = Answers(
    ChangeDocument,
    202,
    "It is stored, and will be made.",
    headers={
        "Location": "Of the job that makes it, for a key with messages:read.",
        "Idempotency-Replayed": "Answered before.",
    },
)
_SENDING: Final = (
    "QUEUE_FULL", "STORE_FULL", "IDEMPOTENCY_KEY_REQUIRED", "IDEMPOTENCY_KEY_IN_USE", "IDEMPOTENCY_KEY_REUSED",
)  # fmt: skip
_ERRORS: Final = ("TASK_NOT_FOUND", "INVALID_MESSAGE", "CONFIG_ERROR", *_SENDING)


@operations.on(
    "POST", "/tasks/{task_id}/complete", id="completeTask", access=_WRITE, answers=_ASKED, errors=_ERRORS
)
async def complete_task(
    task_id: TaskPath,
    request: Request,
    watch: WatchOf,
    caller: CallerOf,
    state: StateOf,
    idempotency_key: IdempotencyKey = None,
) -> JsonAnswer:
    """Complete a task in Todoist; of one that repeats, this time of it.

    The change is kept in the queue until Todoist has it, though the network fails; until then it is shown as made.
    """
    ask = await _asking(watch, caller, task_id, completing)
    return await done_once(
        state,
        caller,
        operation="completeTask",
        name=idempotency_key,
        request=request,
        work=ask,
        answer=lambda sent: _made(task_id, Change.DONE, sent),
    )


@operations.on(
    "POST",
    "/tasks/{task_id}/reschedule",
    id="rescheduleTask",
    access=_WRITE,
    answers=_ASKED,
    errors=_ERRORS,
)
async def reschedule_task(
    task_id: TaskPath,
    wish: Postponement,
    request: Request,
    watch: WatchOf,
    caller: CallerOf,
    state: StateOf,
    idempotency_key: IdempotencyKey = None,
) -> JsonAnswer:
    """Let a task be due at another time in Todoist; if it repeats, it goes on to do so.

    The change is kept in the queue until Todoist has it, though the network fails; until then it is shown as made.
    """
    due = await asyncio.to_thread(_moment, watch, wish)
    ask = await _asking(watch, caller, task_id, lambda stored: postponement(stored, due))
    return await done_once(
        state,
        caller,
        operation="rescheduleTask",
        name=idempotency_key,
        request=request,
        work=ask,
        answer=lambda sent: _made(task_id, Change.PUT_OFF, sent),
    )


@operations.on(
    "POST",
    "/tasks/{task_id}/undo",
    id="undoTaskChange",
    access=_WRITE,
    answers=Answers(
        ChangeDocument,
        202,
        "It is stored, and will be made.",
        headers=_ASKED.headers,
        more={200: "The change was dropped before its service had it."},
    ),
    errors=("NOT_FOUND", "NOTHING_TO_UNDO", "ILLEGAL_MOVE", *_SENDING),
)
async def undo_task_change(
    task_id: TaskPath,
    request: Request,
    caller: CallerOf,
    state: StateOf,
    idempotency_key: IdempotencyKey = None,
) -> JsonAnswer:
    """Take back the newest change to a task; called again, the one before it.

    A change that Todoist does not have yet is dropped; else Todoist is asked to have the task as it was. Name the
    request with an Idempotency-Key if it may be sent twice.
    """
    records = await caller.queue.list(WRITER, limit=LOOKED_AT, newest_first=True)
    return await done_once(
        state,
        caller,
        operation="undoTaskChange",
        name=idempotency_key,
        request=request,
        work=lambda tx: _undo(tx, caller, records, TaskId(task_id)),
        answer=lambda sent: _made(task_id, Change.TAKEN_BACK, sent),
    )


async def _asking(
    watch: Watch,
    caller: Caller,
    task_id: str,
    change_of: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> Callable[[Any], SentMessage]:
    """Return the work that asks for a change.

    It refuses what is no open task only when it is done, so that who asks again under an Idempotency-Key is answered
    as before, though the task is no longer open.
    """
    ranked = (await watch.sight(caller.queue)).overview.plan.ranked
    if not any(one.task.id == task_id for one in ranked):
        return _refusing(await asyncio.to_thread(not_found, ranked, task_id))
    source, _, name = task_id.partition(":")
    stored = await asyncio.to_thread(Exports(caller.queue).object, source, "tasks", name)
    if source != SOURCE or stored is None:
        issue = f"{task_id} is not in Todoist; only tasks of Todoist can be changed here"
        return _refusing(Refusal("INVALID_MESSAGE", f"task: {issue}", [("task", issue)]))
    data = change_of(stored.data)
    return to_send(caller, WRITER, data, source_app=_SENDER, **in_order(data))


def _refusing(refusal: Refusal) -> Callable[[Any], SentMessage]:
    def refuse(_tx: Any) -> SentMessage:
        raise refusal

    return refuse


def _undo(tx: Any, caller: Caller, records: list[Record], task: TaskId) -> SentMessage | None:
    try:
        record = newest_change(records, task)
    except NothingToUndo as error:
        raise Refusal("NOTHING_TO_UNDO", str(error)) from error
    if is_on_its_way(record):
        to_drop(record)(tx)
        return None
    data = record.result["undo"]
    undo = to_send(caller, WRITER, data, message_id=undo_id(record), source_app=_SENDER, **in_order(data))
    return undo(tx)


def _made(task_id: str, change: Change, sent: SentMessage | None) -> Made:
    document = {"task_id": task_id, "change": change.value, "job_id": None if sent is None else sent.id}
    return Made(200, document) if sent is None else Made(202, document, job_links(sent.id)["self"])


def _moment(watch: Watch, wish: Postponement) -> Moment:
    """Return when a task is to be due.

    Raises:
        Refusal: It is no time.
    """
    try:
        if wish.due is not None:
            return _moment_of(wish.due)
        zone = read(watch.home.settings).zone
        return parse_when(wish.when or "", watch.clock().astimezone(zone).date())
    except (ValueError, OverflowError) as error:
        field = "when" if wish.due is None else "due"
        raise Refusal("VALIDATION_ERROR", f"{field}: {error}", [(field, str(error))]) from error


def _moment_of(form: MomentForm) -> Moment:
    match form["kind"]:
        case "day":
            return Day(date.fromisoformat(form["value"]))
        case "floating":
            return Floating(datetime.fromisoformat(form["value"]))
        case "instant":
            return Instant(datetime.fromisoformat(form["value"]))
        case _:
            assert_never(form["kind"])
