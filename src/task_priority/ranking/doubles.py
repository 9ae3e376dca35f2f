"""Tasks that may be there twice: pointed out, and never made one."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from task_priority.model import Task


class _Plain(dict[int, str]):
    """What each character counts as: small, without accents, and a space if it is of no word; found when first met."""

    def __missing__(self, code: int) -> str:
        split = unicodedata.normalize("NFKD", chr(code).casefold())
        plain = "".join(one for one in split if not unicodedata.combining(one))
        self[code] = found = "".join(one if one.isalnum() or one == "_" else " " for one in plain)
        return found


_OF_ASCII: Final = bytes(range(128)).decode().translate(_Plain()).encode().ljust(256)
"""Most titles have no other characters, and bytes are translated several times faster."""


def doubles_of(tasks: Iterable[Task]) -> list[Sequence[Task]]:
    """Return the tasks that have the same words in their titles, together; in order of their titles.

    Order, case, accents and punctuation of the words do not matter. Tasks of one source count as doubles only if they
    are due at the same time and parts of the same task: what is done every week is often there more than once.
    """
    plain = _Plain()
    alike: dict[tuple[str, ...], list[Task]] = defaultdict(list)
    for task in tasks:
        if task.actionable and (words := _words(task.title, plain)):
            alike[words].append(task)
    found = [group for some in alike.values() if len(some) > 1 for group in _groups(some)]
    return sorted(found, key=lambda group: (group[0].title, group[0].id))


def _groups(tasks: Sequence[Task]) -> Iterable[Sequence[Task]]:
    ordered = sorted(tasks, key=lambda task: task.id)
    if len({_source(task) for task in ordered}) > 1:
        yield ordered
        return
    places: dict[object, list[Task]] = defaultdict(list)
    for task in ordered:
        places[task.due, task.deadline, task.parent].append(task)
    yield from (some for some in places.values() if len(some) > 1)


def _source(task: Task) -> str:
    return task.id.partition(":")[0]


def _words(title: str, plain: _Plain) -> tuple[str, ...]:
    if title.isascii():
        return tuple(sorted(title.encode().translate(_OF_ASCII).decode().split()))
    return tuple(sorted(title.translate(plain).split()))
