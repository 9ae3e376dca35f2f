"""The exporter of Todoist: tasks and what belongs to them, as they change, and what was completed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Final

from crossdock.exporting import Pull
from task_priority.exporters.asking import Asking
from task_priority.exporters.todoist.asking import BASE_URL, Todoist
from task_priority.exporters.todoist.changes import KIND_OF
from task_priority.exporters.todoist.completions import KIND, completions
from task_priority.exporters.todoist.gathering import gather

NAME: Final = "todoist"


class TodoistExporter:
    """Asks Todoist what changed.

    Args:
        token: Returns the API token of the user; asked at each question, and kept nowhere.
        base_url: Where the API is.
        asking: Makes what the questions of a run are sent with.
        now: Tells the time, aware.
    """

    name: str = NAME
    kinds: Sequence[str] = (*dict.fromkeys(KIND_OF.values()), KIND)

    def __init__(
        self,
        token: Callable[[], str],
        *,
        base_url: str = BASE_URL,
        asking: Callable[[], AbstractContextManager[Asking]] = Asking,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._token = token
        self._base_url = base_url
        self._asking = asking
        self._now = now

    def try_out(self) -> None:
        """Ask one small thing, to see whether the token works.

        Raises:
            DeliveryError: It does not, or Todoist does not answer.
        """
        with self._asking() as asking:
            Todoist(self._token, asking, base_url=self._base_url).user()

    def pull(self, states: Mapping[str, Any]) -> Iterator[Pull]:
        """Ask for what changed, then for what was completed, as ``Exporter`` says."""
        with self._asking() as asking:
            todoist = Todoist(self._token, asking, base_url=self._base_url)
            yield gather(todoist, states.get(""))
            yield from completions(todoist, states, now=self._now())
