"""Work that is done once, however often it is asked for under one name: its answer is kept with what it did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final, Generic, TypeVar

from crossdock.domain.answer import AnswerKey, KeptAnswer
from crossdock.domain.errors import IdempotencyKeyReused
from crossdock.ports.store import Transaction

T = TypeVar("T")
KEEP: Final = timedelta(hours=24)
"""So long an answer is kept."""


class Once(Generic[T]):
    """Work of a transaction whose answer is stored in the same transaction.

    Args:
        key: Names the request.
        fingerprint: Of what is asked; the same name with another is a mistake of the caller.
        work: What is done.
        answer: Says what is answered; called inside the transaction.
    """

    __slots__ = ("_answer", "_fingerprint", "_key", "_work", "only_sends")

    def __init__(
        self,
        key: AnswerKey,
        fingerprint: str,
        work: Callable[[Transaction], T],
        answer: Callable[[T], KeptAnswer],
    ) -> None:
        self._key = key
        self._fingerprint = fingerprint
        self._work = work
        self._answer = answer
        self.only_sends = getattr(work, "only_sends", False)

    def __call__(self, tx: Transaction) -> tuple[KeptAnswer, bool]:
        """Do it, or find that it was done; return the answer, and whether it was given before.

        Raises:
            IdempotencyKeyReused: Something else was asked for under this name.
        """
        kept = tx.kept_answer(self._key, KEEP)
        if kept is not None:
            if kept.fingerprint != self._fingerprint:
                raise IdempotencyKeyReused(
                    f"the Idempotency-Key {self._key.name!r} was used for another request; choose a new one"
                )
            return kept, True
        answer = self._answer(self._work(tx))
        tx.keep_answer(self._key, answer, KEEP)
        return answer, False
