"""Writes back to Todoist what was asked for, once for each message however often it is delivered."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Any, Final

from crossdock import InvalidMessage, Message, PermanentError, Queue, TransientError
from task_priority.exporters.asking import Asking
from task_priority.exporters.todoist.asking import BASE_URL, Todoist, error_of
from task_priority.exporters.todoist.changes import id_of
from task_priority.exporters.todoist.exporter import NAME
from task_priority.exporters.todoist.requests import COMPLETE, REOPEN, RESCHEDULE, RESTORE, undoing

WRITER: Final = "todoist-writer"
"""The app whose messages are written to Todoist."""
_NOT_FOUND: Final = (404, 478, 22)
"""As a status, as a code of the API v1, and as one of the commands, which are older."""
_COMMANDS: Final = {
    COMPLETE: "item_close",
    REOPEN: "item_uncomplete",
    RESCHEDULE: "item_update",
    RESTORE: "item_update",
}


class TodoistWriter:
    """Handles the messages of the app ``todoist-writer``, which ``completing`` and its like make.

    Args:
        token: Returns the API token of the user; it must be allowed to write.
        queue: The exporter is asked over it to look at what was written.
        base_url: Where the API is.
        asking: Makes what the questions are sent with.
    """

    def __init__(
        self,
        token: Callable[[], str],
        queue: Queue,
        *,
        base_url: str = BASE_URL,
        asking: Callable[[], AbstractContextManager[Asking]] = Asking,
    ) -> None:
        self._token = token
        self._queue = queue
        self._base_url = base_url
        self._asking = asking

    def __call__(self, message: Message) -> dict[str, Any]:
        """Do what a message asks for; again and again, if need be, it is done once.

        Returns:
            The action, the task, and as ``undo`` the data of the message that undoes it, or None.

        Raises:
            InvalidMessage: The message does not say what is to be done.
            DeliveryError: It could not be done; as ``error_of`` says.
        """
        command, before = command_of(message)
        with self._asking() as asking:
            todoist = Todoist(self._token, asking, base_url=self._base_url)
            answer = todoist.sync({"commands": json.dumps([command])})
        check_status(answer, command)
        self._queue.send(NAME, {"full": False}, message_id=f"written-{command['uuid']}")
        action, task = message.data["action"], command["args"]["id"]
        return {"action": action, "task": task, "undo": undoing(action, task, before)}


def command_of(message: Message) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Make Todoist's command of a message.

    Returns:
        The command, and what the task was like before.

    Raises:
        InvalidMessage: The message does not say what is to be done.
    """
    data = message.data
    if not isinstance(data, dict):
        raise InvalidMessage.of("data", f"must be an object, not a {type(data).__name__}")
    action, task = data.get("action"), id_of(data.get("task"))
    if not isinstance(action, str) or action not in _COMMANDS:
        raise InvalidMessage.of("action", f"must be one of {', '.join(_COMMANDS)}, not {action!r:.80}")
    if task is None:
        raise InvalidMessage.of("task", "must be the id that the task has in Todoist")
    args: dict[str, Any] = {"id": task}
    if action in {RESCHEDULE, RESTORE}:
        args["due"] = _due(data)
    return {"type": _COMMANDS[action], "uuid": _command_id(message), "args": args}, _before(action, data)


def check_status(answer: Mapping[str, Any], command: Mapping[str, Any]) -> None:
    """Look what became of a command.

    Args:
        answer: Of the synchronisation endpoint, whose status is 200 whatever became of it.
        command: As it was sent.

    Raises:
        TransientError: The answer does not say; the same command is sent again, and done once.
        PermanentError: It was refused for good.
        DeliveryError: As ``error_of`` says.
    """
    statuses = answer.get("sync_status")
    status = statuses.get(command["uuid"]) if isinstance(statuses, dict) else None
    if status == "ok":
        return
    if not isinstance(status, dict):
        raise TransientError(
            f"Todoist does not say whether it has done the {command['type']} of the task {command['args']['id']}; it "
            "is asked again under the same id, so that it is done once"
        )
    if status.get("http_code") in _NOT_FOUND or status.get("error_code") in _NOT_FOUND:
        raise PermanentError(
            f"the task {command['args']['id']} is not in Todoist any more, or not this user's: nothing was changed"
        )
    code = status.get("http_code")
    raise error_of(code if isinstance(code, int) else HTTPStatus.BAD_REQUEST, status)


def _due(data: Mapping[str, Any]) -> dict[str, Any] | None:
    due = data.get("due", "")
    if due is None or (isinstance(due, dict) and isinstance(due.get("date"), str)):
        return due
    raise InvalidMessage.of("due", "must be a due date of Todoist, with its date, or null for none")


def _before(action: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    before = data.get("before")
    if action in {COMPLETE, RESCHEDULE} and not (isinstance(before, dict) and "due" in before):
        raise InvalidMessage.of(
            "before", "must hold the due date that the task has, so that this can be undone"
        )
    return before if isinstance(before, dict) else {}


def _command_id(message: Message) -> str:
    """Return a UUID that is the same at each delivery: the message's id, if it is one."""
    try:
        return str(uuid.UUID(message.id))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{message.source}#{message.id}"))
