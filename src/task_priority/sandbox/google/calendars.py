"""What Google Calendar holds: calendars, their events and exceptions, and since when each is as it is."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from task_priority.sandbox.clock import Clock, millis
from task_priority.sandbox.exchange import Json
from task_priority.sandbox.google import instances
from task_priority.sandbox.google.errors import GoogleRefusal, bad_request, not_found
from task_priority.sandbox.google.times import checked, instant, is_day
from task_priority.sandbox.ids import Ids

_HORIZON: Final = timedelta(days=730)
_FIXED: Final = (
    "id",
    "kind",
    "etag",
    "created",
    "updated",
    "creator",
    "recurringEventId",
    "originalStartTime",
)


@dataclass(slots=True)
class Calendar:
    """One calendar.

    Attributes:
        entry: As it stands in the calendar list.
        events: By id: single events, series and exceptions, the cancelled ones among them.
        changed: The number of each event's last change.
        gone: Instances that a series had before it was changed, by id.
        forgotten: Sync tokens from before this change have expired.
    """

    entry: Json
    events: dict[str, Json] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    gone: dict[str, Json] = field(default_factory=dict)
    forgotten: int = 0

    @property
    def zone(self) -> ZoneInfo:
        """Where its days begin and end."""
        return ZoneInfo(self.entry["timeZone"])

    def exceptions(self, series: str) -> list[Json]:
        """Return what was changed or cancelled of a series."""
        return [one for one in self.events.values() if one.get("recurringEventId") == series]


class Calendars:
    """The calendars of an account, and what can be done to them.

    Attributes:
        version: The number of the last change of anything.
        entries_changed: The number of each calendar's last change in the list.
        page_limit: At most so many rows on a page, whatever the client asks; None: as it asks.
    """

    def __init__(self, *, clock: Clock, ids: Ids, email: str, timezone: str) -> None:
        self.email = email
        self.timezone = timezone
        self.version = 0
        self.entries_changed: dict[str, int] = {}
        self.entries_forgotten = 0
        self.page_limit: int | None = None
        self.horizon = clock() + _HORIZON
        self.calendars: dict[str, Calendar] = {}
        self._clock = clock
        self._ids = ids
        self.add_calendar(email, id=email, primary=True)

    def calendar(self, id: str) -> Calendar:
        """Return a calendar; ``primary`` is the user's own.

        Raises:
            GoogleRefusal: There is none.
        """
        found = self.calendars.get(self.email if id == "primary" else id)
        if found is None or found.entry.get("deleted"):
            raise not_found()
        return found

    def add_calendar(self, summary: str, **fields: Any) -> Json:
        """Put a calendar into the list; what is false in an entry is left out."""
        id = fields.pop("id", None) or f"{self._ids.google()}@group.calendar.google.com"
        entry: Json = {
            "kind": "calendar#calendarListEntry",
            "id": id,
            "summary": summary,
            "timeZone": self.timezone,
            "colorId": "14",
            "backgroundColor": "#9fe1e7",
            "foregroundColor": "#000000",
            "selected": True,
            "accessRole": "owner",
            "defaultReminders": [{"method": "popup", "minutes": 10}],
            "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
        }
        self.calendars[id] = Calendar(_without_false(entry | fields))
        self._list_changed(id)
        return self.calendars[id].entry

    def change_calendar(self, id: str, **fields: Any) -> Json:
        """Change an entry of the list."""
        calendar = self.calendar(id)
        calendar.entry = _without_false(calendar.entry | fields)
        self._list_changed(calendar.entry["id"])
        return calendar.entry

    def remove_calendar(self, id: str) -> None:
        """Take a calendar out of the list, with its events."""
        calendar = self.calendar(id)
        calendar.entry = calendar.entry | {"deleted": True}
        self._list_changed(calendar.entry["id"])

    def event(self, calendar: str, id: str) -> Json:
        """Return an event, or an instance of a series.

        Raises:
            GoogleRefusal: There is none.
        """
        there = self.calendar(calendar)
        if id in there.events:
            return there.events[id]
        return self._instance(there, id)

    def add_event(self, calendar: str = "primary", **fields: Any) -> Json:
        """Add an event: ``summary``, ``start``, ``end``, ``recurrence`` and so on, as in an insert.

        Raises:
            GoogleRefusal: Its times or its recurrence cannot be read, or the id is taken.
        """
        there = self.calendar(calendar)
        id = fields.pop("id", None) or self._ids.google()
        if id in there.events:
            raise GoogleRefusal(409, "duplicate", "The requested identifier already exists.")
        now = millis(self._clock())
        me = {"email": self.email, "self": True}
        event: Json = {
            "kind": "calendar#event",
            "id": id,
            "status": "confirmed",
            "htmlLink": f"https://www.google.com/calendar/event?eid={id}",
            "created": now,
            "creator": me,
            "organizer": me,
            "iCalUID": f"{id}@google.com",
            "sequence": 0,
            "reminders": {"useDefault": True},
            "eventType": "default",
            **fields,
        }
        self._put(there, self._timed(there, event))
        return event

    def change_event(self, calendar: str, id: str, **fields: Any) -> Json:
        """Change an event; an instance becomes an exception of its series.

        Raises:
            GoogleRefusal: There is none, or the change cannot be read.
        """
        there = self.calendar(calendar)
        before = self.event(calendar, id)
        kept = {name: value for name, value in fields.items() if name not in _FIXED}
        after = copy.deepcopy(before) | kept
        after = {name: value for name, value in after.items() if value is not None}
        after["sequence"] = before.get("sequence", 0) + 1
        self._put(there, self._timed(there, after))
        if "recurrence" in before or "recurrence" in after:
            self._follow_series(there, before, after)
        return after

    def delete_event(self, calendar: str, id: str) -> None:
        """Cancel an event, a series with its exceptions, or one instance.

        Raises:
            GoogleRefusal: There is none, or it was deleted before.
        """
        there = self.calendar(calendar)
        event = self.event(calendar, id)
        if event["status"] == "cancelled":
            raise GoogleRefusal(410, "deleted", "Resource has been deleted")
        self._put(there, copy.deepcopy(event) | {"status": "cancelled"})
        for exception in there.exceptions(id):
            self._put(there, exception | {"status": "cancelled"})

    def move_event(self, calendar: str, id: str, destination: str) -> Json:
        """Move an event to another calendar, where it keeps its id."""
        event = self.event(calendar, id)
        self.delete_event(calendar, id)
        there = self.calendar(destination)
        self._put(there, moved := copy.deepcopy(event) | {"status": "confirmed"})
        return moved

    def expire_sync_tokens(self, calendar: str | None = None) -> None:
        """Let the sync tokens of a calendar expire, or of all and of the list."""
        self.version += 1
        if calendar is not None:
            self.calendar(calendar).forgotten = self.version
            return
        self.entries_forgotten = self.version
        for each in self.calendars.values():
            each.forgotten = self.version

    def instances(self, there: Calendar, series: Json, first: datetime, last: datetime) -> Iterator[Json]:
        """Yield the instances of a series that are meant to start in a time, changed ones as they are.

        Args:
            there: Has the series.
            series: One that repeats.
            first: In UTC.
            last: In UTC; never beyond the horizon.
        """
        for original in instances.starts(series, first, min(last, self.horizon)):
            id = instances.instance_id(series["id"], original)
            changed = there.events.get(id)
            yield changed if changed is not None else instances.instance(series, original)

    def _instance(self, there: Calendar, id: str) -> Json:
        series = there.events.get(id.rpartition("_")[0])
        if series is None or "recurrence" not in series:
            raise not_found()
        beginning = instant(series["start"], there.zone) - timedelta(days=1)
        for one in self.instances(there, series, beginning, self.horizon):
            if one["id"] == id:
                return one
        raise not_found()

    def _timed(self, there: Calendar, event: Json) -> Json:
        """Write the times as Google does, and hold them and the recurrence against its rules."""
        for name in ("start", "end"):
            event[name] = checked(event.get(name), name, there.entry["timeZone"])
        if is_day(event["start"]) != is_day(event["end"]):
            raise bad_request("The start and end times must either both be date or both be dateTime.")
        if instant(event["end"], there.zone) < instant(event["start"], there.zone):
            raise bad_request("The specified time range is empty.")
        if "recurrence" in event:
            instances.recurrences(event["recurrence"], event["start"])
        return event

    def _put(self, there: Calendar, event: Json) -> None:
        self.version += 1
        event["updated"] = millis(self._clock())
        event["etag"] = f'"{self.version:016d}"'
        there.events[event["id"]] = event
        there.changed[event["id"]] = self.version

    def _follow_series(self, there: Calendar, before: Json, after: Json) -> None:
        """Note which instances a changed series has no more, and cancel the exceptions of those."""
        if instances.is_frequent(before) or instances.is_frequent(after):
            return
        old, new = self._shown_ids(there, before), self._shown_ids(there, after)
        for id in old - new:
            if id in there.events and id != after["id"]:
                self._put(there, there.events[id] | {"status": "cancelled"})
            else:
                there.gone[id] = {"kind": "calendar#event", "id": id, "status": "cancelled"}
                there.changed[id] = self.version
        for id in new & there.gone.keys():
            del there.gone[id]

    def _shown_ids(self, there: Calendar, event: Json) -> set[str]:
        """Return under which ids an event is told if series are unfolded."""
        if "recurrence" not in event:
            return {event["id"]}
        beginning = instant(event["start"], there.zone) - timedelta(days=1)
        return {
            instances.instance_id(event["id"], original)
            for original in instances.starts(event, beginning, self.horizon)
        }

    def _list_changed(self, id: str) -> None:
        self.version += 1
        self.calendars[id].entry["etag"] = f'"{self.version:016d}"'
        self.entries_changed[id] = self.version


def _without_false(entry: Json) -> Json:
    return {name: value for name, value in entry.items() if value is not False and value is not None}
