"""What the processes of a store tell each other through it: generations, and how a circuit breaker stands."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crossdock import Breaker, TransientError
from tests.contract.case import claim_one

if TYPE_CHECKING:
    from crossdock import Queue
    from tests.contract.case import Case

BREAKER = Breaker(after=2, shortest=timedelta(seconds=10), longest=timedelta(seconds=10))


def test_processes_report_the_generation_that_they_have_applied(queue: Queue) -> None:
    store = queue._store
    first = store.read(lambda reader: reader.generation())
    assert store.write(lambda tx: tx.next_generation()) == first + 1
    for problem in ("it goes on as before", ""):
        report: dict[str, Any] = {"pid": 7, "host": "here", "generation": first + 1, "problem": problem}
        store.write(lambda tx, report=report: tx.report("hub/1", report))
        [process] = store.read(lambda reader: reader.processes())
        assert (process.pid, process.generation, process.problem) == (7, first + 1, problem or None)
    store.write(lambda tx: tx.forget_process("hub/1"))
    assert store.read(lambda reader: reader.processes()) == []


def test_breaker_opens_probes_and_closes_for_all(case: Case, queue: Queue) -> None:
    queue.send_many("app", range(5))
    for _ in range(2):
        fail(queue)
    assert queue.stats("app")["app"].breaker == "open"
    other = queue if case.in_memory else case.open(app="other")
    assert other.claim("app") == []
    case.clock.advance(timedelta(seconds=10))
    assert queue.stats("app")["app"].breaker == "half-open"
    [probe] = other.claim("app", limit=5)
    assert queue.claim("app") == []
    probe.ack()
    assert queue.stats("app")["app"].breaker is None
    assert len(queue.claim("app", limit=2)) == 2


def fail(queue: Queue) -> None:
    """End a delivery as a hub does whose handler could not reach its far side."""
    claimed = claim_one(queue)._claimed
    outcome = queue._gateway.nacked(claimed, TransientError("down"), timedelta(hours=1), BREAKER)
    settlement = queue._gateway.settlement(claimed, outcome)
    assert queue._store.write(lambda tx: tx.settle([settlement]))
