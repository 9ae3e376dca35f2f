"""Makes events of what Google Calendar told: series unfolded, with what was moved and cancelled of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, tzinfo
from typing import Any, Final, TypeAlias

from task_priority.expansion.series import Series, expand
from task_priority.expansion.written import write_moment
from task_priority.exporters.google.calendar_exporter import CALENDARS, GoogleCalendarExporter
from task_priority.exporters.google.event_changes import EVENTS, split_key
from task_priority.exporters.google.recurrence import recurrence_of
from task_priority.exporters.google.times import moment_of, zone_name_of, zone_of
from task_priority.model import Answer, Event, EventId, EventKind
from task_priority.moments import Day, Floating, Instant, Moment, start_of
from task_priority.reading import Objects, Reading, Unread, Window
from task_priority.words import UNTITLED

Told: TypeAlias = Mapping[str, Any]

_KINDS: Final[Mapping[str, EventKind]] = {
    "outOfOffice": EventKind.OUT_OF_OFFICE,
    "focusTime": EventKind.FOCUS_TIME,
    "workingLocation": EventKind.WORKING_LOCATION,
    "birthday": EventKind.BIRTHDAY,
}
_ANSWERS: Final[Mapping[str, Answer]] = {
    "accepted": Answer.ACCEPTED,
    "tentative": Answer.TENTATIVE,
    "declined": Answer.DECLINED,
    "needsAction": Answer.OPEN,
}


@dataclass(frozen=True, slots=True)
class _Stored:
    """An event as it is stored.

    Attributes:
        zone: Of its calendar; None: not known.
    """

    key: str
    calendar: str
    id: str
    told: Told
    zone: tzinfo | None


def read(objects: Objects, window: Window) -> Reading:
    """Make events of calendars and events. What cannot be read stops nothing; what could be read of it counts."""
    zones = {
        name: zone_of(calendar.get("timeZone")).zone for name, calendar in objects.get(CALENDARS, {}).items()
    }
    moved: dict[tuple[str, str], list[_Stored]] = defaultdict(list)
    others: list[_Stored] = []
    for key, told in objects.get(EVENTS, {}).items():
        calendar, name = split_key(key)
        stored = _Stored(key, calendar, name, told, zones.get(calendar))
        series = told.get("recurringEventId")
        if isinstance(series, str):
            moved[calendar, series].append(stored)
        else:
            others.append(stored)
    reader = _Reader(window)
    for stored in others:
        reader.read(stored, moved.get((stored.calendar, stored.id), ()))
    for stored in (one for exceptions in moved.values() for one in exceptions):
        reader.read_exception(stored)
    return Reading(events=reader.events, unread=list(reader.unread))


class _Reader:
    """Reads one stored event after the other.

    Args:
        window: What is outside it is left out.
    """

    def __init__(self, window: Window) -> None:
        self.events: list[Event] = []
        self.unread: dict[Unread, None] = {}
        self._window = window

    def read(self, stored: _Stored, exceptions: Sequence[_Stored]) -> None:
        """Read an event that is no exception of another; if it repeats, without its exceptions."""
        try:
            event = self._event(stored, stored.id)
            if stored.told.get("recurrence"):
                self._unfold(stored, event, exceptions)
            else:
                self._add(event)
        except (ValueError, OverflowError) as error:
            self._miss(stored, str(error))

    def read_exception(self, stored: _Stored) -> None:
        """Read a repetition that is not as its series has it; one that is cancelled is no event."""
        if stored.told.get("status") == "cancelled":
            return
        try:
            event = self._event(stored, stored.told["recurringEventId"])
            original = self._original(stored)
            instance = stored.id if original is None else write_moment(original)
            self._add(replace(event, id=replace(event.id, instance=instance)))
        except (ValueError, OverflowError) as error:
            self._miss(stored, str(error))

    def _event(self, stored: _Stored, name: str) -> Event:
        start, end = self._span(stored)
        told = stored.told
        return Event(
            id=EventId(GoogleCalendarExporter.name, stored.calendar, name),
            title=_title_of(told),
            start=start,
            end=end,
            transparent=told.get("transparency") == "transparent",
            cancelled=told.get("status") == "cancelled",
            answer=_answer_of(told),
            kind=_KINDS.get(str(told.get("eventType")), EventKind.DEFAULT),
        )

    def _span(self, stored: _Stored) -> tuple[Moment, Moment]:
        start, end = (self._moment(stored, stored.told.get(name)) for name in ("start", "end"))
        if type(start) is not type(end):
            raise ValueError(
                "its start and its end are not of one kind: a day, a time with a zone, a time without"
            )
        if stored.told.get("endTimeUnspecified") is True:
            end = start
        if isinstance(start, Day) and isinstance(end, Day) and end.date <= start.date:
            end = Day(start.date + timedelta(days=1))
        return start, end

    def _moment(self, stored: _Stored, told: object) -> Moment:
        zone = zone_of(zone_name_of(told), stored.zone)
        moment = moment_of(told, zone.zone)
        if zone.issue and not isinstance(moment, Day) and not _has_offset(told):
            self._miss(stored, zone.issue)
        return moment

    def _unfold(self, stored: _Stored, event: Event, exceptions: Sequence[_Stored]) -> None:
        zone = zone_of(zone_name_of(stored.told.get("start")), stored.zone)
        if zone.issue and not isinstance(event.start, Day):
            self._miss(stored, zone.issue)
        lines = stored.told["recurrence"]
        recurrence = recurrence_of(lines if isinstance(lines, list) else [lines], zone.zone)
        for issue in recurrence.issues:
            self._miss(stored, issue)
        originals = (self._original(exception) for exception in exceptions)
        series = Series(
            start=event.start,
            zone=zone.zone,
            rules=tuple(recurrence.rules),
            dates=tuple(recurrence.dates),
            exceptions=(*recurrence.exceptions, *(one for one in originals if one is not None)),
        )
        length = _Length(event)
        wider = replace(self._window, start=self._window.start - length.most)
        try:
            occurrences = expand(series, wider)
        except ValueError as error:
            self._miss(stored, f"only its first time is known: {error}")
            self._add(event)
            return
        for one in occurrences:
            named = replace(event.id, instance=one.original)
            self._add(replace(event, id=named, start=one.start, end=length.after(one.start)))

    def _original(self, stored: _Stored) -> Moment | None:
        told = stored.told.get("originalStartTime")
        try:
            return moment_of(told, zone_of(zone_name_of(told), stored.zone).zone)
        except ValueError as error:
            self._miss(stored, f"when it was meant to start is not known: {error}")
            return None

    def _add(self, event: Event) -> None:
        zone = self._window.zone
        start, end = start_of(event.start, zone), start_of(event.end, zone)
        if start < self._window.end and max(start, end) >= self._window.start:
            self.events.append(event)

    def _miss(self, stored: _Stored, reason: str) -> None:
        self.unread[Unread(EVENTS, stored.key, reason)] = None


class _Length:
    """How long an event lasts, kept for all of its repetitions: in days, or exactly.

    Source: RFC 5545, section 3.8.5.3.
    """

    def __init__(self, event: Event) -> None:
        self._length = _apart(event.start, event.end)

    @property
    def most(self) -> timedelta:
        """The longest that a repetition can last; a day has at most 25 hours."""
        return max(self._length, timedelta(0)) * 25 / 24

    def after(self, start: Moment) -> Moment:
        """Return the end of the repetition that starts then."""
        match start:
            case Day(day):
                return Day(day + self._length)
            case Floating(time):
                return Floating(time + self._length)
            case Instant(time):
                return Instant(time + self._length)


def _apart(start: Moment, end: Moment) -> timedelta:
    match start, end:
        case (Day(first), Day(last)):
            return last - first
        case (Floating(first), Floating(last)) | (Instant(first), Instant(last)):
            return last - first
        case _:
            raise ValueError("its start and its end are not of one kind")


def _has_offset(told: object) -> bool:
    return isinstance(moment_of(told, None), Instant)


def _title_of(told: Told) -> str:
    title = told.get("summary")
    return title.strip() or UNTITLED if isinstance(title, str) else UNTITLED


def _answer_of(told: Told) -> Answer:
    """Return the owner's own answer; who marked an event of their own as tentative has answered maybe, too."""
    attendees = told.get("attendees")
    for one in attendees if isinstance(attendees, list) else ():
        if isinstance(one, Mapping) and one.get("self") is True:
            return _ANSWERS.get(str(one.get("responseStatus")), Answer.NONE)
    return Answer.TENTATIVE if told.get("status") == "tentative" else Answer.NONE
