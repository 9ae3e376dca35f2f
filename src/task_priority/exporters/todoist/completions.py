"""What was completed in Todoist: asked for by month, since a full synchronisation does not tell it.

A month is asked for as a whole, so that what is reopened leaves the list again, until some days after its end, when
devices that were offline have told, too, what was done on them. A task that repeats is completed many times under one
id, so that a completion is named by task and time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from crossdock.exporting import Found, Pull, SetAside
from task_priority.exporters.todoist.asking import Refused, Todoist
from task_priority.exporters.todoist.changes import id_of
from task_priority.exporters.todoist.dates import instant_of

KIND: Final = "completed"
_PATH: Final = "/tasks/completed/by_completion_date"
_MONTHS: Final = 3
_LATE: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class _Month:
    start: datetime

    @property
    def end(self) -> datetime:
        return (self.start + timedelta(days=31)).replace(day=1)

    @property
    def before(self) -> _Month:
        return _Month((self.start - timedelta(days=1)).replace(day=1))

    @property
    def scope(self) -> str:
        return f"{KIND} {self.start:%Y-%m}"


def completions(todoist: Todoist, states: Mapping[str, Any], *, now: datetime) -> Iterator[Pull]:
    """Ask for what was completed in this month and the two before it.

    Args:
        todoist: Is asked.
        states: By scope; a month that is settled is not asked for again.
        now: Aware.

    Raises:
        DeliveryError: As ``Todoist.pages`` says; the months already yielded may be stored.
    """
    months = _months(now)
    scopes = {month.scope for month in months}
    ended = frozenset(scope for scope in states if scope.startswith(f"{KIND} ") and scope not in scopes)
    for month in months:
        settled = states.get(month.scope)
        if isinstance(settled, dict) and settled.get("settled") is True:
            continue
        yield _pull(todoist, month, now=now, ended=ended)
        ended = frozenset()


def take_completed(raw: object) -> Found | SetAside:
    """Take a completed task, or one completion of a task that repeats."""
    if not isinstance(raw, dict):
        return SetAside(KIND, None, f"it is no object but {raw!r:.80}", raw)
    id, completed = id_of(raw.get("id")), raw.get("completed_at")
    if id is None:
        return SetAside(KIND, None, "it has no id that can be read", raw)
    try:
        when = instant_of(completed)
    except ValueError as error:
        return SetAside(KIND, id, f"completed_at: {error}", raw)
    return Found(KIND, f"{id}@{when.isoformat()}", raw)


def _pull(todoist: Todoist, month: _Month, *, now: datetime, ended: frozenset[str]) -> Pull:
    taken = [take_completed(raw) for raw in _asked(todoist, month)]
    set_aside = [one for one in taken if isinstance(one, SetAside)]
    return Pull(
        scope=month.scope,
        state={"settled": now >= month.end + _LATE},
        found=[one for one in taken if isinstance(one, Found)],
        set_aside=set_aside,
        whole=frozenset() if set_aside else frozenset({KIND}),
        ended=ended,
    )


def _asked(todoist: Todoist, month: _Month) -> list[Any]:
    params = {
        name: f"{when:%Y-%m-%dT%H:%M:%SZ}" for name, when in (("since", month.start), ("until", month.end))
    }
    try:
        return list(todoist.pages(_PATH, params, items="items"))
    except Refused as refused:
        if "cursor" not in refused.about:
            raise
        return list(todoist.pages(_PATH, params, items="items"))  # as the reference says of a bad cursor


def _months(now: datetime) -> list[_Month]:
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = [_Month(first)]
    while len(months) < _MONTHS:
        months.append(months[-1].before)
    return months
