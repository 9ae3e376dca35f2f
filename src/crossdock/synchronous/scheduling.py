# Made from ../asynchronous/scheduling.py by tools/generate_sync.py. Do not edit.
"""Schedules."""

from __future__ import annotations

import builtins
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Unpack

from crossdock.domain.schedule import Schedule
from crossdock.hub.options import SendOptions
from crossdock.queue_core import QueueCore

_UNSET: Final[Any] = object()


class Scheduling(QueueCore):
    """The part of a queue that sends again and again, or once at a certain time.

    A schedule is in the store. Any process that has the store open sends what is due, and however many there are, each
    slot is sent once.
    """

    def every(
        self,
        when: str | timedelta,
        app: str,
        data: Any,
        *,
        name: str | None = None,
        timezone: str | None = None,
        start: datetime | None = None,
        missed: Literal["latest", "all", "skip"] = "latest",
        **options: Unpack[SendOptions],
    ) -> Schedule:
        """Send a message again and again; to be said at each start of the program.

        If the schedule of this name is there as it is declared, nothing happens; if it is there and differs, it is
        replaced. Each message has the slot as its ``time``, and the schedule's name as its extension ``schedule``.

        Args:
            when: A cron expression of five fields, such as ``"0 7 * * 1-5"``, or the distance between two slots, at
                least a second.
            app: Whose queue.
            data: Of each message; any JSON value, or bytes.
            name: What the schedule is called; default: as the app. Two schedules of one app need names.
            timezone: Of the cron expression, an IANA name such as ``"Europe/Paris"``; default: UTC.
            start: No slot is before it, and those of an interval are counted from it; default: now.
            missed: What becomes of slots that nobody was there to send. ``latest``: the last one is sent, late.
                ``all``: all are sent, in order. ``skip``: those more than a minute late are not sent.
            options: See ``SendOptions``: type, priority and the rest, for each message; but for ``time``, ``delay``,
                ``available_at``, ``expires_at`` and ``traceparent``, which belong to one message. ``source_app`` is
                ``scheduler`` unless given.

        Raises:
            InvalidMessage: Something is wrong; a wrong cron expression is told with its field. Or another schedule
                without a name was declared for this app.
            TypeError: There is no such option.
        """
        timing = self._declarations.timing(when, timezone=timezone, start=start)
        spec = self._declarations.spec(
            app, data, timing=timing, name=name, missed=missed, options=options, fixed_start=start is not None
        )
        return self._declarations.tell(self._store.write(lambda tx: tx.declare_schedule(spec)))

    def at(
        self,
        moment: datetime,
        app: str,
        data: Any,
        *,
        name: str | None = None,
        missed: Literal["latest", "all", "skip"] = "latest",
        **options: Unpack[SendOptions],
    ) -> Schedule:
        """Send a message once, at a certain time; said again, it is not sent again.

        Args:
            moment: When, aware. In the past: at once, unless ``missed`` is ``skip``.
            app: Whose queue.
            data: Any JSON value, or bytes.
            name: What the schedule is called; default: the app and the moment.
            missed: ``skip``: do not send if nobody was there to send it within a minute.
            options: As for ``every``.

        Raises:
            InvalidMessage: Something is wrong.
            TypeError: There is no such option.
        """
        timing = self._declarations.timing(moment, timezone=None, start=None)
        spec = self._declarations.spec(app, data, timing=timing, name=name, missed=missed, options=options)
        return self._declarations.tell(self._store.write(lambda tx: tx.declare_schedule(spec)))

    def schedules(self) -> builtins.list[Schedule]:
        """Return every schedule, by name."""
        return self._store.read(lambda reader: reader.schedules())

    def schedule(self, name: str) -> Schedule:
        """Return one schedule.

        Raises:
            ScheduleNotFound: There is none of that name.
        """
        return self._store.read(lambda reader: reader.schedule(name))

    def edit_schedule(
        self,
        name: str,
        *,
        when: str | timedelta | datetime | None = None,
        app: str | None = None,
        data: Any = _UNSET,
        timezone: str | None = None,
        start: datetime | None = None,
        missed: Literal["latest", "all", "skip"] | None = None,
        **options: Unpack[SendOptions],
    ) -> Schedule:
        """Change what is given of a schedule, and leave the rest as it is.

        A program or a configuration that declares it otherwise at its next start puts it back.

        Args:
            name: Which schedule.
            when: Another cron expression, distance, or time.
            app: Another queue.
            data: Other data.
            timezone: Another time zone for the cron expression.
            start: Another start.
            missed: Another rule for slots that nobody was there to send.
            options: Other options of each send.

        Raises:
            InvalidMessage: Something is wrong.
            ScheduleNotFound: There is none of that name.
            TypeError: There is no such option.
        """
        held = self.schedule(name)
        timing = self._declarations.changed_timing(held, when, timezone=timezone, start=start)
        given = {"app": app, "missed": missed, "options": options}
        changes = {key: value for key, value in given.items() if value is not None}
        if data is not _UNSET:
            changes["data"] = data
        spec = self._declarations.merged(held, timing=timing, fixed_start=start is not None, **changes)
        return self._store.write(lambda tx: tx.declare_schedule(spec))

    def pause_schedule(self, name: str) -> Schedule:
        """Let a schedule send nothing until it is resumed; programs that declare it again do not change that.

        Raises:
            ScheduleNotFound: There is none of that name.
        """
        return self._store.write(lambda tx: tx.pause_schedule(name))

    def resume_schedule(self, name: str) -> Schedule:
        """Let a paused schedule send again, from its next slot on; slots of the pause are left out.

        The one slot of a schedule that sends once is not left out: it is late.

        Raises:
            ScheduleNotFound: There is none of that name.
        """
        return self._store.write(lambda tx: tx.resume_schedule(name))

    def delete_schedule(self, name: str) -> None:
        """Remove a schedule; what it has sent stays.

        Raises:
            ScheduleNotFound: There is none of that name.
        """
        self._store.write(lambda tx: tx.delete_schedule(name))
        self._declarations.forget(name)
