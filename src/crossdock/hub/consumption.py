"""One consumer's hand: what it has fetched, what it works on, what it has finished and not yet written down.

Results are written in batches, together with the next claim; a result does not wait longer than ten
milliseconds, and messages fetched ahead go back to the queue when those in hand take long.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.delivery import DONE, Claimed, ClaimRequest, Completed, HandedBack, Settlement
from crossdock.domain.events import BreakerOpened
from crossdock.domain.retry import RetryAt
from crossdock.hub.gateway import split_decoded
from crossdock.hub.in_flight import InFlight
from crossdock.hub.results import AnswerRefused, write_results
from crossdock.hub.suspects import Suspects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import timedelta

    from crossdock.domain.delivery import Outcome, Undecodable
    from crossdock.domain.message import AppId
    from crossdock.hub.suspects import SuspectTurn
    from crossdock.ports.store import Transaction

FLUSH_AFTER_S: Final = 0.010
"""A result waits no longer than this for others to be written with it."""
_AHEAD_S: Final = 0.100
"""So much work is fetched ahead at most, measured by how long the last messages took."""
_SLOW_S: Final = 1.0
"""When nothing was taken from those fetched ahead for so long, they go back to the queue."""
_SMOOTHING: Final = 0.2
_FIRST_FETCH: Final = 8
_SHORTEST_BREATH_S: Final = 0.002
_LONGEST_BREATH_S: Final = FLUSH_AFTER_S
_settlement: Final[Callable[[tuple[Any, ...]], Settlement]] = partial(
    tuple.__new__, Settlement
)  # without a frame of Python
_RETRY_WRITE_S: Final = 0.25
"""After a write failed, the housekeeper waits so long before it tries again."""


class Consumption:
    """The state of one ``consume``. The consumer and the housekeeper call it, from different threads.

    Args:
        app: Whose queue is consumed.
        batch: Never more than so many messages are fetched at once.
        lease: Of each fetched message; it is kept while this process lives and runs.
        lost: Is told the row ids of results that came too late.
        lanes: So many messages may be in hand at a time.
        gathers: They are handed over together.
        max_bytes: Of data are fetched at once, but at least one message; None: no bound.
        receivers: Returns the apps that receive what comes of these messages: while the queue of one is as deep as it
            may be, nothing is fetched.
        turn: Of those that work side by side in this process, of which one at a time has suspects.

    Attributes:
        held_up_by: The app whose queue was full at the last fetch.
        suspects: Those that are in hand.
    """

    def __init__(  # noqa: PLR0913 - all but one by keyword
        self,
        app: AppId,
        *,
        batch: int,
        lease: timedelta,
        lost: Callable[[Sequence[int]], None],
        lanes: int = 1,
        gathers: bool = False,
        max_bytes: int | None = None,
        receivers: Callable[[], Iterable[AppId]] = tuple,
        turn: SuspectTurn | None = None,
    ) -> None:
        self.app = app
        self.held_up_by: AppId | None = None
        self._receivers = receivers
        self._is_parked = False
        self._batch = batch
        self._lease = lease
        self._lease_s = lease.total_seconds()
        self._lost = lost
        self._lanes = lanes
        self._gathers = gathers
        self._max_bytes = max_bytes
        self._mutex = threading.Lock()
        self._in_flight = InFlight(gathers=gathers)
        self.suspects = Suspects(turn)
        self._done: list[Settlement] = []
        self._done_since = 0.0
        self._usual_s: float | None = None
        self._unclear: list[Write] = []
        self._writes = 0
        self._fetched_at = float("-inf")
        self._fetch_took_s = 0.0
        self._filled = False
        self._hurried = False

    def take(self) -> Claimed | None:
        """Return the next message fetched ahead, which is now in hand; None: write down and fetch first."""
        with self._mutex:
            return None if len(self._done) >= self._batch else self._in_flight.take()

    @property
    def can_take(self) -> bool:
        """Whether something was fetched ahead that may be in hand together with what is there already."""
        with self._mutex:
            return self._in_flight.can_take

    @property
    def is_closed(self) -> bool:
        """Whether nothing may be fetched until a message in hand is finished."""
        with self._mutex:
            return self._in_flight.is_closed

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in hand, fetched ahead, to be written down or being fetched."""
        return self._in_flight.is_empty and not (self._done or self._writes)

    def in_hand(self) -> list[Claimed]:
        """Return what is being worked on."""
        with self._mutex:
            return self._in_flight.begun

    @property
    def is_doubtful(self) -> bool:
        """Whether what is fetched ahead has waited longer than its lease, as after the process was stopped."""
        in_flight = self._in_flight
        return bool(in_flight.ahead) and time.monotonic() - in_flight.ahead_since > self._lease_s

    def confirm(self, tx: Transaction) -> None:
        """Drop what was fetched ahead and is not ours any more."""
        by_token: dict[str, list[int]] = defaultdict(list)
        with self._mutex:
            for claimed in self._in_flight.ahead:
                by_token[claimed.lease_token].append(claimed.row_id)
            until = tx.now + self._lease
            held = {key for token, ids in by_token.items() for key in tx.extend(ids, token, until)}
            self.suspects.drop(one.row_id for one in self._in_flight.ahead if one.key not in held)
            self._in_flight.keep_only(held)

    def put_back(self, claimed: Claimed) -> None:
        """Put a message in hand, not begun, before those fetched ahead."""
        with self._mutex:
            if self._in_flight.let_go(claimed, time.monotonic()) is not None:
                self._in_flight.ahead.appendleft(claimed)

    def finish(self, claimed: Claimed, outcome: Outcome, *, written: bool = False) -> bool:
        """Note how a message in hand ended; ``written``: the store knows already.

        Returns:
            True if results wait to be written and none did before.
        """
        now = time.monotonic()
        with self._mutex:
            spent = self._in_flight.let_go(claimed, now)
            if spent is None:
                return False
            waited = bool(self._done)
            usual = self._usual_s
            self._usual_s = spent if usual is None else usual + _SMOOTHING * (spent - usual)
            if written:
                self.suspects.drop([claimed.row_id])
            else:
                self._hurried |= claimed.wants_reply
                self._add_done(_settlement((claimed.row_id, claimed.lease_token, outcome)), now)
            if outcome is not DONE and not isinstance(outcome, Completed):
                self._return_followers(claimed, outcome, now)
            return not waited and bool(self._done)

    @contextmanager
    def writing(self) -> Iterator[Write]:
        """Give what is to be written now; if the transaction fails, the results are kept for the next."""
        write = self._begin_write()
        try:
            yield write
        except AnswerRefused as error:
            self._restore(write, error)
        except BaseException as error:
            self._restore(write, error)
            raise
        else:
            self._collect(write)

    def give_back(self) -> bool:
        """Give back what was fetched and not begun; tell whether there is anything to be written down."""
        with self._mutex:
            self._return_ahead()
            return bool(self._done or self._unclear)

    def settle(self, tx: Transaction, done: Sequence[Settlement]) -> None:
        """Settle results, and send what they answer; those that came too late are told to ``lost``."""
        late = write_results(tx, done)
        self._is_parked = self._is_parked or any(
            isinstance(one, BreakerOpened) and one.app == self.app for one in tx.events
        )
        if late:
            self._lost(late)

    def find_room(self, tx: Transaction) -> bool:
        """Tell whether there is room for what comes of the messages that would be fetched."""
        self.held_up_by = tx.first_full(self._receivers())
        return self.held_up_by is None

    def request(self) -> ClaimRequest | None:
        """Say how much is to be fetched now; None: nothing may be."""
        if self.is_closed:
            return None
        limit = max(1, self._room() - len(self._in_flight.ahead))
        free = max(0, self._lanes - self._in_flight.size)  # from a queue with limits nothing is fetched ahead
        return ClaimRequest(
            app=self.app,
            limit=limit,
            lease=self._lease,
            kept=True,
            runs=True,
            free=free,
            max_bytes=self._max_bytes,
            takes_suspect=self.suspects.take_turn,
        )

    def needs_flush(self) -> bool:
        """Tell whether a result has waited long enough, or work was fetched that should go to others."""
        now = time.monotonic()
        with self._mutex:
            if self._in_flight.waits_since(now) > _SLOW_S:
                self._return_ahead()
            return bool(self._done) and (self._hurried or now - self._done_since >= FLUSH_AFTER_S)

    def breath_s(self) -> float:
        """Return how long to wait before the next fetch, in seconds.

        When messages come one by one, a short wait lets several come together, so that many consumers do not
        spend a transaction on each: twice as long as the last fetch took, which grows when many write. The first
        message after a pause is fetched at once; so is what follows a message whose sender waits for its outcome.
        """
        if self._filled or self._hurried:
            return 0.0
        breath_s = min(_LONGEST_BREATH_S, max(_SHORTEST_BREATH_S, 2 * self._fetch_took_s))
        return max(0.0, self._fetched_at + breath_s - time.monotonic())

    @property
    def is_hurried(self) -> bool:
        """Whether a message has ended whose sender waits for its outcome."""
        return self._hurried

    @property
    def has_done(self) -> bool:
        """Whether results wait to be written."""
        return bool(self._done)

    def _room(self) -> int:
        if self._gathers:
            return max(1, min(self._batch, self._lanes - self._in_flight.size))
        if self._usual_s is None:
            return min(self._batch, max(_FIRST_FETCH, self._lanes))
        return max(1, min(self._batch, int(self._lanes * _AHEAD_S / max(self._usual_s, 1e-6))))

    def _begin_write(self) -> Write:
        with self._mutex:
            self._writes += 1
            done, self._done = self._done, []
            return Write(self, done, list(self._unclear))

    def _restore(self, write: Write, error: BaseException) -> None:
        """Keep results for the next write; one whose answer the store refused ends as a dead letter instead."""
        with self._mutex:
            self._writes -= 1
            if isinstance(error, AnswerRefused):
                write.done = [error.instead_of(one) for one in write.done]
            else:
                self._unclear.append(write)
            self._done[:0] = write.done
            self._done_since = time.monotonic() + _RETRY_WRITE_S

    def _collect(self, write: Write) -> None:
        now = time.monotonic()
        good, bad = split_decoded(write.found)
        if write.asked:
            self._fetched_at = float("-inf") if self._hurried else now  # one who was answered may ask again
            self._hurried = False
            self._fetch_took_s = now - write.began
            self._filled = len(write.found) >= write.asked
        with self._mutex:
            self._writes -= 1
            self._unclear = [one for one in self._unclear if one not in write.unclear]
            self._in_flight.add(good)
            self.suspects.add(good)
            self.suspects.drop(settlement.row_id for settlement in write.done)
            if not (self._writes or self._unclear):  # one that is under way may be given one
                self.suspects.leave_turn()
            for settlement in bad:
                self._add_done(settlement, now)
            if self._is_parked:
                self._is_parked = False
                self._return_ahead()

    def _add_done(self, settlement: Settlement, now: float) -> None:
        if not self._done:
            self._done_since = now
        self._done.append(settlement)

    def _return_followers(self, claimed: Claimed, outcome: Outcome, now: float) -> None:
        """Give back what must not be begun after a message that did not succeed."""
        if isinstance(outcome, RetryAt) and outcome.halts is not None:
            self._return_ahead()
        else:
            self._return_key(claimed, now)

    def _return_ahead(self) -> None:
        now = time.monotonic()
        for claimed in self._in_flight.give_back():
            self._add_done(_handed_back(claimed, "not begun"), now - FLUSH_AFTER_S)

    def _return_key(self, failed: Claimed, now: float) -> None:
        """Give back what follows a failed message under its partition key: it must wait for the retry."""
        if failed.message.partitionkey is not None:
            for claimed in self._in_flight.give_back_key(failed.message.partitionkey):
                self._add_done(_handed_back(claimed, "its key failed"), now)


class Write:
    """Results on their way into the store, and what was fetched with them.

    Attributes:
        unclear: Earlier writes that were interrupted; what they fetched, if they were committed, is given back.
        found: Set when the transaction runs; ours only if it commits.
    """

    __slots__ = ("_consumption", "asked", "began", "done", "found", "unclear")

    def __init__(self, consumption: Consumption, done: list[Settlement], unclear: list[Write]) -> None:
        self._consumption = consumption
        self.done = done
        self.unclear = unclear
        self.began = time.monotonic()
        self.asked = 0
        self.found: Sequence[Claimed | Undecodable] = ()

    def flush(self, tx: Transaction) -> None:
        """Write down what is done."""
        self._consumption.settle(tx, [*self.done, *_not_begun(self.unclear)])

    def exchange(self, tx: Transaction) -> None:
        """Write down what is done and fetch more, in one transaction."""
        self.flush(tx)
        request = self._consumption.request()
        if request is not None and self._consumption.find_room(tx):
            self.asked = request.limit
            self.found = tx.claim(request)


def _not_begun(writes: Iterable[Write]) -> list[Settlement]:
    return [_handed_back(claimed, "not begun") for write in writes for claimed in write.found]


def _handed_back(claimed: Claimed | Undecodable, reason: str) -> Settlement:
    return Settlement(claimed.row_id, claimed.lease_token, HandedBack(reason))
