"""The lists of completed tasks, which are the only place that tells the completions of repeating ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from task_priority.sandbox.exchange import Json, Reply, Request
from task_priority.sandbox.todoist.account import Account
from task_priority.sandbox.todoist.due import local_moment
from task_priority.sandbox.todoist.errors import invalid, missing
from task_priority.sandbox.todoist.filters import matching
from task_priority.sandbox.todoist.listing import Listing

_LONGEST_BY_COMPLETION: Final = timedelta(days=92)
_LONGEST_BY_DUE: Final = timedelta(weeks=6)


class Completed:
    """Answers about completed tasks."""

    def __init__(self, account: Account, listing: Listing) -> None:
        self._account = account
        self._listing = listing

    def by_completion_date(self, request: Request) -> Reply:
        """List what was completed in a time, at most three months long."""
        return self._list(request, _LONGEST_BY_COMPLETION, self._completed_at)

    def by_due_date(self, request: Request) -> Reply:
        """List what was completed and due in a time, at most six weeks long."""
        return self._list(request, _LONGEST_BY_DUE, self._due_at)

    def search(self, request: Request) -> Reply:
        """List the completed tasks whose text has the words of a query."""
        query = (request.one("query") or "").casefold()
        if not query:
            raise missing("query")
        found = [one for one in self._account.completions if query in one["content"].casefold()]
        return self._listing.answer(request, [(_key(one), one) for one in found], envelope="items")

    def _list(self, request: Request, longest: timedelta, when: Callable[[Json], datetime | None]) -> Reply:
        since, until = self._instant(request, "since"), self._instant(request, "until")
        if until < since or until - since > longest:
            raise invalid("until", f"at most {longest.days} days after since")
        found = [
            one
            for one in self._account.completions
            if (moment := when(one)) is not None and since <= moment < until and _is_within(one, request)
        ]
        if query := request.one("filter_query"):
            found = list(matching(query, found, self._account))
        return self._listing.answer(request, [(_key(one), one) for one in found], envelope="items")

    def _instant(self, request: Request, name: str) -> datetime:
        value = request.one(name)
        if value is None:
            raise missing(name)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise invalid(name, "a date and time such as 2026-03-02T08:15:00Z") from error
        return (moment if moment.tzinfo else moment.replace(tzinfo=self._account.zone)).astimezone(UTC)

    @staticmethod
    def _completed_at(one: Json) -> datetime:
        return datetime.fromisoformat(one["completed_at"])

    def _due_at(self, one: Json) -> datetime | None:
        if one["due"] is None:
            return None
        if one["due"]["date"].endswith("Z"):
            return datetime.fromisoformat(one["due"]["date"])
        return local_moment(one["due"]).replace(tzinfo=self._account.zone).astimezone(UTC)


def _key(one: Json) -> tuple[str, ...]:
    return one["completed_at"], one["id"]


def _is_within(one: Json, request: Request) -> bool:
    places = ("project_id", "section_id", "parent_id")
    return all(request.one(name) in {None, one[name]} for name in places)
