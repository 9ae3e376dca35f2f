"""Pages of the ranked list: those of one sight belong together, though the list is ranked anew meanwhile."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from crossdock.api import Refusal

if TYPE_CHECKING:
    from task_priority.api.watching import Sight
    from task_priority.choosing import Choice
    from task_priority.ranking.rank import Ranked


class Mark(NamedTuple):
    """Where a page ends.

    Attributes:
        sight: The tag of what the page was made of.
        place: Of its last task.
        task: The id of that.
    """

    sight: str
    place: int
    task: str

    def cursor(self) -> str:
        """Return what a caller shows to go on."""
        return base64.urlsafe_b64encode(json.dumps(self).encode()).decode().rstrip("=")

    @classmethod
    def of(cls, cursor: str) -> Mark:
        """Read what a caller shows.

        Raises:
            Refusal: It is none of ours.
        """
        try:
            sight, place, task = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            return cls(str(sight), int(place), str(task))
        except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
            raise Refusal(
                "VALIDATION_ERROR", "cursor: is none of ours", [("cursor", "is none of ours")]
            ) from error


class Page(NamedTuple):
    """A part of the list.

    Attributes:
        total: So many tasks are wanted, on all pages together.
        mark: Where it ends; None: it is the last.
    """

    tasks: Sequence[Ranked]
    total: int
    mark: Mark | None


def page_of(sight: Sight, choice: Choice, *, after: Mark | None, limit: int) -> Page:
    """Return the tasks that are wanted behind a mark.

    Of a mark that another sight was marked with, the task counts if it is in the list still, else its place.
    """
    wanted = [one for one in sight.overview.plan.ranked if choice.includes(one)]
    behind = 0 if after is None else _place(sight, after)
    left = [one for one in wanted if one.place > behind]
    shown = left[:limit]
    mark = Mark(sight.tag, shown[-1].place, shown[-1].task.id) if len(left) > limit else None
    return Page(shown, len(wanted), mark)


def _place(sight: Sight, mark: Mark) -> int:
    if mark.sight == sight.tag:
        return mark.place
    return next((one.place for one in sight.overview.plan.ranked if one.task.id == mark.task), mark.place)
