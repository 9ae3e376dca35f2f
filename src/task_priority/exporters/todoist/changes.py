"""What is in one answer of Todoist's synchronisation: objects taken, objects set aside, and the token to go on from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from crossdock import TransientError
from crossdock.exporting import Found, SetAside
from task_priority.exporters.todoist.asking import half_an_answer

EVERYTHING: Final = "*"
"""The sync token that asks for everything."""
KIND_OF: Final[Mapping[str, str]] = MappingProxyType({
    "projects": "projects",
    "sections": "sections",
    "items": "tasks",
    "labels": "labels",
    "notes": "comments",
    "project_notes": "comments",
    "collaborators": "collaborators",
    "user": "user",
})  # fmt: skip
"""The resource types that are asked for, and what their objects are called here."""
_USER_FIELDS: Final = (
    "id", "full_name", "lang", "tz_info", "inbox_project_id", "start_day", "date_format", "time_format",
)  # fmt: skip
"""What is kept of the user. The rest is left behind, since it holds the API token and an address with another."""
_ID: Final = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True, slots=True)
class Changes:
    """One answer.

    Attributes:
        token: For the next question; to be stored only when all else is.
        full: It is everything there is, not what changed.
        found: What is done, archived or deleted has no data.
        told: The kinds of which it says something, be it that there are none.
    """

    token: str
    full: bool
    found: tuple[Found, ...]
    set_aside: tuple[SetAside, ...]
    told: frozenset[str]


def changes_of(answer: Mapping[str, Any], *, asked: str) -> Changes:
    """Read an answer of the synchronisation endpoint.

    Args:
        answer: As decoded.
        asked: The sync token of the question.

    Raises:
        TransientError: It is only a part of an answer, so that nothing of it can be trusted.
    """
    token, full = answer.get("sync_token"), answer.get("full_sync", asked == EVERYTHING)
    if not isinstance(token, str) or token in {"", EVERYTHING}:
        raise TransientError(half_an_answer("it has no sync_token"))
    if not isinstance(full, bool) or (asked == EVERYTHING and not full):
        raise TransientError(half_an_answer("it does not say that it is everything"))
    taken = [_without_gone(take(kind, raw)) for kind, raw in _received(answer)]
    return Changes(
        token,
        full,
        tuple(one for one in taken if isinstance(one, Found)),
        tuple(one for one in taken if isinstance(one, SetAside)),
        _told(answer),
    )


def take(kind: str, raw: object) -> Found | SetAside:
    """Take an object as it is, if it has an id; everything else of it may be missing, null or new.

    Args:
        kind: What it is said to be.
        raw: As received.
    """
    secret = kind == "user"
    if not isinstance(raw, dict):
        return SetAside(kind, None, f"it is no object but {raw!r:.80}", None if secret else raw)
    id = id_of(raw.get("id"))
    if id is None:
        what = "no id" if raw.get("id") is None else "an id that cannot be read"
        return SetAside(kind, None, f"it has {what}", None if secret else raw)
    return Found(kind, id, {name: raw[name] for name in _USER_FIELDS if name in raw} if secret else raw)


def id_of(value: object) -> str | None:
    """Return an id as a string: Todoist has both strings and numbers. None: it is no id."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def is_gone(raw: Mapping[str, Any]) -> bool:
    """Tell whether an object is deleted, archived or done: a full answer does not have it any more."""
    return any(raw.get(flag) in (True, 1) for flag in ("is_deleted", "is_archived", "checked"))


def _without_gone(taken: Found | SetAside) -> Found | SetAside:
    if isinstance(taken, Found) and taken.data is not None and is_gone(taken.data):
        return replace(taken, data=None)
    return taken


def _received(answer: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for resource, kind in KIND_OF.items():
        value = answer.get(resource)
        if value is None:
            continue
        if resource == "user":
            yield kind, value
        elif isinstance(value, list):
            yield from ((kind, raw) for raw in value)
        else:
            raise TransientError(
                half_an_answer(f"{resource!r} is a {type(value).__name__} instead of a list")
            )


def _told(answer: Mapping[str, Any]) -> frozenset[str]:
    untold = {kind for resource, kind in KIND_OF.items() if answer.get(resource) is None}
    return frozenset(KIND_OF.values()) - untold
