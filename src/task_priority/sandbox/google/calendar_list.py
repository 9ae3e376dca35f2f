"""``calendarList.list``: which calendars, and what changed since a sync token."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from task_priority.sandbox.exchange import Json, Quirk, Reply, Request, json_reply
from task_priority.sandbox.google.calendars import Calendars
from task_priority.sandbox.google.errors import bad_request, full_sync_required, invalid
from task_priority.sandbox.google.page_tokens import PageTokens
from task_priority.sandbox.google.query import flag, page_size
from task_priority.sandbox.paging import Place, page_of
from task_priority.sandbox.tokens import BadToken, Sealer

_SYNC: Final = "google-list-sync"
_DEFAULT, _MOST = 100, 250
_ROLES: Final = ("freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")


@dataclass(frozen=True, slots=True)
class _Run:
    since: int | None
    as_of: int
    place: Place


class CalendarListing:
    """Answers ``calendarList.list``."""

    def __init__(self, calendars: Calendars, sealer: Sealer) -> None:
        self._calendars = calendars
        self._sealer = sealer
        self._pages = PageTokens(sealer, "google-list-page")

    def answer(self, request: Request) -> Reply:
        """Answer with one page."""
        run = self._run(request)
        rows = [
            ((id,), calendar.entry)
            for id, calendar in self._calendars.calendars.items()
            if self._is_wanted(id, calendar.entry, request, run.since)
        ]
        size = page_size(request, default=_DEFAULT, most=_MOST, limit=self._calendars.page_limit)
        page = page_of(rows, run.place, limit=size, quirks=request.quirks)
        told: Json = {
            "kind": "calendar#calendarList",
            "etag": f'"p{self._calendars.version:08d}"',
            "items": page.rows,
        }
        if page.next is not None:
            told["nextPageToken"] = self._pages.after(request, run.as_of, page.next)
        else:
            told["nextSyncToken"] = self._sealer.seal(_SYNC, run.as_of)
        return json_reply(told)

    def _run(self, request: Request) -> _Run:
        run = _Run(self._since(request), self._calendars.version, Place())
        given = self._pages.given(request)
        return run if given is None else replace(run, as_of=given[0], place=given[1])

    def _since(self, request: Request) -> int | None:
        token = request.one("syncToken")
        if token is None:
            return None
        for name in ("minAccessRole", "showOwnOrganizationOnly"):
            if name in request.query:
                raise bad_request(f"Sync token cannot be used with {name}.")
        if Quirk.EXPIRED_SYNC_TOKEN in request.quirks:
            raise full_sync_required()
        try:
            since = int(self._sealer.open(_SYNC, token))
        except BadToken as error:
            raise invalid("syncToken", "Invalid sync token value.") from error
        if since < self._calendars.entries_forgotten:
            raise full_sync_required()
        return since

    def _is_wanted(self, id: str, entry: Json, request: Request, since: int | None) -> bool:
        if since is not None:
            return self._calendars.entries_changed[id] > since
        role = request.one("minAccessRole")
        if role is not None and role not in _ROLES:
            raise invalid("minAccessRole", f"Invalid value: {role}")
        return (
            (role is None or _ROLES.index(entry["accessRole"]) >= _ROLES.index(role))
            and (not entry.get("deleted") or flag(request, "showDeleted"))
            and (not entry.get("hidden") or flag(request, "showHidden"))
        )
