"""Writes down how deliveries ended, and sends what they answer, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.domain.delivery import DONE, Completed, HandedBack, Settlement
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.lifecycle import FailureCode
from crossdock.domain.retry import Dead, failure_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.domain.delivery import DeliveryKey
    from crossdock.ports.store import Transaction


class AnswerRefused(Exception):
    """The store holds another message under the id of an answer; the transaction is undone.

    Attributes:
        cause: What the store said.
    """

    def __init__(self, settlement: Settlement, cause: InvalidMessage) -> None:
        super().__init__(str(cause))
        self._settlement = settlement
        self.cause = cause

    def instead_of(self, settlement: Settlement) -> Settlement:
        """Return a settlement of the same write as it should be written: the refused one makes a dead letter."""
        if settlement is not self._settlement:
            return settlement
        return settlement._replace(outcome=Dead(failure_of(self.cause, FailureCode.INVALID_MESSAGE)))


def write_results(tx: Transaction, done: Sequence[Settlement]) -> list[int]:
    """Settle deliveries; what one answers is sent only if its lease still held.

    Returns:
        The rows whose results came too late and changed nothing.

    Raises:
        AnswerRefused: The store cannot take an answer; nothing must be committed.
    """
    if not done:
        return []
    accepted = settle_and_send(tx, done)
    if len(accepted) == len(done):
        return []
    return [one.row_id for one in done if one.key not in accepted and not isinstance(one.outcome, HandedBack)]


def settle_and_send(tx: Transaction, done: Sequence[Settlement]) -> set[DeliveryKey]:
    """Settle deliveries, and send what those answer whose lease still held; return these.

    Raises:
        AnswerRefused: The store cannot take an answer; nothing must be committed.
    """
    accepted = tx.settle(done)
    all_held = len(accepted) == len(done)
    for one in done:
        if one.outcome is not DONE and (all_held or one.key in accepted):
            _send_answers(tx, one)
    return accepted


def _send_answers(tx: Transaction, settled: Settlement) -> None:
    if not isinstance(settled.outcome, Completed):
        return
    try:
        for draft, envelope in settled.outcome.answers:
            tx.send_admitted(draft, envelope)
            tx.note_sent(envelope.app)
    except InvalidMessage as error:
        raise AnswerRefused(settled, error) from error
