"""Which test proves which promise for which road: ``docs/reference/guarantees.md`` claims that and nothing else.

A test says what it proves by ``proves``, or is of a contract suite and says by ``of_road`` whose adapter it tries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest

from crossdock.testing import InboundContract, OutboundContract


class Promise(Enum):
    """What is promised, for readers."""

    STORED = "What its giver was told is stored, is stored, whichever worker is killed, and is delivered."
    DELIVERED = "What is stored is delivered, whichever worker is killed, and nothing is stored twice."
    EXPLAINED = "Each further delivery of a message has its cause in the timeline of the message."
    ONCE = "No message arrives twice, whichever worker is killed."
    KEY_ORDER = (
        "Messages of one partition key begin one after the other, in the order in which they were stored."
    )
    KEY_ORDER_HELD = (
        "They do so also when workers are killed; what a kill has put back goes before what follows it."
    )
    WHOLE_IN = "Data is stored as it was given, in that order."
    WHOLE_OUT = "Data arrives as it was sent, in that order, and once while nothing fails."
    GOES_ON = "A run begins where the one before ended: nothing is taken twice, nothing is passed over."
    WAITS = "While the queue of a receiver is full nothing more is taken in, and nothing is lost by that."
    DRAINS = "Told to stop, it finishes what was begun; the rest is delivered by the next run, once."
    SWITCHED = (
        "Another transport for a live app loses nothing, repeats nothing, and keeps the order of a key."
    )
    SWITCHED_KILLED = "It loses nothing and explains each repeat also while workers are killed."


OF_CONTRACTS: Mapping[Any, Promise] = {
    OutboundContract.test_adapter_hands_over_whole_data_once: Promise.WHOLE_OUT,
    OutboundContract.test_adapter_keeps_the_order_of_a_key: Promise.KEY_ORDER,
    OutboundContract.test_adapter_drains_on_stop: Promise.DRAINS,
    InboundContract.test_adapter_takes_in_many_in_order: Promise.WHOLE_IN,
    InboundContract.test_adapter_goes_on_where_it_was: Promise.GOES_ON,
    InboundContract.test_adapter_waits_while_there_is_no_room: Promise.WAITS,
}
"""The promises that the contract suites prove, by their tests."""


@dataclass(frozen=True)
class Proof:
    """One test.

    Attributes:
        promise: What it proves.
        roads: For what: the name of a road, by ``inbound`` and ``outbound``, or by ``before`` and
            ``after`` of a ``direction``.
        test: Its file and its name.
    """

    promise: Promise
    roads: Mapping[str, str]
    test: str


def proves(*promises: Promise, **roads: str) -> pytest.MarkDecorator:
    """Mark what a test proves, and for which roads."""
    return pytest.mark.proves(*promises, **roads)


def of_road(road: str) -> pytest.MarkDecorator:
    """Mark whose adapter a contract suite tries."""
    return pytest.mark.of_road(road)


def proofs_of(item: pytest.Function) -> Iterator[Proof]:
    """Give what one collected test proves."""
    test = f"{item.path.relative_to(item.config.rootpath).as_posix()}::{item.originalname}"
    for mark in item.iter_markers("proves"):
        yield from (Proof(promise, mark.kwargs, test) for promise in mark.args)
    road = item.get_closest_marker("of_road")
    promise = OF_CONTRACTS.get(getattr(item.function, "__func__", item.function))
    if road is not None and promise is not None:
        direction = "inbound" if issubclass(item.cls, InboundContract) else "outbound"
        yield Proof(promise, {direction: road.args[0]}, test)


class Collector:
    """A plugin of pytest that collects proofs."""

    def __init__(self) -> None:
        self.proofs: list[Proof] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """See what each test proves."""
        items = [item for item in session.items if isinstance(item, pytest.Function)]
        self.proofs = [proof for item in items for proof in proofs_of(item)]
