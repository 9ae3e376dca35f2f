"""The port to a transport, outbound: what hands the messages of one app over to its far side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple, Protocol, TypeAlias

from crossdock.domain.errors import DeliveryError, InvalidMessage
from crossdock.domain.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Gather:
    """How messages are gathered, to be handed over together (EIP: Aggregator).

    Attributes:
        count: At most so many.
        wait: Of the first one for others, at most so long.
        max_bytes: No more is gathered once the data of those gathered has so many bytes; None: no bound.
    """

    count: int
    wait: timedelta
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundCapabilities:
    """What an adapter can do. The endpoint acts on it, the contract suite holds the adapter to it.

    Attributes:
        ordered: The far side gets the messages of one batch in their order.
        answers: The far side can answer. What it answers goes to the apps that follow, or is kept as the result.
        notes: It notes in the store where a message goes before it goes there, and reads that when it comes again.
        gather: Hand over so many at a time; None: one by one.
    """

    ordered: bool = True
    answers: bool = False
    notes: bool = False
    gather: Gather | None = None


class Handover(NamedTuple):
    """One message on its way to the far side.

    Attributes:
        message: What is handed over.
        attempt: Counts from 1 and includes this one.
        noted: What an earlier attempt noted; None: nothing, or the adapter notes nothing.
    """

    message: Message
    attempt: int
    noted: Mapping[str, Any] | None = None


class Delivered(NamedTuple):
    """The far side has confirmed a message.

    Attributes:
        answer: What it answered: None, a dict, a ``Message``, or a list of these; a message for each.
        result: Is kept with the message, any JSON value; None leaves what was noted.
    """

    answer: Any = None
    result: Any = None


DELIVERED = Delivered()
"""Confirmed, and nothing else to tell."""

Reply: TypeAlias = Delivered | DeliveryError | InvalidMessage
"""What became of one message of a batch; an error means what it means when it is raised."""


class Batch(Protocol):
    """Messages that are handed over together: one, unless the adapter gathers."""

    @property
    def handovers(self) -> Sequence[Handover]:
        """The messages, in the order in which they are to reach the far side."""

    async def note(self, words: Mapping[str, Any], places: Sequence[int] | None = None) -> None:
        """Write down, durably, where messages go; each has it as ``noted`` when it comes again.

        Args:
            words: Replace what was noted on these messages before.
            places: Of the messages in ``handovers``, from 0. None: all of them. Others keep what is noted on them.

        Raises:
            LeaseLost: Another worker has one of them by now; hand nothing over.
        """


class OutboundAdapter(Protocol):
    """Hands messages over to one transport. It decides nothing: retries, back-off, limits and dedup are the endpoint's.

    The endpoint calls ``connect`` until it succeeds, then ``deliver`` as often as there are messages, as many at a
    time as the app's ``concurrency`` says, then ``close`` once no ``deliver`` runs. Nothing was handed over before
    ``deliver``. When ``deliver`` returns, the far side has the messages for good: they are acknowledged.

    A message comes again, with the same id, when nobody knows what became of it: its process was killed, ``deliver``
    was cancelled (its time was over, or the process stops), or the link broke. Making one ``Delivered`` of the two is
    the far side's business, by the id, unless ``notes`` tell the adapter.
    """

    @property
    def capabilities(self) -> OutboundCapabilities:
        """What it can do; does not change."""

    async def connect(self) -> None:
        """Reach the far side. Called again after ``NotConnected``, without ``close`` between.

        Raises:
            NotConnected: It cannot be reached now; the endpoint tries again, later each time.
            CredentialError: It refuses us. Or ConfigError: a setting is wrong, which only the far side could tell. A
                person is told, and the endpoint tries again at its longest delay.
        """

    async def deliver(self, batch: Batch) -> Sequence[Reply]:
        """Hand messages over; return what became of each, in their order.

        What is raised holds for all of them:

        Raises:
            NotConnected: The link is gone. They go back to the queue, nothing spent; the endpoint connects again.
            TransientError: Or any exception that is none of these: they are tried again, an attempt spent.
            RateLimited: The queue is parked until the far side wants to be asked again; no attempt is spent.
            CredentialError: The queue pauses until a person resumes it; no attempt is spent.
            PermanentError: They are dead letters.
            InvalidMessage: They are dead letters; its details name field and issue.
            ProcessDied: What worked on them died; a crash is counted, and each comes again alone.
        """

    async def close(self) -> None:
        """Release everything. Safe to call twice, and before ``connect``."""
