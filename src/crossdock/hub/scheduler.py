"""The scheduler: sends what schedules send, once their time has come.

Every process that has a store open runs one, so that there is no process whose death would stop the schedules, and no
leader: the transaction that sends a slot also moves its schedule on, from where it was read, and the id of the message
follows from the slot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import StoreError
from crossdock.domain.message import Draft
from crossdock.domain.schedule import fire, slot_id
from crossdock.hub.declaring import envelope_of_slot

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.domain.schedule import Schedule
    from crossdock.ports.notice import Notice
    from crossdock.ports.store import Store

_STEP: Final = 100
"""So many slots of one schedule are sent in one transaction."""
_MANY: Final = 1000


class Scheduler:
    """Looks after the schedules of one store.

    Args:
        store: Where they are.
        notice: Is told of schedules that cannot be sent.
    """

    def __init__(self, store: Store, notice: Notice) -> None:
        self._store = store
        self._notice = notice
        self._troubles: dict[str, str] = {}

    def run_once(self) -> int:
        """Look once; return how many messages were sent. A schedule that cannot be sent does not keep back others.

        Raises:
            StoreError: The store cannot be used.
        """
        now = self._store.now()
        due_at = self._store.read(lambda reader: reader.next_slot())
        if due_at is None or due_at > now:
            return 0
        sent = 0
        for due in self._store.read(lambda reader: reader.due_schedules(now, _MANY)):
            try:
                sent += self._fire(due, now)
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001 - the rim of one schedule: the others must be sent
                self._tell(due.name, f"{type(error).__name__}: {error}")
            else:
                self._troubles.pop(due.name, None)
        return sent

    def _fire(self, due: Any, now: datetime) -> int:
        """Send the slots of a schedule that are due, at most a step of them; the rest is due again at once."""
        schedule: Schedule = due.schedule()
        firing = fire(schedule.timing, schedule.missed, decided_until=due.decided_until, now=now, limit=_STEP)
        text = due.text if due.raw is None else None
        messages = [
            (Draft(slot_id(schedule.name, slot), text, due.raw, None), envelope_of_slot(schedule, slot))
            for slot in firing.slots
        ]
        return int(self._store.write(lambda tx: tx.fire(schedule, firing, messages)))

    def _tell(self, name: str, text: str) -> None:
        """Say it once."""
        if self._troubles.get(name) != text:
            self._troubles[name] = text
            self._notice("schedule.failed", f"schedule {name} cannot be sent: {text}")
