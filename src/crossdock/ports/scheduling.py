"""What those who declare, fire and direct schedules ask of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.domain.message import Draft, Envelope
    from crossdock.domain.schedule import Firing, Schedule, ScheduleSpec


class DueSchedule(Protocol):
    """A schedule whose time has come, unread: reading one may fail, since other programs write to the table."""

    name: str
    text: str
    """The data of its messages as JSON, unless they have ``raw``."""
    raw: bytes | None

    @property
    def decided_until(self) -> datetime:
        """Slots up to here were sent or left out; aware UTC."""

    def schedule(self) -> Schedule:
        """Return the schedule; raises whatever its words cannot be read for."""


class ScheduleVerbs(Protocol):
    """What is done with schedules in a transaction.

    Whoever has the store open fires what is due; any number of them may try at the same time, and only one
    succeeds, since a schedule is moved on only from where it was read.
    """

    def declare_schedule(self, spec: ScheduleSpec) -> Schedule:
        """Make a schedule, or bring the one of that name in line; ``change`` tells what was done."""

    def fire(self, schedule: Schedule, firing: Firing, messages: Sequence[tuple[Draft, Envelope]]) -> int:
        """Send the messages of slots and move the schedule on, all or nothing; return how many were sent.

        Nothing happens if the schedule was changed since it was read. A message that its queue has already is not
        sent again.
        """

    def schedule_revision(self, name: str) -> int | None:
        """Return the revision of a schedule, which no other transaction changes before ours has ended.

        None: it is not there.
        """

    def pause_schedule(self, name: str) -> Schedule:
        """Let a schedule send nothing; raises ScheduleNotFound."""

    def resume_schedule(self, name: str) -> Schedule:
        """Let a paused schedule send again, from now on; raises ScheduleNotFound."""

    def delete_schedule(self, name: str) -> None:
        """Remove a schedule; raises ScheduleNotFound."""
