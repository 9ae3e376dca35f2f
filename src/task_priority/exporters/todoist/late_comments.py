"""Comments on tasks that were completed before: Todoist tells them as they are written, and in no full answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from crossdock.exporting import Found, SetAside
from task_priority.exporters.todoist.changes import Changes, id_of
from task_priority.exporters.todoist.dates import instant_of

_REASON: Final = "it was written on a task that was completed before, and of such tasks no comments are kept"


def without_late_comments(changes: Changes, answer: Mapping[str, Any]) -> Changes:
    """Set those comments aside that were written when their task was completed already.

    Args:
        changes: What is in an answer.
        answer: The same as decoded; it tells when tasks were completed.
    """
    completed = _completed(answer)
    late = [one for one in changes.found if _is_late(one, completed)]
    return replace(
        changes,
        found=tuple(one for one in changes.found if one not in late),
        set_aside=(*changes.set_aside, *(SetAside(one.kind, one.id, _REASON, one.data) for one in late)),
    )


def _is_late(found: Found, completed: Mapping[str, datetime]) -> bool:
    if found.kind != "comments" or found.data is None:
        return False
    when, posted = (
        completed.get(id_of(found.data.get("item_id")) or ""),
        _instant(found.data.get("posted_at")),
    )
    return when is not None and posted is not None and posted >= when


def _completed(answer: Mapping[str, Any]) -> dict[str, datetime]:
    items = answer.get("items")
    done: dict[str, datetime] = {}
    for raw in items if isinstance(items, list) else ():
        if isinstance(raw, dict) and raw.get("checked") in (True, 1):
            id, when = id_of(raw.get("id")), _instant(raw.get("completed_at"))
            if id is not None and when is not None:
                done[id] = when
    return done


def _instant(value: object) -> datetime | None:
    try:
        return instant_of(value)
    except ValueError:
        return None
