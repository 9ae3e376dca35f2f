"""A part of the soak: what a send, a claim and a drain take beside ten million messages, against the empty table (P17).

It is the workload ``growth`` of the benchmarks, one state at a time, so that one large store is on the disk at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.runner import Run
from benchmarks.server import server_for
from benchmarks.workloads.growth import BASELINE, EMPTY, STATES, Growth
from benchmarks.workloads.workload import COMPLETE, Entrant

SLOWEST: Final = 1.5
"""So many times as long as beside nothing."""
CONTENDERS: Final = ("crossdock", "crossdock-postgresql")


class OneState(Growth):
    """One state, and the empty table that it is compared with."""

    def __init__(self, state: str) -> None:
        self._state = state

    def entrants(self, contenders: Sequence[str]) -> list[Entrant]:
        """Return the two."""
        variants = (BASELINE.get(self._state, EMPTY), self._state)
        return [Entrant(one, variant) for one in contenders for variant in variants]


def states() -> Iterator[tuple[str, str]]:
    """Give each contender with each state."""
    return ((contender, state) for contender in CONTENDERS for state in STATES[contender])


def grow(contender: str, state: str, *, rows: int, folder: Path) -> float:
    """Return how many times as long it takes beside so many messages.

    Raises:
        AssertionError: It could not be measured.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with server_for([contender], folder):
        run = Run(OneState(state), replace(COMPLETE, growth=rows), folder / "stores")
        entrants = run.execute([contender], COMPLETE.rounds)["entrants"]
    for label, entrant in entrants.items():
        assert entrant["error"] is None, f"{label}: {entrant['error']}"
    return float(entrants[f"{contender}, {state}"]["figures"]["worst"])
