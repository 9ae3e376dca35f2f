"""The scene of P9: eight processes of mixed load, readers and a backup of others beside them."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from tests.crash.case import Case
from tests.crash.checker import Report, explain, spread
from tests.crash.history import Kind, read_histories
from tests.postgresql_databases import is_postgresql
from tests.stalls import Stalls

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.nursery import Nursery
    from tests.crash.probe import Play

LONGEST_SEND_S = 1.0
"""As P9 says."""
STARVED = 5
"""Without a log each commit waits for the readers, and a fair turn takes a second; a starved one, many times that."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Attributes:
        complaints: What a worker failed with, or complained of.
        waits: How long each send took, in seconds; of a ``send_many`` its slowest message.
        stalls_s: For so long the machine itself stood still at most, as often as there are processes.
    """

    complaints: list[str]
    report: Report
    waits: list[float]
    stalls_s: float

    def faults(self) -> list[str]:
        """Return what is wrong with it."""
        found = list(self.complaints)
        if self.report.violations:
            found.append(str(self.report))
        if not self.waits:
            return [*found, "nothing was sent"]
        fair_s = max(LONGEST_SEND_S, STARVED * median(self.waits)) + self.stalls_s
        if max(self.waits) >= fair_s:
            found.append(f"a send took {max(self.waits):.2f} s, and may take {fair_s:.2f} s")
        return found

    def __str__(self) -> str:
        return (
            f"{self.report}\nsends took: {spread(self.waits)}; the machine stood still: {self.stalls_s:.2f} s"
        )


def play_mixed_load(play: Play, nursery: Nursery, folder: Path, seconds: float) -> Outcome:
    """Play it for so long."""
    strangers = [play.fork("read_outside", seconds=seconds, seed=seed) for seed in range(2)]
    if not is_postgresql(play.place["url"]):
        strangers.append(play.fork("back_up", seconds=seconds))
    senders = [play.fork("send_fast", app="bulk", name=f"fast-{n}", seed=n) for n in range(3)]
    senders.append(play.fork("produce", name="mixed", apps=["bulk"], outbox="ledger", rate=100, seed=7))
    workers = [
        play.fork("consume", app="bulk", name="worker-1", seed=1),
        play.fork("consume_one", app="bulk", name="worker-2", seed=2),
        play.fork("claim", app="bulk", name="worker-3", seed=3),
        play.fork("keep_ledger", app="ledger", name="keeper", seed=4),
    ]
    with Stalls(folder) as stalls:
        nursery.wait(*strangers, timeout_s=seconds + 120)
        stalls_s = len(nursery.children) * stalls.longest_s
    for group in (senders, workers):
        for child in group:
            child.signal(signal.SIGTERM)
        nursery.wait(*group)
    # Claims of one second are worked off one by one while all wait for the turn to write: some may lapse.
    case = Case(read_histories(folder), play.account(), drained=False, lapses_allowed=True)
    return Outcome(nursery.complaints(), explain(case), _waits(play), stalls_s)


def _waits(play: Play) -> list[float]:
    begun = {(each.pid, each.message_id): each.mono for each in play.saw(Kind.SEND_BEGUN)}
    return [each.mono - begun[each.pid, each.message_id] for each in play.saw(Kind.SENT)]
