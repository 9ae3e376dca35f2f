"""How soon an idle worker in another process starts on a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.channel import Answer, Child, run
from benchmarks.contenders import PEERS
from benchmarks.contenders.contender import POLL_S
from benchmarks.ledger import Ledger
from benchmarks.workloads.workload import Entrant, Place, Scale, Workload, latency_columns, pooled

GAP_S = (0.03, 0.13)
"""Between two sends: long enough for the worker to go to sleep, random so that no poll is in step."""


class PickUp(Workload):
    """From the moment before the send to the start of the handler: the send's own commit is inside.

    Peers poll every 0.1 s, which is what their idle cost is measured at too; they cannot be woken.
    """

    name = "pick-up"
    title = "Pick-up when idle, across processes"
    columns = latency_columns("samples")
    contenders = (*PEERS, "crossdock")
    ratio_of = "p50_ms"
    most_rounds = 3

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        common = {"contender": entrant.contender, "directory": str(place.directory)}
        worker = Child(
            "roles:work", place.log, **common, ledger=f"{place.directory}/w.ledger", name="w", poll_s=POLL_S
        )
        try:
            worker.wait_ready()
            worker.go()
            worker.wait_ready()
            run("roles:send_slowly", place.log, limit_s=60, **common, ledger=f"{place.directory}/p.ledger",
                samples=scale.samples, gap_s=GAP_S)  # fmt: skip
            worker.stop()
            worker.result(limit_s=20)
        finally:
            worker.kill()
        return {"pick_up_s": Ledger.read(place.directory).pick_up_s}

    def summarise(self, rounds: Sequence[Mapping[str, Any]]) -> Answer:
        """Pool the samples of all rounds."""
        return pooled(rounds, "pick_up_s")
