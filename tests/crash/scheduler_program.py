"""A process that does nothing but have a store open, with a clock that leaps: ``python -m … PLACE SEED``.

Like any such process it sends what schedules send; and it declares them at its start, as a program does.
"""

from __future__ import annotations

import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.crash.stage import open_queue

if TYPE_CHECKING:
    from crossdock import Queue

LEAP_EVERY_S = 0.3
LONGEST_LEAP_S = 2.5
ALL, LATEST, CLOCK = "all", "latest", "clock"
SECOND = timedelta(seconds=1)


class LeapingClock:
    """The clock of the machine, set on and back a few seconds all the time."""

    def __init__(self, seed: str) -> None:
        self._rng = random.Random(seed)
        self._leap = timedelta(0)
        self._leap_at = 0.0

    def now(self) -> datetime:
        if time.monotonic() >= self._leap_at:
            self._leap_at = time.monotonic() + LEAP_EVERY_S
            self._leap = timedelta(seconds=self._rng.uniform(-LONGEST_LEAP_S, LONGEST_LEAP_S))
        return datetime.now(UTC) + self._leap


def declare(queue: Queue) -> None:
    queue.every(SECOND, ALL, {"n": 1}, missed="all")
    queue.every(2 * SECOND, LATEST, {"n": 1})
    queue.every("* * * * *", CLOCK, {"n": 1}, timezone="Australia/Lord_Howe", missed="all")


def main(place: str, seed: str) -> None:
    with open_queue("scheduler-process", clock=LeapingClock(seed), **json.loads(place)) as queue:
        declare(queue)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
