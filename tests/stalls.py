"""How long this machine stood still during a test: what a promised time may be exceeded by, and no more.

Some promises are times ("stops within 10 s"). A machine whose disk takes seconds for one sync, or whose processors
are all taken, breaks them whatever the code does; so the same is asked of the machine itself, at the same time. A nap
tells nothing of processors that are taken: who has slept comes first. So the kernel is asked how long a process waited.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

_EVERY_S = 0.02
_QUICK_S = 0.01
"""A nap and a sync of one page that together take no longer than this over the nap are no stall."""
_PAGE = b"x" * 4096


class Stalls:
    """Naps and syncs a page, again and again, beside what is measured.

    Attributes:
        longest_s: The longest time that one nap and sync took more than it should, in seconds.
        total_s: All such times together, in seconds.
    """

    def __init__(self, folder: Path) -> None:
        self.longest_s = 0.0
        self.total_s = 0.0
        self._path = folder / f"stalls-{threading.get_native_id()}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        """Look at what else there is to see, between two naps."""

    def _watch(self) -> None:
        file = os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            while not self._stop.is_set():
                self._look()
                began = time.monotonic()
                time.sleep(_EVERY_S)
                os.pwrite(file, _PAGE, 0)
                os.fdatasync(file)
                stall_s = max(0.0, time.monotonic() - began - _EVERY_S - _QUICK_S)
                self.longest_s = max(self.longest_s, stall_s)
                self.total_s += stall_s
        finally:
            os.close(file)
            self._path.unlink()


class InTime(Stalls):
    """Assert that a block takes less than so long, not counting what the machine stood still.

    Args:
        folder: On the disk that the block waits for.
        limit_s: In seconds.
        pids: Processes that the block waits for; what their threads wait for a processor does not count.
    """

    _SYNCS = 8
    """The block, too, waits for the disk: at most so often as the watch sees one stall."""

    def __init__(self, folder: Path, limit_s: float, *pids: int) -> None:
        super().__init__(folder)
        self._limit_s = limit_s
        self._began = 0.0
        self._pids = pids
        self._waited = self._before = dict(_waits(pids))

    def __enter__(self) -> Self:
        self._waited = self._before = dict(_waits(self._pids))
        super().__enter__()
        self._began = time.monotonic()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        ended = time.monotonic()
        super().__exit__(kind, *rest)
        assert kind is not None or ended < self.allowed_until, (
            f"took {ended - self._began:.2f} s; at most {self._limit_s} s, and "
            f"{self.allowed_until - self._began - self._limit_s:.2f} s for this machine"
        )

    @property
    def allowed_until(self) -> float:
        """When the time is up, as far as is known; monotonic seconds."""
        return self._began + self._limit_s + self.total_s + self._SYNCS * self.longest_s + self.starved_s

    @property
    def starved_s(self) -> float:
        """How long the threads of the processes could have run and did not, in seconds; of one that ended, so far."""
        return sum(waited - self._before.get(thread, 0.0) for thread, waited in self._waited.items())

    def _look(self) -> None:
        self._waited = {**self._waited, **dict(_waits(self._pids))}


def _waits(pids: tuple[int, ...]) -> Iterator[tuple[Path, float]]:
    """Give how long each thread has waited for a processor since it began. Source: sched-stats.rst of Linux."""
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").glob("*"):
            with suppress(OSError, ValueError, IndexError):  # it has ended, or this kernel does not count
                yield thread, int((thread / "schedstat").read_text().split()[1]) / 1e9
