"""``freeBusy.query``: when calendars are busy, without saying why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from task_priority.sandbox.exchange import Json, Refusal
from task_priority.sandbox.google.calendars import Calendar, Calendars
from task_priority.sandbox.google.errors import GoogleRefusal, bad_request
from task_priority.sandbox.google.listing import EventListing
from task_priority.sandbox.google.times import instant

_MOST_CALENDARS = 50
_NEVER_BUSY = {"workingLocation", "birthday"}


def free_busy(fields: Json, calendars: Calendars, listing: EventListing) -> Json:
    """Answer a query.

    Raises:
        GoogleRefusal: Its time cannot be read, or is empty.
    """
    first, last = _moment(fields, "timeMin"), _moment(fields, "timeMax")
    if first >= last:
        raise GoogleRefusal(400, "timeRangeEmpty", "The specified time range is empty.", parameter="timeMax")
    ids = [item["id"] for item in fields.get("items", ())]
    if len(ids) > _MOST_CALENDARS:
        raise GoogleRefusal(400, "tooManyCalendarsRequested", "Too many calendars requested.")
    told: Json = {}
    for id in ids:
        try:
            calendar = calendars.calendar(id)
        except Refusal:
            told[id] = {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
            continue
        events = listing.events_between(calendar, first, last)
        told[id] = {"busy": [_block(span) for span in _merged(_spans(events, calendar, first, last))]}
    return {"kind": "calendar#freeBusy", "timeMin": _zulu(first), "timeMax": _zulu(last), "calendars": told}


def _spans(
    events: Iterable[Json], calendar: Calendar, first: datetime, last: datetime
) -> list[tuple[datetime, datetime]]:
    return sorted(
        (
            max(instant(event["start"], calendar.zone), first),
            min(instant(event["end"], calendar.zone), last),
        )
        for event in events
        if _is_busy(event)
    )


def _is_busy(event: Json) -> bool:
    own: Json = next((one for one in event.get("attendees", ()) if one.get("self")), {})
    return (
        event.get("transparency") != "transparent"
        and event.get("eventType") not in _NEVER_BUSY
        and own.get("responseStatus") != "declined"
    )


def _merged(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def _block(span: tuple[datetime, datetime]) -> Json:
    return {"start": _zulu(span[0]), "end": _zulu(span[1])}


def _zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(fields: Json, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(fields[name])
    except (KeyError, TypeError, ValueError) as error:
        raise bad_request(f"Missing or invalid {name}.") from error
    if moment.tzinfo is None:
        raise bad_request(f"{name} needs a time zone offset.")
    return moment.astimezone(UTC)
