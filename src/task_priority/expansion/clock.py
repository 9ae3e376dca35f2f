"""The clock by which a series repeats: turns its moments into local times and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import assert_never

from task_priority.moments import Day, Floating, Instant, Moment, start_of

MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Clock:
    """What the moments of a series are, and where its local time is.

    Attributes:
        kind: Of what class they are.
        zone: That of the series, else that of the owner.
        start: When on a day the series starts, in local time.
    """

    kind: type[Day | Floating | Instant]
    zone: tzinfo
    start: time

    @classmethod
    def of(cls, start: Moment, zone: tzinfo | None, owner: tzinfo) -> Clock:
        """Return the clock of what starts then; a Floating start that has a zone is an instant there."""
        match start:
            case Day():
                return cls(Day, owner, MIDNIGHT)
            case Floating(local):
                return cls(Floating if zone is None else Instant, zone or owner, local.time())
            case Instant(instant):
                there = zone or UTC
                return cls(Instant, there, instant.astimezone(there).time())
            case _:
                assert_never(start)

    def local(self, moment: Moment) -> datetime:
        """Return the local time that a moment names; of a day the time on it at which the series starts."""
        match moment:
            case Day(day):
                return datetime.combine(day, self.start)
            case Floating(local):
                return local if self.kind is not Day else datetime.combine(local, MIDNIGHT)
            case Instant(instant):
                return self._local_instant(instant)
            case _:
                assert_never(moment)

    def moment(self, local: datetime) -> Moment:
        """Return the moment of the series that starts at a local time."""
        if self.kind is Day:
            return Day(local.date())
        floating = Floating(local)
        return floating if self.kind is Floating else Instant(start_of(floating, self.zone))

    def alike(self, moment: Moment) -> Moment:
        """Return a moment as the series writes its own, so that they can be compared.

        Calendars name repetitions of days by times, those of times by days, and local ones in UTC. A time becomes its
        day, a day the local time on it at which the series starts.
        """
        if self.kind is Instant and isinstance(moment, Instant):
            return moment
        return self.moment(self.local(moment))

    def day(self, moment: Moment) -> date:
        """Return the day of a moment on this clock."""
        return self.local(moment).date()

    def _local_instant(self, instant: datetime) -> datetime:
        if self.kind is not Day:
            return instant.astimezone(self.zone).replace(tzinfo=None)
        # a day that somebody wrote as midnight in UTC is that day everywhere
        there = UTC if instant.time() == MIDNIGHT else self.zone
        return datetime.combine(instant.astimezone(there), MIDNIGHT)
