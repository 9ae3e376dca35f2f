"""The rescuer: takes back messages of processes that died, stopped, or let their lease run out.

It is a loop, not a step at start, and never a job in the queue that it maintains. Every process of a store runs
one, so that there is no process whose death would stop the rescue.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from crossdock.domain.delivery import HandedBack, Settlement
from crossdock.domain.events import LeaseTakenBack
from crossdock.domain.lifecycle import FailureCode
from crossdock.domain.retry import Failure, RetryAt, RetryPolicy, Trial, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from crossdock.domain.delivery import DeliveryKey, Late, Overdue
    from crossdock.ports.notice import Notice
    from crossdock.ports.store import Reading, Store, Transaction

_STEP: Final = 500
_LATE: Final = "the handler ran on after its timeout, and could not be ended"
_STUCK: Final = "another handler blocks the process"


class Rescuer:
    """Looks after the leases of one store.

    Args:
        store: Where the messages are.
        max_crashes: After so many deaths of its worker a message is a dead letter.
        policy_of: Returns the retry policy of an app, for leases that ran out.
        notice: Is told from whom how much was taken back.
    """

    def __init__(
        self, store: Store, *, max_crashes: int, policy_of: Callable[[str], RetryPolicy], notice: Notice
    ) -> None:
        self._store = store
        self._notice = notice
        self._max_crashes = max_crashes
        self._policy_of = policy_of
        self._rng = random.Random()  # noqa: S311 - spreads retries, no secret

    def run_once(self) -> int:
        """Look once; return how many messages were taken back."""
        taken = self._rescue_from_the_dead() + self._rescue_late()
        now = self._store.now()
        ending, owners, overdue = self._store.read(lambda reader: _look(reader, now))
        self._store.renew(ending, now)
        return taken + self._rescue_orphans(owners) + self._settle_overdue(overdue)

    def _rescue_from_the_dead(self) -> int:
        peers = self._store.peers
        return 0 if peers is None else sum(self._take_back(owner) for owner in peers.dead_owners())

    def _rescue_orphans(self, owners: Iterable[str]) -> int:
        """Take back from owners that left no lock file: it was removed, or the store came from a backup."""
        peers = self._store.peers
        if peers is None:
            return 0
        return sum(self._take_back(owner) for owner in owners if peers.condition(owner) == "gone")

    def _rescue_late(self) -> int:
        """Take back what is worked on longer than its timeout, and all else that a blocked process holds."""
        peers = self._store.peers
        if peers is None:
            return 0
        return sum(
            self._told(owner, self._release(owner, late), "it works on one for too long")
            for owner, late in peers.late()
        )

    def _release(self, owner: str, late: Late) -> int:
        taken = 0
        for row in self._store.read(lambda reader: reader.held(owner, _STEP)):
            if row.row_id in late.row_ids:
                taken += int(self._store.write(partial(self._lapse, row=row, reason=_LATE)))
            elif late.is_stuck:
                done = [Settlement(row.row_id, row.lease_token, HandedBack(_STUCK, row.owner))]
                taken += len(self._store.write(partial(_settle, done=done)))
        return taken

    def _take_back(self, owner: str) -> int:
        """Take back all that a dead process held: as crashed, unless it was ended for not stopping in time."""
        peers = self._store.peers
        if peers is not None and peers.was_given_up(owner):
            return self._told(
                owner, self._in_steps(partial(_hand_back, owner=owner)), "it did not stop in time"
            )
        crash = partial(_crash, owner=owner, max_crashes=self._max_crashes)
        return self._told(owner, self._in_steps(crash), "it died")

    def _in_steps(self, take_back: Callable[[Transaction], int]) -> int:
        taken = 0
        while True:
            count = self._store.write(take_back)
            taken += count
            if count < _STEP:
                return taken

    def _told(self, owner: str, taken: int, why: str) -> int:
        """Say that messages were taken back, if any were; return how many."""
        if taken:
            words = f"{taken} messages of {owner} were taken back: {why}"
            self._notice(LeaseTakenBack(owner=owner, messages=taken, reason=words))
        return taken

    def _settle_overdue(self, overdue: Iterable[Overdue]) -> int:
        taken: Counter[str] = Counter()
        for row in overdue:
            taken[row.owner] += self._settle_one(row)
        return sum(self._told(owner, number, "their leases ran out") for owner, number in taken.items())

    def _settle_one(self, row: Overdue) -> int:
        """Renew the lease of a worker that lives and runs; take the message back from any other.

        One that has died since the dead were looked for is found at the next look, as what it is: dead, not late.
        """
        condition = self._condition(row.owner)
        if condition == "gone":
            return 0
        if row.keep_s is not None and condition == "running":
            until = self._store.now() + timedelta(seconds=row.keep_s)
            self._store.write(lambda tx: tx.extend([row.row_id], row.lease_token, until))
            return 0
        return int(
            self._store.write(partial(self._lapse, row=row, reason=f"the lease of {row.owner} ran out"))
        )

    def _lapse(self, tx: Transaction, row: Overdue, reason: str) -> bool:
        policy = row.retry or self._policy_of(row.app)
        if row.max_attempts is not None:
            policy = replace(policy, max_attempts=row.max_attempts)
        now = self._store.now()
        trial = Trial(row.attempt, policy, row.sent_at)
        verdict = judge(reason, trial, now=now, rng=self._rng)
        if isinstance(verdict, RetryAt):
            failure = Failure(FailureCode.LAPSED, verdict.failure.message)
            return tx.lapse(row.row_id, row.lease_token, row.owner, failure, now)
        return tx.lapse(row.row_id, row.lease_token, row.owner, verdict.failure, None)

    def _condition(self, owner: str) -> str:
        if owner == self._store.owner:
            return "running"
        peers = self._store.peers
        return "unknown" if peers is None else peers.condition(owner)


def _look(reader: Reading, now: datetime) -> tuple[list[str], list[str], list[Overdue]]:
    """Return whose leases are to be renewed, who holds messages, and what is overdue."""
    return reader.ending_owners(now), reader.owners(), reader.overdue(now, _STEP)


def _crash(tx: Transaction, owner: str, max_crashes: int) -> int:
    return tx.crash(owner, max_crashes=max_crashes, limit=_STEP)


def _hand_back(tx: Transaction, owner: str) -> int:
    return tx.hand_back_all(owner, _STEP)


def _settle(tx: Transaction, done: list[Settlement]) -> set[DeliveryKey]:
    return tx.settle(done)
