"""One consumer's hand: what it has fetched, what it works on, what it has finished and not yet written down.

Results are written in batches, together with the next claim; a result does not wait longer than ten
milliseconds, and messages fetched ahead go back to the queue when the one in hand takes long.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.delivery import Claimed, ClaimRequest, Completed, HandedBack, Settlement
from crossdock.hub.gateway import split_decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import timedelta

    from crossdock.domain.delivery import Outcome, Undecodable
    from crossdock.domain.message import AppId

FLUSH_AFTER_S: Final = 0.010
"""A result waits no longer than this for others to be written with it."""
_AHEAD_S: Final = 0.100
"""So much work is fetched ahead at most, measured by how long the last messages took."""
_SLOW_S: Final = 1.0
"""When one message takes longer than this, those fetched ahead go back to the queue."""
_SMOOTHING: Final = 0.2
_FIRST_FETCH: Final = 8
_SHORTEST_BREATH_S: Final = 0.002
_LONGEST_BREATH_S: Final = FLUSH_AFTER_S
_RETRY_WRITE_S: Final = 0.25
"""After a write failed, the housekeeper waits so long before it tries again."""


class Consumption:
    """The state of one ``consume``. The consumer and the housekeeper call it, from different threads.

    Args:
        app: Whose queue is consumed.
        batch: Never more than so many messages are fetched at once.
        lease: Of each fetched message; it is kept while this process lives and runs.
        lost: Is told the row ids of results that came too late.
    """

    def __init__(
        self, app: AppId, *, batch: int, lease: timedelta, lost: Callable[[Sequence[int]], None]
    ) -> None:
        self.app = app
        self._batch = batch
        self._lease = lease
        self._lost = lost
        self._mutex = threading.Lock()
        self._ahead: deque[Claimed] = deque()
        self._done: list[Settlement] = []
        self._done_since = 0.0
        self._in_hand: Claimed | None = None
        self._began = 0.0
        self._usual_s: float | None = None
        self._unclear: list[Write] = []
        self._fetched_at = float("-inf")
        self._fetch_took_s = 0.0
        self._filled = False

    def take(self) -> Claimed | None:
        """Return the next message fetched ahead, which is now in hand; None: write down and fetch first."""
        with self._mutex:
            if len(self._done) >= self._batch:
                return None
            self._in_hand = self._ahead.popleft() if self._ahead else None
            self._began = time.monotonic()
            return self._in_hand

    @property
    def is_doubtful(self) -> bool:
        """Whether what is fetched ahead has waited longer than its lease, as after the process was stopped."""
        return bool(self._ahead) and time.monotonic() - self._fetched_at > self._lease.total_seconds()

    def confirm(self, tx: Any) -> None:
        """Drop what was fetched ahead and is not ours any more."""
        by_token: dict[str, list[int]] = defaultdict(list)
        with self._mutex:
            for claimed in self._ahead:
                by_token[claimed.lease_token].append(claimed.row_id)
            until = tx.now + self._lease
            held = {row_id for token, ids in by_token.items() for row_id in tx.extend(ids, token, until)}
            self._ahead = deque(claimed for claimed in self._ahead if claimed.row_id in held)
            self._fetched_at = time.monotonic()

    def put_back(self) -> None:
        """Put the message in hand, not begun, before those fetched ahead."""
        with self._mutex:
            if self._in_hand is not None:
                self._ahead.appendleft(self._in_hand)
                self._in_hand = None

    def finish(self, outcome: Outcome, *, written: bool = False) -> bool:
        """Note how the message in hand ended; ``written``: the store knows already.

        Returns:
            True if results wait to be written and none did before.
        """
        now = time.monotonic()
        with self._mutex:
            claimed, self._in_hand = self._in_hand, None
            if claimed is None:
                return False
            waited = bool(self._done)
            spent = now - self._began
            usual = self._usual_s
            self._usual_s = spent if usual is None else usual + _SMOOTHING * (spent - usual)
            if not written:
                self._add_done(Settlement(claimed.row_id, claimed.lease_token, outcome), now)
            if not isinstance(outcome, Completed):
                self._return_key(claimed, now)
            return bool(self._done) and not waited

    @contextmanager
    def writing(self) -> Iterator[Write]:
        """Give what is to be written now; if the transaction fails, the results are kept for the next."""
        write = self._begin_write()
        try:
            yield write
        except BaseException:
            self._restore(write)
            raise
        self._collect(write)

    def close(self, tx: Any) -> None:
        """Write down what is done, give back what was fetched and not begun."""
        with self._mutex:
            self._return_ahead()
            done, self._done = self._done, []
            unclear, self._unclear = self._unclear, []
        self.settle(tx, [*done, *_not_begun(unclear)])

    def settle(self, tx: Any, done: Sequence[Settlement]) -> None:
        """Settle results; those that came too late are told to ``lost``."""
        accepted = tx.settle(done) if done else set()
        late = [
            one.row_id
            for one in done
            if one.row_id not in accepted and not isinstance(one.outcome, HandedBack)
        ]
        if late:
            self._lost(late)

    def request(self) -> ClaimRequest:
        """Say how much is to be fetched now."""
        return ClaimRequest(app=self.app, limit=self._room(), lease=self._lease, kept=True, runs=True)

    def needs_flush(self) -> bool:
        """Tell whether a result has waited long enough, or work was fetched that should go to others."""
        now = time.monotonic()
        with self._mutex:
            if self._ahead and self._in_hand is not None and now - self._began > _SLOW_S:
                self._return_ahead()
            return bool(self._done) and now - self._done_since >= FLUSH_AFTER_S

    def breath_s(self) -> float:
        """Return how long to wait before the next fetch, in seconds.

        When messages come one by one, a short wait lets several come together, so that many consumers do not
        spend a transaction on each: twice as long as the last fetch took, which grows when many write. The first
        message after a pause is fetched at once.
        """
        if self._filled:
            return 0.0
        breath_s = min(_LONGEST_BREATH_S, max(_SHORTEST_BREATH_S, 2 * self._fetch_took_s))
        return max(0.0, self._fetched_at + breath_s - time.monotonic())

    @property
    def has_ahead(self) -> bool:
        """Whether messages are fetched ahead."""
        return bool(self._ahead)

    @property
    def has_done(self) -> bool:
        """Whether results wait to be written."""
        return bool(self._done)

    def _room(self) -> int:
        if self._usual_s is None:
            return min(self._batch, _FIRST_FETCH)
        return max(1, min(self._batch, int(_AHEAD_S / max(self._usual_s, 1e-6))))

    def _begin_write(self) -> Write:
        with self._mutex:
            done, self._done = self._done, []
            return Write(self, done, list(self._unclear))

    def _restore(self, write: Write) -> None:
        with self._mutex:
            self._done[:0] = write.done
            self._done_since = time.monotonic() + _RETRY_WRITE_S
            self._unclear.append(write)

    def _collect(self, write: Write) -> None:
        now = time.monotonic()
        good, bad = split_decoded(write.found)
        if write.asked:
            self._fetched_at = now
            self._fetch_took_s = now - write.began
            self._filled = len(write.found) >= write.asked
        with self._mutex:
            self._unclear = [one for one in self._unclear if one not in write.unclear]
            self._ahead.extend(good)
            for settlement in bad:
                self._add_done(settlement, now)

    def _add_done(self, settlement: Settlement, now: float) -> None:
        if not self._done:
            self._done_since = now
        self._done.append(settlement)

    def _return_ahead(self) -> None:
        now = time.monotonic()
        while self._ahead:
            claimed = self._ahead.pop()
            self._add_done(_handed_back(claimed, "not begun"), now - FLUSH_AFTER_S)

    def _return_key(self, failed: Claimed, now: float) -> None:
        """Give back what follows a failed message under its partition key: it must wait for the retry."""
        key = failed.message.partitionkey
        if key is None:
            return
        kept: deque[Claimed] = deque()
        for claimed in self._ahead:
            if claimed.message.partitionkey == key:
                self._add_done(_handed_back(claimed, "its key failed"), now)
            else:
                kept.append(claimed)
        self._ahead = kept


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

    def flush(self, tx: Any) -> None:
        """Write down what is done."""
        self._consumption.settle(tx, [*self.done, *_not_begun(self.unclear)])

    def exchange(self, tx: Any) -> None:
        """Write down what is done and fetch more, in one transaction."""
        self.flush(tx)
        request = self._consumption.request()
        self.asked = request.limit
        self.found = tx.claim(request)


def _not_begun(writes: Iterable[Write]) -> list[Settlement]:
    return [_handed_back(claimed, "not begun") for write in writes for claimed in write.found]


def _handed_back(claimed: Claimed | Undecodable, reason: str) -> Settlement:
    return Settlement(claimed.row_id, claimed.lease_token, HandedBack(reason))
