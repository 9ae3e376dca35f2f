"""The scheduler: sends what schedules send, once their time has come.

Every process that has a store open runs one, so that there is no process whose death would stop the schedules, and no
leader: the transaction that sends a slot also moves its schedule on, from where it was read, and the id of the message
follows from the slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

from crossdock.domain.events import ScheduleFailed
from crossdock.domain.message import Draft
from crossdock.domain.schedule import fire, slot_id
from crossdock.hub.declaring import envelope_of_slot
from crossdock.hub.troubles import Troubles

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.domain.message import Envelope
    from crossdock.domain.schedule import Firing, Schedule
    from crossdock.ports.notice import Notice
    from crossdock.ports.scheduling import DueSchedule
    from crossdock.ports.store import Store

_STEP: Final = 100
"""So many slots are sent in one transaction, and so many of one schedule in one pass."""
_PASS: Final = 1000
"""So many schedules are looked at, and about so many slots sent, before other duties have their turn."""

Fired: TypeAlias = "tuple[Schedule, Firing, list[tuple[Draft, Envelope]]]"


class Scheduler:
    """Looks after the schedules of one store.

    Args:
        store: Where they are.
        notice: Is told of schedules that cannot be sent.
    """

    def __init__(self, store: Store, notice: Notice) -> None:
        self._store = store
        self._notice = notice
        self._troubles = Troubles()

    def run_once(self) -> int:
        """Look once; return how many messages were sent. What is not sent in this pass is due in the next.

        Raises:
            StoreError: The store cannot be used.
        """
        now = self._store.now()
        due_at = self._store.read(lambda reader: reader.next_slot())
        if due_at is None or due_at > now:
            return 0
        due = self._store.read(lambda reader: reader.due_schedules(now, _PASS))
        in_order = sorted(due, key=lambda row: row.name)  # two schedulers must not wait for each other's rows
        return sum(self._send(step) for step in _steps(self._fired(in_order, now)))

    def _send(self, step: list[Fired]) -> int:
        return int(self._store.write(lambda tx: sum(tx.fire(*fired) for fired in step)))

    def _fired(self, due: Iterable[DueSchedule], now: datetime) -> Iterator[Fired]:
        """Decide what is sent of each schedule; one for which that fails does not keep back the others."""
        for row in due:
            try:
                fired = _fire(row, now)
            except Exception as error:  # noqa: BLE001 - the rim of one schedule: the others must be sent
                self._tell(row.name, f"{type(error).__name__}: {error}")
            else:
                self._troubles.is_over(row.name)
                yield fired

    def _tell(self, name: str, text: str) -> None:
        """Say it once."""
        if self._troubles.is_news(text, name):
            self._notice(ScheduleFailed(schedule=name, reason=f"schedule {name} cannot be sent: {text}"))


def _fire(row: DueSchedule, now: datetime) -> Fired:
    """Decide which slots of a schedule are sent, and write their messages."""
    schedule = row.schedule()
    firing = fire(schedule.timing, schedule.missed, decided_until=row.decided_until, now=now, limit=_STEP)
    text = row.text if row.raw is None else None
    messages = [
        (Draft(slot_id(schedule.name, slot), text, row.raw, None), envelope_of_slot(schedule, slot))
        for slot in firing.slots
    ]
    return schedule, firing, messages


def _steps(all_fired: Iterator[Fired]) -> Iterator[list[Fired]]:
    """Give what goes into one transaction each, as much as is done in one pass."""
    step: list[Fired] = []
    weight = total = 0
    for fired in all_fired:
        step.append(fired)
        weight += 1 + len(fired[2])
        if weight >= _STEP:
            yield step
            total += weight
            step, weight = [], 0
            if total >= _PASS:
                return
    if step:
        yield step
