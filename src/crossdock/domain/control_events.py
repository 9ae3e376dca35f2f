"""What operators do to schedules and apps; a part of the catalogue of events."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.domain.events import Level, OfSchedule, Told


class ScheduleCreated(OfSchedule):
    """A schedule was made, by an operator, a program or a configuration."""

    name = "schedule.created"
    level = Level.INFO


class SchedulePaused(OfSchedule):
    """An operator lets a schedule send nothing."""

    name = "schedule.paused"
    level = Level.INFO


class ScheduleResumed(OfSchedule):
    """An operator lets a paused schedule send again."""

    name = "schedule.resumed"
    level = Level.INFO


class ScheduleDeleted(OfSchedule):
    """A schedule was removed; what it has sent stays."""

    name = "schedule.deleted"
    level = Level.INFO


@dataclass(frozen=True, slots=True, kw_only=True)
class OfWorkFor(Told):
    """Something that an operator says of the work for an app."""

    level = Level.INFO
    app: str


class AppStarted(OfWorkFor):
    """An operator lets an app be worked for again."""

    name = "app.started"


class AppStopped(OfWorkFor):
    """An operator lets no process work for an app: what is in work may end, what is sent waits."""

    name = "app.stopped"


class AppRestarted(OfWorkFor):
    """An operator lets an app be worked for with new adapters: what is in work may end first."""

    name = "app.restarted"
