"""The paths of Google Calendar v3."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from task_priority.sandbox.clock import Clock
from task_priority.sandbox.exchange import Reply, Request, json_reply
from task_priority.sandbox.google.calendar_list import CalendarListing
from task_priority.sandbox.google.calendars import Calendars
from task_priority.sandbox.google.errors import GoogleRefusal, bad_request, not_found
from task_priority.sandbox.google.free_busy import free_busy
from task_priority.sandbox.google.listing import EventListing, told
from task_priority.sandbox.routes import Route
from task_priority.sandbox.tokens import Sealer

_EVENTS = "/calendars/{calendar}/events"
_WATCHED = ("/users/me/calendarList", _EVENTS, "/users/me/settings", "/calendars/{calendar}/acl")


class CalendarResources:
    """Answers about calendars and events."""

    def __init__(self, calendars: Calendars, sealer: Sealer, clock: Clock) -> None:
        self._calendars = calendars
        self._events = EventListing(calendars, sealer, clock)
        self._list = CalendarListing(calendars, sealer)

    def routes(self) -> Sequence[Route]:
        """Return the paths that it answers, after the version."""
        return (
            Route("GET", "/users/me/calendarList", self._list.answer),
            Route("GET", "/users/me/calendarList/{calendar}", self._entry),
            Route("GET", "/users/me/settings", self._settings),
            Route("GET", "/users/me/settings/{name}", self._setting),
            Route("GET", "/calendars/{calendar}", self._calendar),
            Route("GET", _EVENTS, self._list_events),
            Route("POST", _EVENTS, self._insert),
            Route("GET", f"{_EVENTS}/{{id}}", self._get),
            Route("PUT", f"{_EVENTS}/{{id}}", self._update),
            Route("PATCH", f"{_EVENTS}/{{id}}", self._patch),
            Route("DELETE", f"{_EVENTS}/{{id}}", self._delete),
            Route("GET", f"{_EVENTS}/{{id}}/instances", self._instances),
            Route("POST", f"{_EVENTS}/{{id}}/move", self._move),
            Route("POST", "/freeBusy", self._free_busy),
            Route("POST", "/channels/stop", self._no_channels),
            *(Route("POST", f"{path}/watch", self._no_channels) for path in _WATCHED),
        )

    def _entry(self, request: Request, calendar: str) -> Reply:  # noqa: ARG002 - every handler gets the request
        return json_reply(self._calendars.calendar(calendar).entry)

    def _calendar(self, request: Request, calendar: str) -> Reply:  # noqa: ARG002 - likewise
        entry = self._calendars.calendar(calendar).entry
        kept = ("id", "etag", "summary", "description", "timeZone", "conferenceProperties")
        return json_reply(
            {"kind": "calendar#calendar"} | {name: entry[name] for name in kept if name in entry}
        )

    def _settings(self, request: Request) -> Reply:  # noqa: ARG002 - likewise
        items = [self._told_setting(name) for name in self._all_settings()]
        return json_reply({"kind": "calendar#settings", "etag": '"p1"', "items": items})

    def _setting(self, request: Request, name: str) -> Reply:  # noqa: ARG002 - likewise
        if name not in self._all_settings():
            raise not_found()
        return json_reply(self._told_setting(name))

    def _all_settings(self) -> dict[str, str]:
        return {
            "timezone": self._calendars.timezone,
            "locale": "en",
            "weekStart": "1",
            "format24HourTime": "true",
        }

    def _told_setting(self, name: str) -> dict[str, str]:
        return {"kind": "calendar#setting", "etag": '"p1"', "id": name, "value": self._all_settings()[name]}

    def _list_events(self, request: Request, calendar: str) -> Reply:
        return self._events.answer(request, self._calendars.calendar(calendar))

    def _instances(self, request: Request, calendar: str, id: str) -> Reply:
        series = self._calendars.event(calendar, id)
        if "recurrence" not in series:
            raise bad_request("The event is not a recurring event.")
        return self._events.instances(request, self._calendars.calendar(calendar), series)

    def _get(self, request: Request, calendar: str, id: str) -> Reply:  # noqa: ARG002 - likewise
        event = self._calendars.event(calendar, id)
        return json_reply(told(event, self._calendars.calendar(calendar)))

    def _insert(self, request: Request, calendar: str) -> Reply:
        self._check_writable(calendar)
        return json_reply(self._calendars.add_event(calendar, **request.fields()))

    def _update(self, request: Request, calendar: str, id: str) -> Reply:
        fields = request.fields()
        if "start" not in fields or "end" not in fields:
            raise bad_request("Missing start or end time.")
        return self._changed(request, calendar, id)

    def _patch(self, request: Request, calendar: str, id: str) -> Reply:
        return self._changed(request, calendar, id)

    def _changed(self, request: Request, calendar: str, id: str) -> Reply:
        self._check_writable(calendar)
        self._check_etag(request, calendar, id)
        return json_reply(self._calendars.change_event(calendar, id, **request.fields()))

    def _delete(self, request: Request, calendar: str, id: str) -> Reply:
        self._check_writable(calendar)
        self._check_etag(request, calendar, id)
        self._calendars.delete_event(calendar, id)
        return Reply(HTTPStatus.NO_CONTENT)

    def _move(self, request: Request, calendar: str, id: str) -> Reply:
        destination = request.one("destination")
        if destination is None:
            raise GoogleRefusal(400, "required", "Required parameter: destination", parameter="destination")
        self._check_writable(calendar)
        self._check_writable(destination)
        return json_reply(self._calendars.move_event(calendar, id, destination))

    def _free_busy(self, request: Request) -> Reply:
        return json_reply(free_busy(request.fields(), self._calendars, self._events))

    def _no_channels(self, request: Request, calendar: str = "") -> Reply:  # noqa: ARG002 - likewise
        raise GoogleRefusal(
            HTTPStatus.BAD_REQUEST,
            "pushNotSupportedForRequestedResource",
            "The sandbox sends no push notifications: Google sends them to public https addresses only. "
            "Poll with a sync token.",
        )

    def _check_writable(self, calendar: str) -> None:
        if self._calendars.calendar(calendar).entry["accessRole"] not in {"owner", "writer"}:
            raise GoogleRefusal(HTTPStatus.FORBIDDEN, "forbidden")

    def _check_etag(self, request: Request, calendar: str, id: str) -> None:
        wanted = request.headers.get("if-match")
        if wanted not in {None, "*", self._calendars.event(calendar, id)["etag"]}:
            raise GoogleRefusal(HTTPStatus.PRECONDITION_FAILED, "conditionNotMet", "Precondition Failed")
