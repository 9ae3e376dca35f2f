"""Which task a path names, and which it may have meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Path

from crossdock.api import Refusal
from task_priority.api.example import TASK
from task_priority.references import candidates
from task_priority.views.texts import title_of

if TYPE_CHECKING:
    from task_priority.ranking.rank import Ranked

_LONGEST: Final = 1024
_MOST: Final = 3
TaskPath = Annotated[
    str,
    Path(
        min_length=1, max_length=_LONGEST, description="The id of the task, with its source.", examples=[TASK]
    ),
]


def named_task(ranked: Sequence[Ranked], task_id: str) -> Ranked:
    """Return the task with an id. Looking for names that are near takes a while if there are many tasks.

    Raises:
        Refusal: There is none; those that may be meant are named.
    """
    found = next((one for one in ranked if one.task.id == task_id), None)
    if found is None:
        raise not_found(ranked, task_id)
    return found


def not_found(ranked: Sequence[Ranked], task_id: str) -> Refusal:
    """Return the refusal of what names no open task, with those that may be meant."""
    near = [f"{one.task.id} ({title_of(one.task)})" for one in islice(_near(ranked, task_id), _MOST)]
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return Refusal("TASK_NOT_FOUND", f"no open task has the id {task_id}{hint}")


def _near(ranked: Sequence[Ranked], task_id: str) -> Iterator[Ranked]:
    """Give tasks that words or a part of an id fit, else those with an id that looks alike."""
    meant = candidates(ranked, task_id)
    if meant:
        yield from meant
        return
    ids = get_close_matches(task_id, [one.task.id for one in ranked], n=_MOST)
    yield from (one for one in ranked if one.task.id in ids)
