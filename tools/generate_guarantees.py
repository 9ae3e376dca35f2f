"""Makes ``docs/reference/guarantees.md`` from what the tests say they prove, and what the adapters declare.

A cell of a table says what is proven for it, and nothing else: a promise that no test proves is not on the page.
``--check`` writes nothing and fails if the page is not what would be made.
"""

# ruff: noqa: ANN401, SLF001 - what adapters declare is asked for as the contract suites ask for it

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import pytest

from crossdock.app.configured import transport_of
from crossdock.ports.inbound import InboundCapabilities
from crossdock.ports.outbound import OutboundCapabilities
from crossdock.synchronous.queue import Queue
from crossdock.testing.far_side import APP, configured

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.adapters.roads import INBOUND, OUTBOUND, ROADS_IN  # noqa: E402 - tests are no package that is installed
from tests.guarantees import Collector, Promise, Proof  # noqa: E402 - likewise

PAGE: Final = ROOT / "docs" / "reference" / "guarantees.md"
WHERE: Final = ("tests/adapters", "tests/crash", "tests/api/test_webhooks.py")

INTRODUCTION: Final = """\
# Guarantees, adapter by adapter

<!-- Made from what the tests say they prove by tools/generate_guarantees.py. Do not edit. -->

How messages come in and how they go out can be combined as you like, and changed while apps run. This page tells for
each way in, each way out, each pair and each change what you can rely on. Every word in a table stands for tests, which
are named [at the end](#the-tests): they kill workers at random while messages pour through a pair, and compare what the
far sides saw with what the store tells. Where a test is missing, a table says *not tested*.

What holds whatever the adapters are, such as what it means to be stored, dead letters, the limits, is told in
[what is guaranteed, and what is not](../explanation/guarantees.md). Adapters of your own are held to the same promises
by [the contract suites](../how-to/write-an-adapter.md#the-tests)."""

INTO: Final = """\
## Into Crossdock

*Told* is what tells the far side that a message is on the disk: from then on no kill and no power cut loses it. What it
was not told of, it must keep."""

OUT_OF: Final = """\
## Out of Crossdock

A message is acknowledged in the store when it is *delivered*. Whoever is killed between the two leaves a delivery whose
outcome nobody knows; what then becomes of it is the last column."""

PAIRS: Final = """\
## Each pair

While workers are killed with `kill -9`, one or all of them, from each way in (rows) to each way out (columns):"""

PAIR_NOTES: Final = """\
- **nothing lost**: whatever the far side was told is stored, arrives.
- **nothing stored is lost**: the far side is told nothing, so it must give again from the beginning, or from a place
  that it knows to be safe; what is stored arrives, and what is given again under the same id is stored once.
- **nothing twice**: a message arrives once, whatever was killed.
- **twice for a recorded cause**: mostly a process that died in the middle of the delivery (`message.crashed`); the
  [timeline](timeline.md) of the message names it. It has the same id, by which its receiver can tell.
- **order per key**: messages of one [partition key](../explanation/order.md) arrive in the order in which they came;
  one that a kill has put back arrives again before those that follow it."""

CHANGES: Final = """\
## Changing the transport

One line of the configuration is edited and `crossdock reload` is called, while messages pour in: from the way that
names the row to the way that names the column. *With kills*, a message is repeated only for a recorded cause."""

TESTS: Final = """\
## The tests

`make test` runs a choice of them with few kills, `make test-all` all of them with many. The pairs are tried on SQLite,
and each way in and out on PostgreSQL, too. What the tables tell of a way to its reader stands beside the code that
tries it, in `tests/adapters/roads.py`."""


def main() -> int:
    """Make or check the page."""
    text = "\n\n".join(page(collect())) + "\n"
    if "--check" in sys.argv[1:]:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print("docs/reference/guarantees.md is not up to date; run: python tools/generate_guarantees.py")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


def collect() -> list[Proof]:
    """Return what the tests prove; none of them is run.

    Raises:
        SystemExit: They cannot be collected.
    """
    collector, said = Collector(), io.StringIO()
    places = [str(ROOT / place) for place in WHERE]
    with contextlib.redirect_stdout(said):
        code = pytest.main(
            ["--collect-only", "-qq", "-p", "no:cacheprovider", "--rootdir", str(ROOT), *places], [collector]
        )
    if code != pytest.ExitCode.OK:
        raise SystemExit(said.getvalue())
    return collector.proofs


def page(proofs: Sequence[Proof]) -> Iterator[str]:
    """Give the parts of the page."""
    proven = Proven(proofs)
    yield INTRODUCTION
    yield INTO
    yield table(
        (
            "way in",
            "told",
            "order",
            "what is not stored yet when a worker is killed",
            "stops and starts",
            "full queue",
        ),
        [inbound_row(name, proven.of_way_in(name)) for name in ROADS_IN],
    )
    yield OUT_OF
    yield table(
        ("way out", "delivered when", "order", "told to stop", "what arrives again after a kill"),
        [outbound_row(name, proven.of_way_out(name)) for name in OUTBOUND],
    )
    yield PAIRS
    yield matrix(
        "in ╲ out", ROADS_IN, OUTBOUND, lambda way, out: pair_cell(proven.of(inbound=way, outbound=out))
    )
    yield PAIR_NOTES
    yield CHANGES
    yield "`outbound`:"
    yield changes("outbound", OUTBOUND, proven)
    yield "`inbound`:"
    yield changes("inbound", INBOUND, proven)
    yield TESTS
    yield table(("promise", "proven by"), tests(proofs))


class Proven:
    """The promises that are proven, by what they are proven for."""

    def __init__(self, proofs: Iterable[Proof]) -> None:
        self._promises: dict[frozenset[tuple[str, str]], set[Promise]] = defaultdict(set)
        for proof in proofs:
            self._promises[frozenset(proof.roads.items())].add(proof.promise)

    def of(self, **roads: str) -> set[Promise]:
        """Return what is proven for a road, a pair or a change."""
        return self._promises[frozenset(roads.items())]

    def of_way_in(self, way: str) -> set[Promise]:
        """Return what is proven for a way in, by itself or together with every way out."""
        return self.of(inbound=way) | set.intersection(
            *(self.of(inbound=way, outbound=out) for out in OUTBOUND)
        )

    def of_way_out(self, out: str) -> set[Promise]:
        """Return what is proven for a way out, by itself or together with every way in."""
        return self.of(outbound=out) | set.intersection(
            *(self.of(inbound=way, outbound=out) for way in ROADS_IN)
        )


def changes(direction: str, roads: Mapping[str, Any], proven: Proven) -> str:
    """Return the table of all changes between some roads."""

    def cell(before: str, after: str) -> str:
        if before == after:
            return "-"
        return change_cell(proven.of(direction=direction, before=before, after=after))

    return matrix("from ╲ to", roads, roads, cell)


def matrix(
    corner: str, rows: Mapping[str, Any], columns: Mapping[str, Any], cell: Callable[[str, str], str]
) -> str:
    """Return a table of each with each."""
    return table(
        (corner, *(road.shown for road in columns.values())),
        [(road.shown, *(cell(name, column) for column in columns)) for name, road in rows.items()],
    )


def inbound_row(name: str, proven: set[Promise]) -> tuple[str, ...]:
    """Return what is said of a way in; a program that calls ``Queue.send`` drives no adapter."""
    road = ROADS_IN[name]
    if road.table is None:
        return (
            road.shown, road.acknowledged_when, "as sent",
            "the call did not return: send it again with the same id", "-", "`QueueFull` is raised, if it is asked for",
        )  # fmt: skip
    if road.api is not None:
        again = "whoever posts is not answered, and posts it again; under the same id it is stored once"
        return (
            road.shown, road.acknowledged_when, said(proven, {Promise.KEY_ORDER_HELD: "as answered"}),
            said(proven, {Promise.STORED: again}), "-", said(proven, {Promise.WAITS: "answers 429, stores nothing"}),
        )  # fmt: skip
    can: InboundCapabilities = capabilities("inbound", road.table)
    return (
        road.shown,
        road.acknowledged_when,
        said(proven, {Promise.WHOLE_IN: "as given" if can.ordered else "none"}),
        said(proven, {Promise.DELIVERED: unstored(can)}),
        said(proven, {Promise.GOES_ON: "goes on where it was"}),
        said(proven, {Promise.WAITS: "waits, loses nothing"}),
    )


def unstored(can: InboundCapabilities) -> str:
    """Return what becomes of what an adapter has received, and nobody stored."""
    if can.positions:
        return "is read again from the place that is stored with the messages: nothing twice, nothing passed over"
    if can.redelivers:
        return "the far side gives it again; under the same id it is stored once"
    return "is lost, unless the far side gives it again by itself; under the same id it is stored once"


def outbound_row(name: str, proven: set[Promise]) -> tuple[str, ...]:
    """Return what is said of a way out."""
    road = OUTBOUND[name]
    can: OutboundCapabilities = capabilities("outbound", road.table)
    order = {Promise.WHOLE_OUT: "as sent" if can.ordered else "none", Promise.KEY_ORDER: "per key"}
    again = (
        {Promise.ONCE: "nothing: where it goes is noted before, and looked up"}
        if can.notes
        else {Promise.EXPLAINED: "the delivery that was under way, under the same id"}
    )
    return (
        road.shown, road.delivered_when, said(proven, order), said(proven, {Promise.DRAINS: "finishes what it began"}),
        said(proven, again),
    )  # fmt: skip


def capabilities(direction: Literal["inbound", "outbound"], make: Callable[[Path], Mapping[str, Any]]) -> Any:
    """Return what the adapter of a road declares."""
    with tempfile.TemporaryDirectory() as name:
        loaded = configured(
            Path(name), {direction: make(Path(name)), "next": [] if direction == "outbound" else ["x"]}
        )
        with Queue.from_config(loaded) as queue:
            adapter = transport_of(loaded, APP, direction).adapter(queue._gateway.app, queue._gateway)
            return adapter.capabilities


def pair_cell(proven: set[Promise]) -> str:
    """Return what holds for a pair."""
    kept = (
        {Promise.STORED: "nothing lost"}
        if Promise.STORED in proven
        else {Promise.DELIVERED: "nothing stored is lost"}
    )
    once = (
        {Promise.ONCE: "nothing twice"}
        if Promise.ONCE in proven
        else {Promise.EXPLAINED: "twice for a recorded cause"}
    )
    return said(proven, {**kept, **once, Promise.KEY_ORDER_HELD: "order per key"})


def change_cell(proven: set[Promise]) -> str:
    """Return what holds for a change."""
    words = {
        Promise.SWITCHED: "nothing lost or repeated",
        Promise.SWITCHED_KILLED: "with kills: nothing lost",
    }
    return said(proven, words, join="; ")


def said(proven: set[Promise], words: Mapping[Promise, str], join: str = ", ") -> str:
    """Return the words of what is proven."""
    return join.join(words[promise] for promise in words if promise in proven) or "not tested"


def tests(proofs: Iterable[Proof]) -> Iterator[tuple[str, ...]]:
    """Give each promise with the tests that prove it."""
    found: dict[Promise, set[str]] = defaultdict(set)
    for proof in proofs:
        found[proof.promise].add(proof.test)
    for promise in Promise:
        if promise in found:
            yield promise.value, "<br>".join(f"`{test}`" for test in sorted(found[promise]))


def table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table."""
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    sys.exit(main())
