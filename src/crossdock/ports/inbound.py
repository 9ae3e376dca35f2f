"""The port to a transport, inbound: what takes messages in from its far side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from crossdock.domain.errors import InvalidMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundCapabilities:
    """What an adapter can do. The endpoint acts on it, the contract suite holds the adapter to it.

    Attributes:
        ordered: Messages come in the order in which the far side sent them.
        redelivers: What was not acked comes again: after a nack, a new ``connect``, or in a new process. One that does
            not is told to ``finish`` also when the endpoint is to stop; what it gives then is stored even in a full
            queue.
        positions: It says how far it has come, and goes on from there; see ``Receipt.positions``.
    """

    ordered: bool = True
    redelivers: bool = True
    positions: bool = False


class Position(NamedTuple):
    """How far an adapter has come in something that it reads: a file, a feed, an account.

    Attributes:
        key: What it reads.
        value: How far it has come, any JSON value; None: forget it.
    """

    key: str
    value: Any


class Refusal(NamedTuple):
    """One item of a receipt that can never be a message.

    Attributes:
        place: Of the item in ``items``, from 0.
        error: Why, with field and issue.
    """

    place: int
    error: InvalidMessage


class Receipt(Protocol):
    """What was received together. It is stored in one transaction, all of it or nothing."""

    @property
    def items(self) -> Sequence[Any]:
        """Each a whole ``Message``, which keeps its id, or the data of a new one.

        Data that the adapter has encoded already comes as ``JsonTexts``, all of it, and is not encoded again.

        The same ``Message`` twice is stored once. An adapter that may give an item twice gives messages with ids that
        stay the same, or positions.
        """

    @property
    def options(self) -> Mapping[str, Any]:
        """The envelope of new messages, in the words of ``Queue.send``: ``type``, ``subject`` and so on."""

    @property
    def positions(self) -> Sequence[Position]:
        """How far the adapter has come with these items; stored in the same transaction, so nothing comes twice."""

    async def ack(self, refused: Sequence[Refusal] = ()) -> None:
        """Know that the items are stored for good, but for those that were refused, which are to be set aside."""

    async def nack(self, error: Exception) -> None:
        """Know that nothing was stored, and nothing is to be lost: they come again if the adapter redelivers."""


class InboundAdapter(Protocol):
    """Takes messages in from one transport. It decides nothing: routes, dedup, back-off, limits are the hub's.

    The endpoint calls ``connect`` until it succeeds, then ``receive`` again and again until it raises, then ``close``
    once. Every receipt is acked or nacked exactly once before the next ``receive`` and before ``close``. On one host
    one process at a time drives the adapter of an app.

    ``receive`` is cancelled when the endpoint is to stop; what was received and not returned must come again. When the
    app gets another adapter, or none, the endpoint calls ``finish`` and goes on until ``EndOfInput``; likewise when it
    is to stop, if the adapter does not redeliver. While a queue is as deep as it may be nothing is received.
    """

    @property
    def capabilities(self) -> InboundCapabilities:
        """What it can do; does not change."""

    async def connect(self, positions: Mapping[str, Any]) -> None:
        """Reach the far side. Called again after ``NotConnected``, without ``close`` between.

        Args:
            positions: By key, as they were stored last.

        Raises:
            NotConnected: It cannot be reached now; the endpoint tries again, later each time.
            CredentialError: It refuses us. Or ConfigError: a setting is wrong, which only the far side could tell. A
                person is told, and the endpoint tries again at its longest delay.
        """

    async def receive(self) -> Receipt:
        """Wait for something, and return it with the means to ack or nack it.

        Raises:
            NotConnected: The link is gone; the endpoint connects again.
            EndOfInput: Nothing more will ever come; the endpoint stops in good order.
        """

    async def finish(self) -> None:
        """Begin nothing new: ``receive`` gives what was begun, such as the rest of a file, then raises EndOfInput.

        Called at most once after ``connect``, and not while ``receive`` runs.
        """

    async def close(self) -> None:
        """Release everything. Safe to call twice, and before ``connect``."""
