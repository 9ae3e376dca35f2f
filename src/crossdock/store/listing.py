"""Lists messages in the order of their arrival, whatever else the table holds.

No index has the messages of one app in that order: it would cost every send. So each index that holds a part of them
is asked for the first ids of its part, and the parts are merged.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from crossdock.domain.following import Changed
from crossdock.domain.lifecycle import Status
from crossdock.domain.message import HIGHEST_PRIORITY
from crossdock.store.codec import archived_record_from, record_from
from crossdock.store.statements import archive, listing
from crossdock.store.types import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from crossdock.domain.record import Record
    from crossdock.store.codec import Fetch

    Part: TypeAlias = tuple[Callable[..., Any], dict[str, Any], dict[str, Any]]
    """A statement, its parameters, its options."""

_STEP: Final = 1000
_STEPS: Final = 10
"""No index has the instants of changes, for each change would pay for it: so many are looked at in one request."""
_PRIORITIES: Final = range(HIGHEST_PRIORITY + 1)
_FINISHED: Final = (Status.COMPLETED, Status.FAILED)


class Listing:
    """One request for a list.

    Args:
        run: Executes a statement with parameters and options, and returns its rows.
        app: Whose messages; None: all.
        status: Which; None: all that are not archived.
        newest_first: The order is turned round.
    """

    def __init__(
        self,
        run: Callable[..., list[Any]],
        *,
        app: str | None,
        status: Status | None,
        newest_first: bool,
    ) -> None:
        self._run = run
        self._app = app
        self._status = status
        self._newest_first = newest_first

    def records(self, after: int, limit: int, fetch: Fetch) -> list[Record]:
        """Return the first records behind a row id; those that are hidden are passed over."""
        found: list[Record] = []
        while len(found) < limit:
            wanted = limit - len(found)
            ids = self._ids(after, wanted)
            found += self._read(ids, fetch)
            if len(ids) < wanted:
                break
            after = ids[-1]
        return found

    def changed(self, since: datetime, after: int, limit: int, fetch: Fetch) -> Changed:
        """Return the first records behind a row id that were changed then or later, of so many as may be looked at."""
        found: list[Record] = []
        for _ in range(_STEPS):
            ids = self._ids(after, _STEP)
            found += self._read(ids, fetch, since)
            if len(found) > limit:
                return Changed(found[:limit], found[limit - 1].row_id)
            if len(ids) < _STEP:
                return Changed(found, None)
            after = ids[-1]
        return Changed(found, after)

    def _read(self, ids: list[int], fetch: Fetch, since: datetime | None = None) -> Iterator[Record]:
        archived = self._status is Status.ARCHIVED
        build: Callable[..., Any] = archive.archived_records if archived else listing.records
        read: Callable[..., Record] = archived_record_from if archived else record_from
        parameters = {"ids": json.dumps(ids)}
        options = {"newest_first": self._newest_first}
        if since is not None:
            parameters["since"] = to_text(since)
            options["with_since"] = True
        for row in self._run(build, parameters, **options):
            yield read(row, fetch)

    def _ids(self, after: int, limit: int) -> list[int]:
        bounds = {"after": after, "limit": limit}
        everything = self._app is None and self._status is None
        parts: Iterable[Part] = [(listing.ids_of_all, {}, {})] if everything else self._parts()
        pages = [
            self._run(build, {**bounds, **parameters}, **options, newest_first=self._newest_first)
            for build, parameters, options in parts
        ]
        merged = sorted((row_id for page in pages for (row_id,) in page), reverse=self._newest_first)
        return merged[:limit]

    def _parts(self) -> Iterator[Part]:
        """Give the parts of what is asked for."""
        if self._status in {None, Status.PENDING}:
            yield from self._waiting()
        of_app = {} if self._app is None else {"app": self._app}
        if self._status is Status.ARCHIVED:
            yield archive.archived_ids, of_app, {"with_app": bool(of_app)}
        if self._status in {None, Status.PROCESSING}:
            yield listing.ids_processing, of_app, {"with_app": bool(of_app)}
        for status in _FINISHED:
            if self._status in {None, status}:
                for app in self._apps(listing.finished):
                    parameters = {"app": app, "status": status.value}
                    yield listing.ids_in_order, parameters, {"part": listing.finished}

    def _waiting(self) -> Iterator[Part]:
        for part in (listing.unharmed, listing.suspect):
            for app in self._apps(part):
                for priority in _PRIORITIES:
                    yield listing.ids_in_order, {"app": app, "priority": priority}, {"part": part}
        for part in (listing.scheduled, listing.blocked):
            for app in self._apps(part):
                yield listing.ids_in_order, {"app": app}, {"part": part}

    def _apps(self, part: Callable[[], Any]) -> Iterator[str]:
        """Give the apps that are asked for and have messages of a part."""
        if self._app is not None:
            yield self._app
        else:
            yield from apps_by_steps(self._run, listing.next_app, part=part)


def apps_by_steps(
    run: Callable[..., list[Any]], next_app: Callable[..., Any], **options: Any
) -> Iterator[str]:
    """Give the names of apps in order, each found by one step in an index.

    Args:
        run: Executes a statement with parameters and options, and returns its rows.
        next_app: The statement that returns the name behind another, or NULL.
        options: Of that statement.
    """
    ((app,),) = run(next_app, {"app": ""}, **options)
    while app is not None:
        yield app
        ((app,),) = run(next_app, {"app": app}, **options)
