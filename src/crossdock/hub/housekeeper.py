"""The one thread of a store that always works in the background.

It rescues, sends what schedules send, writes results that would wait too long, and starts the archiver now and then,
which has a thread of its own because what it does may take long.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import StoreUnavailable
from crossdock.domain.events import ConsumeFlushFailed, RescuerFailed, SchedulerFailed, StoreTendingFailed
from crossdock.hub.consumption import FLUSH_AFTER_S
from crossdock.hub.troubles import Troubles

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.domain.events import Told
    from crossdock.hub.archiver import Archiver
    from crossdock.hub.consumption import Consumption
    from crossdock.hub.rescuer import Rescuer
    from crossdock.hub.scheduler import Scheduler
    from crossdock.ports.notice import Notice
    from crossdock.ports.store import Store

_RESCUE_EVERY_S: Final = 0.25
_TEND_EVERY_S: Final = 10.0
_JOIN_TIMEOUT_S: Final = 5.0


class Housekeeper:
    """Runs in a daemon thread; starting twice or stopping unstarted is harmless."""

    def __init__(
        self, store: Store, rescuer: Rescuer, scheduler: Scheduler, archiver: Archiver, notice: Notice
    ) -> None:
        self._store = store
        self._rescuer = rescuer
        self._scheduler = scheduler
        self._archiver = archiver
        self._notice = notice
        self._consumptions: set[Consumption] = set()
        self._stop = threading.Event()
        self._call = threading.Event()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None
        self._troubles = Troubles()
        self._tend_at = time.monotonic() + _TEND_EVERY_S

    def start(self) -> None:
        """Begin."""
        if self._thread is None:
            self._stop.clear()
            self._archiver.restart()
            self._thread = threading.Thread(target=self._run, name="crossdock-housekeeper", daemon=True)
            self._thread.start()

    def restart(self) -> None:
        """Begin anew in a forked child, where the thread of the parent is not."""
        if self._thread is not None:
            self._thread = None
            self._consumptions = set()
            self._stop, self._call, self._hurry = threading.Event(), threading.Event(), threading.Event()
            self.start()

    def stop(self) -> None:
        """End, and wait until what was begun is finished."""
        self._stop.set()
        self.call(hurry=True)
        self._archiver.stop()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_JOIN_TIMEOUT_S)
        self._thread = None

    def watch(self, consumption: Consumption) -> None:
        """See to it that this consumer's results do not wait too long."""
        self._consumptions.add(consumption)

    def unwatch(self, consumption: Consumption) -> None:
        """Leave this consumer alone."""
        self._consumptions.discard(consumption)

    def flush(self) -> None:
        """Write down every result that waits; what cannot be written is left to the leases."""
        for consumption in list(self._consumptions):
            self._write_down(consumption)

    def call(self, *, hurry: bool = False) -> None:
        """Say that there are results to look after; ``hurry``: one of them must not wait for others."""
        if hurry:
            self._hurry.set()
        self._call.set()

    def run_once(self) -> None:
        """Rescue once, send what is due, and tend the store now and then.

        Trouble with one of them is told once, keeps back none of the others, and the next pass tries again. While the
        store cannot be used, the others would only wait for it as long again.
        """
        if self._attempt(RescuerFailed, self._rescuer.run_once) and self._attempt(
            SchedulerFailed, self._scheduler.run_once
        ):
            self._attempt(StoreTendingFailed, self._tend)

    def _attempt(self, failed: type[Told], work: Callable[[], object]) -> bool:
        """Do one duty; tell whether the store can be used, as far as that is known."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the rim of a service: it must live on
            known = self._troubles.is_known(str(error))
            self._troubles.is_news(str(error), failed.name)
            if not (known or self._stop.is_set()):  # a pass that outlasted the stop found the queue closed
                self._notice(failed(reason=f"{type(error).__name__}: {error}"))
            return not isinstance(error, StoreUnavailable)
        self._troubles.is_over(failed.name)
        return True

    def _tend(self) -> None:
        if time.monotonic() >= self._tend_at:
            self._tend_at = time.monotonic() + _TEND_EVERY_S
            self._archiver.start()
            self._store.tend()

    def _run(self) -> None:
        rescue_at = 0.0
        while not self._stop.is_set():
            if time.monotonic() >= rescue_at:
                self.run_once()
                rescue_at = time.monotonic() + _RESCUE_EVERY_S
            self._call.clear()
            self._hurry.clear()
            if self._stop.is_set():  # set before the call was cleared: nobody will call again
                return
            busy = [True for consumption in list(self._consumptions) if self._look_at(consumption)]
            pause = FLUSH_AFTER_S if busy else max(0.0, rescue_at - time.monotonic())
            if busy:
                self._hurry.wait(pause)
            else:
                self._call.wait(pause)

    def _look_at(self, consumption: Consumption) -> bool:
        """Write down a consumer's results if they waited long enough; tell whether any wait."""
        if consumption.needs_flush():
            self._write_down(consumption)
        return consumption.has_done

    def _write_down(self, consumption: Consumption) -> None:
        try:
            with consumption.writing() as write:
                self._store.write(write.flush)
        except Exception as error:  # noqa: BLE001 - the rim of a service: it must live on
            self._notice(ConsumeFlushFailed(reason=f"{type(error).__name__}: {error}"))
