"""Exports lists and tasks from Google Tasks, which has no sync tokens: by time, and once a day by comparing all.

Source: Google Tasks API v1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from crossdock import PermanentError, TransientError
from crossdock.exporting import Found, Pull, SetAside
from task_priority.credentials import Credentials
from task_priority.exporters.asking import Asking
from task_priority.exporters.google.asking import Google, Page
from task_priority.exporters.google.grant import TASKS_SCOPES
from task_priority.exporters.google.refusals import Expired, Refused
from task_priority.exporters.google.tokens import Tokens

TASKS_URL: Final = "https://tasks.googleapis.com/tasks/v1"
LISTS: Final = "lists"
TASKS: Final = "tasks"
_SERVICE: Final = "Google Tasks"
_API: Final = "tasks.googleapis.com"
_LISTS_ASKED: Final[Mapping[str, Any]] = {"maxResults": 1000}
# What Google's own apps tick off is hidden, too; what comes from documents and chats is left out if not asked for.
_TASKS_ASKED: Final[Mapping[str, Any]] = {
    "maxResults": 100,
    "showCompleted": True,
    "showDeleted": True,
    "showHidden": True,
    "showAssigned": True,
}
OVERLAP: Final = timedelta(minutes=5)
"""The clocks of Google's servers may differ, and a change may be seen later than it was made."""
COMPARE_EVERY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Position:
    """How far the tasks of a list are exported; both by the server's clock.

    Attributes:
        asked: When the last answer began.
        compared: When all tasks were last compared.
    """

    asked: datetime
    compared: datetime

    @classmethod
    def of(cls, state: object, now: datetime | None) -> Position | None:
        """Read a stored state; None: all tasks must be compared."""
        if not isinstance(state, Mapping) or now is None:
            return None
        position = cls(datetime.fromisoformat(state["asked"]), datetime.fromisoformat(state["compared"]))
        return position if position.compared <= now < position.compared + COMPARE_EVERY else None

    def to_state(self) -> dict[str, str]:
        """Return the state to be stored."""
        return {"asked": self.asked.isoformat(), "compared": self.compared.isoformat()}


class GoogleTasksExporter:
    """Asks Google Tasks what changed.

    Objects of the kind ``lists`` have Google's ids, those of the kind ``tasks`` ``<list>/<task>``. The tasks of each
    list have the scope ``tasks/<list>``.

    Args:
        credentials: Hold the grant.
        asking: To ask with.
        base_url: Of the service.
    """

    name = "google-tasks"
    kinds: Sequence[str] = (LISTS, TASKS)

    def __init__(self, credentials: Credentials, asking: Asking, *, base_url: str = TASKS_URL) -> None:
        self._tokens = Tokens(credentials, asking, TASKS_SCOPES)
        self._google = Google(asking, self._tokens, base_url, service=_SERVICE, api=_API)

    def try_out(self) -> None:
        """Ask for the lists alone, to see whether the sign-in works.

        Raises:
            DeliveryError: It does not, or Google does not answer.
        """
        self._lists()

    def pull(self, states: Mapping[str, Any]) -> Iterator[Pull]:
        """Ask for the lists, then for the tasks of each; see ``crossdock.exporting.Exporter``."""
        found, set_aside, now = self._lists()
        yield Pull(
            scope=LISTS,
            state=None,
            found=found,
            set_aside=set_aside,
            whole=frozenset({LISTS}),
            ended=frozenset(one for one in states if one.startswith(f"{TASKS}/"))
            - {_scope(one.id) for one in found},
        )
        warning = self._tokens.warning()
        if warning is not None:
            yield Pull(LISTS, None, remark=warning)
        for one in found:
            yield self._tasks(one, states.get(_scope(one.id)), now)

    def _lists(self) -> tuple[list[Found], list[SetAside], datetime | None]:
        try:
            pages = list(self._google.pages("/users/@me/lists", _LISTS_ASKED, kind="tasks#taskLists"))
        except Refused as error:
            raise PermanentError(f"{_SERVICE} does not give your lists ({error})") from error
        except Expired as error:
            raise TransientError(f"{_SERVICE} lost its place in your lists ({error})") from error
        found, set_aside = _sorted_out(LISTS, "", pages)
        if not found:
            raise TransientError(
                f"{_SERVICE} tells of no lists, though each account has one; nothing was changed"
            )
        return found, set_aside, pages[0].answered

    def _tasks(self, of: Found, state: object, now: datetime | None) -> Pull:
        position, remark = Position.of(state, now), None
        try:
            if position is not None:
                try:
                    return self._answer(of, position)
                except Expired as error:
                    remark = (
                        f"Google no longer tells what changed in {_title_of(of)} ({error}): all was read anew"
                    )
            return self._answer(of, None, remark)
        except Refused as error:
            return Pull(
                _scope(of.id), state, remark=f"Google does not give the tasks of {_title_of(of)} ({error})"
            )
        except Expired as error:
            raise TransientError(f"{_SERVICE} lost its place in {_title_of(of)} ({error})") from error

    def _answer(self, of: Found, position: Position | None, remark: str | None = None) -> Pull:
        asked = dict(_TASKS_ASKED)
        if position is not None:
            asked["updatedMin"] = _written(position.asked - OVERLAP)
        pages = list(self._google.pages(f"/lists/{quote(of.id, safe='')}/tasks", asked, kind="tasks#tasks"))
        found, set_aside = _sorted_out(TASKS, f"{of.id}/", pages)
        return Pull(
            scope=_scope(of.id),
            state=_next(position, pages[0].answered),
            found=found,
            set_aside=set_aside,
            whole=frozenset({TASKS} if position is None else ()),
            remark=remark,
        )


def _sorted_out(kind: str, prefix: str, pages: Sequence[Page]) -> tuple[list[Found], list[SetAside]]:
    found, set_aside = [], []
    for item in (item for page in pages for item in page.items):
        if isinstance(item, Mapping) and isinstance(item.get("id"), str) and item["id"]:
            found.append(Found(kind, prefix + item["id"], None if item.get("deleted") is True else item))
        else:
            set_aside.append(SetAside(kind, None, "it has no id", item))
    return found, set_aside


def _next(position: Position | None, answered: datetime | None) -> dict[str, str] | None:
    """Return where to go on from; without a time of the server's, nowhere."""
    if answered is None:
        return None
    return Position(answered, answered if position is None else position.compared).to_state()


def _title_of(tasklist: Found) -> str:
    return str((tasklist.data or {}).get("title") or tasklist.id)


def _scope(tasklist: str) -> str:
    return f"{TASKS}/{tasklist}"


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
