"""The verbs about schedules: *declare, fire, pause, resume, delete*."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.control_events import (
    ScheduleCreated,
    ScheduleDeleted,
    SchedulePaused,
    ScheduleResumed,
)
from crossdock.domain.errors import InvalidMessage, ScheduleNotFound, StoreError
from crossdock.domain.events import ScheduleReplaced
from crossdock.domain.message import Draft, Envelope
from crossdock.domain.schedule import Firing, Once, Schedule, ScheduleSpec
from crossdock.store import statements
from crossdock.store.schedule_codec import (
    TIMING_COLUMNS,
    ScheduleRow,
    declared_columns,
    maybe_text,
    start_column,
)
from crossdock.store.sending import Sending

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crossdock.domain.events import OfSchedule

_TRIES: Final = 10
"""Others may change a schedule while we look at it; never so often."""


class Scheduling(Sending):
    """Keeps schedules, and stores the messages of their slots."""

    def declare_schedule(self, spec: ScheduleSpec) -> Schedule:
        """Make a schedule, or bring the one of that name in line; what is as declared is not touched."""
        for _ in range(_TRIES):
            held = self._held(spec.name)
            change = self._create(spec) if held is None else self._bring_in_line(held, spec)
            if change is not None:
                found = self._demand(spec.name)
                return found.schedule(change)
        raise StoreError(f"schedule {spec.name} is changed by others all the time; nothing was changed")

    def fire(self, schedule: Schedule, firing: Firing, messages: Sequence[tuple[Draft, Envelope]]) -> int:
        """Send the messages of slots and move the schedule on, unless somebody else did it; return how many."""
        columns: dict[str, Any] = {
            "decided_until": maybe_text(firing.decided_until),
            "next_at": maybe_text(firing.next_at),
        }
        if firing.slots:
            columns["last_slot"] = maybe_text(firing.slots[-1])
            columns["sent"] = schedule.sent + len(firing.slots)
        if not self._update(schedule.name, schedule.revision, columns):
            return 0
        return sum(self._send_slot(draft, envelope) for draft, envelope in messages)

    def schedule_revision(self, name: str) -> int | None:
        """Return the revision of a schedule, which stays so until the end of this transaction; None: it is gone."""
        return next((seen for (seen,) in self.run(statements.schedule_revision, {"which": name})), None)

    def pause_schedule(self, name: str) -> Schedule:
        """Let a schedule send nothing.

        Raises:
            ScheduleNotFound: There is none of that name.
        """

        def pause(held: ScheduleRow) -> dict[str, Any]:
            return {} if held.is_paused else {"paused_at": self.now_text, "paused_by": self.who}

        return self._change(name, pause, event=SchedulePaused, verb="paused")

    def resume_schedule(self, name: str) -> Schedule:
        """Let a paused schedule send again; slots of the pause are left out, but for the one of a one-off.

        Raises:
            ScheduleNotFound: There is none of that name.
        """

        def resume(held: ScheduleRow) -> dict[str, Any]:
            if not held.is_paused:
                return {}
            columns: dict[str, Any] = {"paused_at": None, "paused_by": None}
            timing = held.schedule().timing
            if not isinstance(timing, Once):
                decided = max(self.now, held.decided_until)
                columns.update(
                    decided_until=maybe_text(decided), next_at=maybe_text(timing.next_after(decided))
                )
            return columns

        return self._change(name, resume, event=ScheduleResumed, verb="resumed")

    def delete_schedule(self, name: str) -> None:
        """Remove a schedule; what it has sent stays.

        Raises:
            ScheduleNotFound: There is none of that name.
        """
        rows = self.run(statements.delete_schedule, {"which": name})
        if not rows:
            raise _not_found(name)
        ((app,),) = rows
        self._log_and_tell(app, name, event=ScheduleDeleted, verb="deleted")

    def _send_slot(self, draft: Draft, envelope: Envelope) -> bool:
        """Send the message of a slot; false: the queue has one already, of an earlier schedule of the same name."""
        try:
            return not self.send_admitted(draft, envelope).duplicate
        except InvalidMessage:  # the one it has names another source
            return False

    def _create(self, spec: ScheduleSpec) -> str | None:
        """Return what it has come to; None: somebody else made one of that name meanwhile."""
        columns = {
            **declared_columns(spec),
            **start_column(spec.timing),
            **self._first_slot(spec),
            "name": spec.name,
            "created_at": self.now_text,
            "declared_by": self.who,
            "updated_at": self.now_text,
            "revision": 1,
        }
        made = self.run(statements.insert_schedule, columns, columns=tuple(columns))
        if not made:
            return None
        self._log_and_tell(spec.app, spec.name, event=ScheduleCreated, verb="created")
        return "created"

    def _bring_in_line(self, held: ScheduleRow, spec: ScheduleSpec) -> str | None:
        """Return what it has come to; None: somebody else changed it meanwhile."""
        columns = declared_columns(spec)
        differences = held.differs(columns)
        if not differences:
            return "unchanged"
        columns["declared_by"] = self.who
        if differences & TIMING_COLUMNS:
            columns.update({**start_column(spec.timing), **self._first_slot(spec)})
        if not self._update(spec.name, held.revision, columns):
            return None
        # Whoever declares it tells of it, in words of its own.
        self.log_action(spec.app, ScheduleReplaced, schedule=spec.name, changed=sorted(differences))
        return "replaced"

    def _first_slot(self, spec: ScheduleSpec) -> dict[str, Any]:
        opened = spec.timing.opens(self.now)
        return {
            "decided_until": maybe_text(opened),
            "next_at": maybe_text(spec.timing.next_after(opened)),
        }

    def _change(
        self,
        name: str,
        decide: Callable[[ScheduleRow], dict[str, Any]],
        *,
        event: type[OfSchedule],
        verb: str,
    ) -> Schedule:
        """Change columns of a schedule, and tell of it; no columns: it is as it should be."""
        for _ in range(_TRIES):
            held = self._demand(name)
            columns = decide(held)
            if not columns:
                return held.schedule()
            if self._update(name, held.revision, columns):
                found = self._demand(name).schedule()
                self._log_and_tell(found.app, name, event=event, verb=verb)
                return found
        raise StoreError(f"schedule {name} is changed by others all the time; nothing was changed")

    def _log_and_tell(self, app: str, name: str, *, event: type[OfSchedule], verb: str) -> None:
        """Write a line of the audit log about the queue that a schedule sends to, and let the event be told."""
        self.log_action(app, event, schedule=name)
        self.tell(event(schedule=name, reason=f"schedule {name} was {verb} by {self.who}"))

    def _update(self, name: str, revision: int, columns: dict[str, Any]) -> bool:
        parameters = {**columns, "updated_at": self.now_text}
        return bool(
            self.run(
                statements.update_schedule,
                {**parameters, "which": name, "seen": revision},
                columns=tuple(parameters),
            )
        )

    def _held(self, name: str) -> ScheduleRow | None:
        rows = self.run(statements.schedule_by_name, {"which": name})
        return ScheduleRow(rows[0]) if rows else None

    def _demand(self, name: str) -> ScheduleRow:
        found = self._held(name)
        if found is None:
            raise _not_found(name)
        return found


def _not_found(name: str) -> ScheduleNotFound:
    return ScheduleNotFound(f"no schedule {name}")
