"""``events.list``: which events, how they are told, page by page, and what changed since a sync token."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from task_priority.sandbox.clock import Clock, millis
from task_priority.sandbox.exchange import Json, Quirk, Reply, Request, json_reply
from task_priority.sandbox.google import instances
from task_priority.sandbox.google.calendars import Calendar, Calendars
from task_priority.sandbox.google.errors import bad_request, full_sync_required, invalid
from task_priority.sandbox.google.page_tokens import PageTokens
from task_priority.sandbox.google.query import Query, check_sync_parameters, page_size, query_of
from task_priority.sandbox.google.times import instant, is_day, zone_named
from task_priority.sandbox.paging import Place, page_of
from task_priority.sandbox.tokens import BadToken, Sealer

_SYNC: Final = "google-sync"
_DEFAULT, _MOST = 250, 2500
_PLAIN: Final = Query()
_PRIVATE: Final = (
    "id",
    "status",
    "kind",
    "etag",
    "start",
    "end",
    "recurrence",
    "recurringEventId",
    "originalStartTime",
)


@dataclass(frozen=True, slots=True)
class _Run:
    """A listing that a client goes through, from its first page to its last.

    Attributes:
        since: It tells what changed after this; None: everything.
        as_of: Its sync token will tell what changes after this.
    """

    query: Query
    since: int | None
    as_of: int
    place: Place


class EventListing:
    """Answers ``events.list`` and ``events.instances``."""

    def __init__(self, calendars: Calendars, sealer: Sealer, clock: Clock) -> None:
        self._calendars = calendars
        self._sealer = sealer
        self._pages = PageTokens(sealer, "google-page")
        self._clock = clock

    def answer(self, request: Request, calendar: Calendar) -> Reply:
        """Answer with one page of a calendar."""
        run = self._run(request, calendar)
        rows = [
            (_key(event, run.query, calendar), event)
            for event in self._wanted(calendar, run.query, run.since)
        ]
        return self._page(request, calendar, run, rows)

    def instances(self, request: Request, calendar: Calendar, series: Json) -> Reply:
        """Answer with one page of a series' instances."""
        query = replace(query_of(request, self._clock()), single_events=True)
        run = self._continued(request, _Run(query, None, self._calendars.version, Place()))
        original = request.one("originalStart")
        rows = [
            (_key(event, query, calendar), event)
            for event, version in self._unfolded(calendar, series, query)
            if self._is_wanted(calendar, event, query, version, None)
            and original
            in {None, event["originalStartTime"].get("dateTime", event["originalStartTime"].get("date"))}
        ]
        return self._page(request, calendar, run, rows, sync=False)

    def events_between(self, calendar: Calendar, first: datetime, last: datetime) -> list[Json]:
        """Return what takes place in a time, series unfolded."""
        return list(self._wanted(calendar, Query(single_events=True, time_min=first, time_max=last), None))

    def _run(self, request: Request, calendar: Calendar) -> _Run:
        token = request.one("syncToken")
        if token is None:
            query = query_of(request, self._clock())
            return self._continued(request, _Run(query, None, self._calendars.version, Place()))
        check_sync_parameters(request)
        if Quirk.EXPIRED_SYNC_TOKEN in request.quirks:
            raise full_sync_required()
        try:
            id, since, remembered = self._sealer.open(_SYNC, token)
        except BadToken as error:
            raise invalid("syncToken", "Invalid sync token value.") from error
        if id != calendar.entry["id"]:
            raise invalid("syncToken", "Invalid sync token value.")
        if since < calendar.forgotten:
            raise full_sync_required()
        query = _as_before(query_of(request, self._clock()), remembered)
        return self._continued(request, _Run(query, since, self._calendars.version, Place()))

    def _continued(self, request: Request, run: _Run) -> _Run:
        """Go on where a page token says."""
        given = self._pages.given(request)
        return run if given is None else replace(run, as_of=given[0], place=given[1])

    def _page(
        self,
        request: Request,
        calendar: Calendar,
        run: _Run,
        rows: list[tuple[tuple[str, ...], Json]],
        *,
        sync: bool = True,
    ) -> Reply:
        size = page_size(request, default=_DEFAULT, most=_MOST, limit=self._calendars.page_limit)
        page = page_of(rows, run.place, limit=size, quirks=request.quirks)
        entry = calendar.entry
        answer: Json = {
            "kind": "calendar#events",
            "etag": f'"p{self._calendars.version:08d}"',
            "summary": entry["summary"],
            "updated": millis(self._clock()),
            "timeZone": run.query.time_zone or entry["timeZone"],
            "accessRole": entry["accessRole"],
            "defaultReminders": entry["defaultReminders"],
            "items": [_listed(event, calendar, run) for event in page.rows],
        }
        if page.next is not None:
            answer["nextPageToken"] = self._pages.after(request, run.as_of, page.next)
        elif sync and _can_be_synced(run.query):
            packed = [entry["id"], run.as_of, run.query.packed()]
            answer["nextSyncToken"] = self._sealer.seal(_SYNC, packed)
        return json_reply(answer)

    def _wanted(self, calendar: Calendar, query: Query, since: int | None) -> Iterator[Json]:
        return (
            event
            for event, version in self._all(calendar, query)
            if self._is_wanted(calendar, event, query, version, since)
        )

    def _all(self, calendar: Calendar, query: Query) -> Iterator[tuple[Json, int]]:
        """Yield the events of a calendar, each with the number of its last change."""
        if not query.single_events:
            yield from ((event, calendar.changed[id]) for id, event in calendar.events.items())
            return
        for id, event in calendar.events.items():
            if "recurrence" in event:
                yield from self._unfolded(calendar, event, query)
            elif event.get("recurringEventId") not in calendar.events:
                yield event, calendar.changed[id]
        yield from ((event, calendar.changed[id]) for id, event in calendar.gone.items())

    def _unfolded(self, calendar: Calendar, series: Json, query: Query) -> Iterator[tuple[Json, int]]:
        """Yield the instances of a series, the changed ones among them wherever they are now."""
        id = series["id"]
        yield from ((exception, calendar.changed[exception["id"]]) for exception in calendar.exceptions(id))
        first = instant(series["start"], calendar.zone) - timedelta(days=1)
        if query.time_min is not None:
            first = max(first, query.time_min - instances.length_of(series) - timedelta(days=1))
        last = self._calendars.horizon if query.time_max is None else query.time_max + timedelta(days=1)
        for one in self._calendars.instances(calendar, series, first, last):
            if one["id"] not in calendar.events:
                yield one, calendar.changed[id]

    def _is_wanted(
        self, calendar: Calendar, event: Json, query: Query, version: int, since: int | None
    ) -> bool:
        if query.event_types and event.get("eventType", "default") not in query.event_types:
            return False
        if since is not None:
            return version > since
        if query.updated_min is not None:
            if datetime.fromisoformat(event.get("updated", "1970-01-01T00:00:00Z")) < query.updated_min:
                return False
        elif event["status"] == "cancelled" and not (
            query.show_deleted or _is_exception_of_living(calendar, event, query)
        ):
            return False
        return _is_like(event, query) and self._is_within(calendar, event, query)

    def _is_within(self, calendar: Calendar, event: Json, query: Query) -> bool:
        """Say whether an event, or any instance of a series, is in the wanted time; both bounds are exclusive."""
        if query.time_min is None and query.time_max is None:
            return True
        if "start" not in event:
            return False
        first = query.time_min or datetime.min.replace(tzinfo=UTC)
        last = query.time_max or datetime.max.replace(tzinfo=UTC)
        if "recurrence" in event and not query.single_events:
            if instances.is_frequent(event):
                return instant(event["start"], calendar.zone) < last
            unfolded = replace(query, single_events=True)
            return any(
                self._is_within(calendar, one, unfolded)
                for one, _ in self._unfolded(calendar, event, unfolded)
            )
        return instant(event["end"], calendar.zone) > first and instant(event["start"], calendar.zone) < last


def _as_before(query: Query, remembered: Json) -> Query:
    """Return a query with the window of the first run; the other parameters must be those of then.

    Raises:
        GoogleRefusal: They are not. Google calls the outcome undefined; here it is refused.
    """
    bounds = [name for name in ("time_min", "time_max") if name in remembered]
    window = {name: datetime.fromisoformat(remembered.pop(name)) for name in bounds}
    remembered.pop("show_deleted", None)
    now = replace(query, show_deleted=False).packed()
    if json.loads(json.dumps(now)) != remembered:
        raise bad_request("The parameters must be those of the request that gave the sync token.")
    return replace(query, time_min=window.get("time_min"), time_max=window.get("time_max"))


def _can_be_synced(query: Query) -> bool:
    """Say whether a listing gets a sync token: not if it was ordered or searched."""
    searched = (query.order_by, query.icaluid, query.text, query.updated_min)
    return all(one is None for one in searched) and not query.private and not query.shared


def _key(event: Json, query: Query, calendar: Calendar) -> tuple[str, ...]:
    match query.order_by:
        case "startTime":
            start = event.get("start") or event.get("originalStartTime")
            return (instant(start, calendar.zone).isoformat() if start else "", event["id"])
        case "updated":
            return (event.get("updated", ""), event["id"])
        case _:
            return (event["id"],)


def _is_exception_of_living(calendar: Calendar, event: Json, query: Query) -> bool:
    series = calendar.events.get(event.get("recurringEventId", ""))
    return not query.single_events and series is not None and series["status"] != "cancelled"


def _is_like(event: Json, query: Query) -> bool:
    if query.icaluid is not None and event.get("iCalUID") != query.icaluid:
        return False
    if query.text is not None:
        texts = (event.get(name, "") for name in ("summary", "description", "location"))
        if query.text.casefold() not in " ".join(texts).casefold():
            return False
    return _has_all(event, "private", query.private) and _has_all(event, "shared", query.shared)


def _has_all(event: Json, kind: str, wanted: tuple[str, ...]) -> bool:
    properties = event.get("extendedProperties", {}).get(kind, {})
    return all(properties.get(pair.partition("=")[0]) == pair.partition("=")[2] for pair in wanted)


def told(event: Json, calendar: Calendar, query: Query = _PLAIN) -> Json:
    """Return an event as a reader of the calendar gets it."""
    if event["status"] == "cancelled":
        kept = ("kind", "etag", "id", "status", "recurringEventId", "originalStartTime")
        return {name: event[name] for name in kept if name in event}
    if calendar.entry["accessRole"] == "freeBusyReader" or _is_hidden(event, calendar):
        return {name: event[name] for name in _PRIVATE if name in event} | {"visibility": "private"}
    whole = copy.deepcopy(event)
    if query.max_attendees is not None and len(whole.get("attendees", ())) > query.max_attendees:
        whole["attendees"] = whole["attendees"][: query.max_attendees]
        whole["attendeesOmitted"] = True
    return _in_zone(whole, query.time_zone)


def _is_hidden(event: Json, calendar: Calendar) -> bool:
    return event.get("visibility") == "private" and calendar.entry["accessRole"] == "reader"


def _listed(event: Json, calendar: Calendar, run: _Run) -> Json:
    """Return an event as a list has it.

    Of one that is cancelled Google promises a few fields only. Here a list of what changed has more of it than a list
    of everything: whoever relies on more than is promised, or on the same each time, finds out.
    """
    whole = told(event, calendar, run.query)
    if run.since is None or event["status"] != "cancelled" or "updated" not in event:
        return whole
    return whole | {"updated": event["updated"]}


def _in_zone(event: Json, name: str | None) -> Json:
    if name is not None:
        zone = zone_named(name)
        for part in ("start", "end"):
            if not is_day(event[part]):
                moment = datetime.fromisoformat(event[part]["dateTime"]).astimezone(zone)
                event[part]["dateTime"] = moment.isoformat()
    return event
