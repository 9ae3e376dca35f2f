"""What a client asks of ``events.list``, held against Google's rules."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Final

from task_priority.sandbox.exchange import Json, Request
from task_priority.sandbox.google.errors import GoogleRefusal, bad_request, invalid

_NOT_WITH_SYNC_TOKEN: Final = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
)
_OLDEST_UPDATED_MIN: Final = timedelta(days=28)
EVENT_TYPES: Final = {
    "birthday",
    "default",
    "focusTime",
    "fromGmail",
    "outOfOffice",
    "workingLocation",
}


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a listing that say which events are wanted, and how they are told."""

    single_events: bool = False
    show_deleted: bool = False
    time_min: datetime | None = None
    time_max: datetime | None = None
    updated_min: datetime | None = None
    order_by: str | None = None
    event_types: tuple[str, ...] = ()
    icaluid: str | None = None
    text: str | None = None
    private: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    time_zone: str | None = None
    max_attendees: int | None = None

    def packed(self) -> Json:
        """Return it as JSON, for a sync token to remember."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in values.items()
            if value not in {None, ()} and value is not False
        }


def query_of(request: Request, now: datetime) -> Query:
    """Read the parameters of a request.

    Raises:
        GoogleRefusal: One cannot be read, or two do not go together.
    """
    query = Query(
        single_events=flag(request, "singleEvents"),
        show_deleted=flag(request, "showDeleted"),
        time_min=_time(request, "timeMin"),
        time_max=_time(request, "timeMax"),
        updated_min=_time(request, "updatedMin"),
        order_by=_order(request),
        event_types=_types(request),
        icaluid=request.one("iCalUID"),
        text=request.one("q"),
        private=tuple(request.query.get("privateExtendedProperty", ())),
        shared=tuple(request.query.get("sharedExtendedProperty", ())),
        time_zone=request.one("timeZone"),
        max_attendees=_count(request, "maxAttendees"),
    )
    if query.time_min and query.time_max and query.time_min >= query.time_max:
        raise GoogleRefusal(400, "timeRangeEmpty", "The specified time range is empty.", parameter="timeMax")
    if query.order_by == "startTime" and not query.single_events:
        raise bad_request("The requested ordering is not available for the particular query.")
    if query.updated_min and query.updated_min < now - _OLDEST_UPDATED_MIN:
        raise GoogleRefusal(410, "updatedMinTooLongAgo")
    return query


def check_sync_parameters(request: Request) -> None:
    """Hold the parameters beside a sync token against the rules.

    Raises:
        GoogleRefusal: One of them may not be there.
    """
    for name in _NOT_WITH_SYNC_TOKEN:
        if name in request.query:
            raise bad_request(f"Sync token cannot be used with {name}.")
    if request.one("showDeleted") == "false":
        raise bad_request("Sync token cannot be used with showDeleted set to false.")


def page_size(request: Request, *, default: int, most: int, limit: int | None) -> int:
    """Return how many rows a page has: what the client wants, at most what Google or the sandbox gives."""
    wanted = _count(request, "maxResults")
    return min(wanted or default, most, limit or most)


def flag(request: Request, name: str) -> bool:
    """Return a truth value, False if it is not given."""
    value = request.one(name)
    if value not in {None, "true", "false"}:
        raise invalid(name, f"Invalid boolean value: {value}")
    return value == "true"


def _count(request: Request, name: str) -> int | None:
    text = request.one(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise invalid(name, f"Invalid value '{text}'. Values must be at least 1.")
    return int(text)


def _time(request: Request, name: str) -> datetime | None:
    text = request.one(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_request(f"Invalid value for {name}: {text}") from error
    if moment.tzinfo is None:
        raise bad_request(f"{name} needs a time zone offset: {text}")
    return moment.astimezone(UTC)


def _order(request: Request) -> str | None:
    value = request.one("orderBy")
    if value not in {None, "startTime", "updated"}:
        raise invalid("orderBy", f"Invalid value: {value}")
    return value


def _types(request: Request) -> tuple[str, ...]:
    types = tuple(request.query.get("eventTypes", ()))
    if unknown := set(types) - EVENT_TYPES:
        raise invalid("eventTypes", f"Invalid value: {min(unknown)}")
    return types
