"""What may be changed of a message that is not being worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import HIGHEST_PRIORITY, instant_issue
from crossdock.domain.retry import MOST_ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_changes(changes: Mapping[str, Any]) -> None:
    """Make sure that changes can be made.

    Raises:
        InvalidMessage: There are none, or a value is wrong; all wrong ones are listed.
    """
    if not changes:
        raise InvalidMessage.of("edit", "nothing to change was given")
    issues = [(name, issue) for name, value in changes.items() if (issue := _issue(name, value))]
    if issues:
        raise InvalidMessage("; ".join(f"{name}: {issue}" for name, issue in issues), issues)


def _issue(name: str, value: Any) -> str | None:
    match name:
        case "priority" if type(value) is not int or not 0 <= value <= HIGHEST_PRIORITY:
            return f"{value!r} is not a whole number from 0 to {HIGHEST_PRIORITY}"
        case "max_attempts" if type(value) is not int or not 1 <= value <= MOST_ATTEMPTS:
            return f"{value!r} is not a whole number from 1 to {MOST_ATTEMPTS}"
        case "available_at" | "expires_at":
            return instant_issue(value)
        case _:
            return None
