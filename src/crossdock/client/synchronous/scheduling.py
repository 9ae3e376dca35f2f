# Made from ../asynchronous/scheduling.py by tools/generate_sync.py. Do not edit.
"""Schedules over HTTP."""

from __future__ import annotations

import builtins
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from crossdock.client.errors import ScheduleExists
from crossdock.client.synchronous.link import Call, Link
from crossdock.domain.cloudevent import instant_text
from crossdock.domain.errors import InvalidMessage, ScheduleNotFound
from crossdock.domain.json_reading import schedule_of
from crossdock.domain.message import check_app, instant_issue
from crossdock.domain.schedule import Once, Schedule
from crossdock.hub.declaring import default_name

_UNSET: Final[Any] = object()


class Scheduling:
    """The part of a client that lets the server send again and again, or once at a certain time."""

    _link: Link

    def every(
        self,
        when: str | timedelta,
        app: str,
        data: Any,
        *,
        name: str | None = None,
        timezone: str | None = None,
        missed: Literal["latest", "all", "skip"] = "latest",
        priority: int | None = None,
    ) -> Schedule:
        """Send a message again and again; to be said at each start of the program.

        If the schedule of this name is there as it is declared, nothing happens; if it is there and differs, it is
        replaced. Each message has the slot as its ``time``, and the schedule's name as its extension ``schedule``.

        Args:
            when: A cron expression of five fields, such as ``"0 7 * * 1-5"``, or the distance between two slots, at
                least a second.
            app: Whose queue.
            data: Of each message; any JSON value.
            name: What the schedule is called; default: as the app. Two schedules of one app need names.
            timezone: Of the cron expression, an IANA name such as ``"Europe/Paris"``; default: UTC.
            missed: What becomes of slots that nobody was there to send. ``latest``: the last one is sent, late.
                ``all``: all are sent, in order. ``skip``: those more than a minute late are not sent.
            priority: Of each message, 0 to 9; 9 is first. Default: 4.

        Raises:
            InvalidMessage: Something is wrong; a wrong cron expression is told with its field.
        """
        wish = {
            **_timing(when),
            "app": app,
            "data": data,
            "timezone": timezone,
            "missed": missed,
            "priority": priority,
        }
        return self._declare(check_app(app) if name is None else name, wish)

    def at(
        self,
        moment: datetime,
        app: str,
        data: Any,
        *,
        name: str | None = None,
        missed: Literal["latest", "all", "skip"] = "latest",
        priority: int | None = None,
    ) -> Schedule:
        """Send a message once, at a certain time; said again, it is not sent again.

        Args:
            moment: When, aware. In the past: at once, unless ``missed`` is ``skip``.
            app: Whose queue.
            data: Any JSON value.
            name: What the schedule is called; default: the app and the moment.
            missed: ``skip``: do not send if nobody was there to send it within a minute.
            priority: 0 to 9; 9 is first. Default: 4.

        Raises:
            InvalidMessage: Something is wrong.
        """
        wish = {**_timing(moment), "app": app, "data": data, "missed": missed, "priority": priority}
        return self._declare(default_name(app, Once(moment)) if name is None else name, wish)

    def schedules(self) -> builtins.list[Schedule]:
        """Return every schedule that the key may see, by name."""
        return [schedule_of(one) for one in (self._ask_schedules("GET"))["schedules"]]

    def schedule(self, name: str) -> Schedule:
        """Return one schedule.

        Raises:
            ScheduleNotFound: There is none of that name.
        """
        return schedule_of(self._ask_schedules("GET", name))

    def edit_schedule(
        self,
        name: str,
        *,
        when: str | timedelta | datetime | None = None,
        app: str | None = None,
        data: Any = _UNSET,
        timezone: str | None = None,
        missed: Literal["latest", "all", "skip"] | None = None,
        priority: int | None = None,
    ) -> Schedule:
        """Change what is given of a schedule, and leave the rest as it is.

        A program or a configuration that declares it otherwise at its next start puts it back.

        Args:
            name: Which schedule.
            when: Another cron expression, distance, or time.
            app: Another queue.
            data: Other data.
            timezone: Another time zone for the cron expression.
            missed: Another rule for slots that nobody was there to send.
            priority: Another priority of each message, 0 to 9.

        Raises:
            InvalidMessage: Something is wrong.
            ScheduleNotFound: There is none of that name.
        """
        held = self.schedule(name)
        given = {"app": app, "timezone": timezone, "missed": missed, "priority": priority}
        wish: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if when is not None:
            wish |= _timing(when)
        if data is not _UNSET:
            wish["data"] = data
        _, found = self._link.ask(Call("PATCH", _path(name), body=wish, headers={"If-Match": "*"}))
        return schedule_of(found, change="unchanged" if found["revision"] == held.revision else "replaced")

    def pause_schedule(self, name: str) -> Schedule:
        """Let a schedule send nothing until it is resumed; programs that declare it again do not change that.

        Raises:
            ScheduleNotFound: There is none of that name.
        """
        return schedule_of(self._ask_schedules("POST", name, "pause"))

    def resume_schedule(self, name: str) -> Schedule:
        """Let a paused schedule send again, from its next slot on; slots of the pause are left out.

        The one slot of a schedule that sends once is not left out: it is late.

        Raises:
            ScheduleNotFound: There is none of that name.
        """
        return schedule_of(self._ask_schedules("POST", name, "resume"))

    def delete_schedule(self, name: str) -> None:
        """Remove a schedule; what it has sent stays.

        Raises:
            ScheduleNotFound: There is none of that name; perhaps because an earlier try removed it, whose answer never
                came.
        """
        self._ask_schedules("DELETE", name)

    def _declare(self, name: str, wish: Mapping[str, Any]) -> Schedule:
        """Make a schedule, or replace the one that has the name; others may be doing the same."""
        given = {key: value for key, value in wish.items() if value is not None or key == "data"}
        while True:
            try:
                held = self.schedule(name)
                call = Call("PUT", _path(name), body=given, headers={"If-Match": "*"})
                _, found = self._link.ask(call)
            except ScheduleNotFound:
                headers = {"Idempotency-Key": f'"{uuid.uuid4()}"'}
                call = Call("POST", _path(), body={"name": name, **given}, headers=headers)
                try:
                    return schedule_of((self._link.ask(call))[1], change="created")
                except ScheduleExists:
                    continue  # another process was quicker
            is_same = found["revision"] == held.revision
            return schedule_of(found, change="unchanged" if is_same else "replaced")

    def _ask_schedules(self, method: str, *place: str) -> Any:
        return (self._link.ask(Call(method, _path(*place))))[1]


def _timing(when: str | timedelta | datetime) -> dict[str, Any]:
    """Return how the API is told when a schedule is to send.

    Raises:
        InvalidMessage: It is no moment.
    """
    match when:
        case timedelta():
            return {"every_s": when.total_seconds()}
        case datetime():
            if issue := instant_issue(when):
                raise InvalidMessage.of("at", issue)
            return {"at": instant_text(when)}
        case _:
            return {"cron": when}


def _path(*place: str) -> str:
    return "/".join(("/schedules", *(check_app(one) for one in place)))
