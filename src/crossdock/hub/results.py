"""Writes down how deliveries ended, and sends what they answer, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossdock.domain.delivery import DONE, Completed, HandedBack, Settlement
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.lifecycle import FailureCode
from crossdock.domain.retry import Dead, failure_of

if TYPE_CHECKING:
    from collections.abc import Sequence


class AnswerRefused(Exception):
    """The store holds another message under the id of an answer; the transaction is undone."""

    def __init__(self, settlement: Settlement, cause: InvalidMessage) -> None:
        super().__init__(str(cause))
        self._settlement = settlement
        self._cause = cause

    def instead_of(self, settlement: Settlement) -> Settlement:
        """Return a settlement of the same write as it should be written: the refused one makes a dead letter."""
        if settlement is not self._settlement:
            return settlement
        return settlement._replace(outcome=Dead(failure_of(self._cause, FailureCode.INVALID_MESSAGE)))


def write_results(tx: Any, done: Sequence[Settlement]) -> list[int]:
    """Settle deliveries; what one answers is sent only if its lease still held.

    Returns:
        The rows whose results came too late and changed nothing.

    Raises:
        AnswerRefused: The store cannot take an answer; nothing must be committed.
    """
    if not done:
        return []
    accepted = tx.settle(done)
    all_held = len(accepted) == len(done)
    late: list[int] = []
    for one in done:
        if all_held or one.key in accepted:
            if one.outcome is not DONE:
                _send_answers(tx, one)
        elif not isinstance(one.outcome, HandedBack):
            late.append(one.row_id)
    return late


def _send_answers(tx: Any, settled: Settlement) -> None:
    if not isinstance(settled.outcome, Completed):
        return
    try:
        for draft, envelope in settled.outcome.answers:
            tx.send_admitted(draft, envelope)
            tx.note_sent(envelope.app)
    except InvalidMessage as error:
        raise AnswerRefused(settled, error) from error
