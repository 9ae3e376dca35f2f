"""What a consumer has fetched ahead and what it works on: which message may be begun next.

Several messages may be in flight at a time, one for each lane of the consumer. Two of one partition key never are,
unless they are gathered to be handed over together, in order; and a message that was in a process that died is in
flight alone, so that it cannot take others with it.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crossdock.domain.delivery import Claimed, DeliveryKey


class InFlight:
    """Claimed messages, fetched ahead or begun. Not for several threads at once.

    Args:
        gathers: Messages in flight are handed over together.

    Attributes:
        ahead: Fetched and not begun, in the order in which they came.
        taken_at: When the last one was begun; monotonic seconds.
        ahead_since: When the first of those ahead was fetched, or asked after; monotonic seconds.
    """

    def __init__(self, *, gathers: bool = False) -> None:
        self._gathers = gathers
        self.ahead: deque[Claimed] = deque()
        self.taken_at = 0.0
        self.ahead_since = 0.0
        self._begun: dict[int, tuple[Claimed, float]] = {}
        self._keys: set[str] = set()
        self._suspect_begun = False

    @property
    def begun(self) -> list[Claimed]:
        """What is being worked on."""
        return [claimed for claimed, _ in self._begun.values()]

    @property
    def size(self) -> int:
        """How many messages there are, begun or ahead."""
        return len(self._begun) + len(self.ahead)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all."""
        return not (self.ahead or self._begun)

    @property
    def can_take(self) -> bool:
        """Whether one of those ahead may be begun now."""
        return self._place() is not None

    @property
    def is_closed(self) -> bool:
        """Whether nothing may be fetched until a message is finished: a suspect is, or is to be, alone."""
        return self._suspect_begun or (bool(self._begun) and any(claimed.crashes for claimed in self.ahead))

    def add(self, fetched: Iterable[Claimed]) -> None:
        """Put messages behind those ahead."""
        if not self.ahead:
            self.ahead_since = time.monotonic()
        self.ahead.extend(fetched)

    def take(self) -> Claimed | None:
        """Begin the next message, if there is one that may be begun."""
        if not self._begun and self.ahead:  # as most often
            claimed = self.ahead.popleft()
        else:
            place = self._place()
            if place is None:
                return None
            claimed = self.ahead[place]
            del self.ahead[place]
        self.taken_at = now = time.monotonic()
        self._begun[claimed.row_id] = claimed, now
        key = claimed.message.partitionkey
        if key is not None:
            self._keys.add(key)
        self._suspect_begun = claimed.crashes > 0
        return claimed

    def let_go(self, claimed: Claimed, now: float) -> float | None:
        """Forget a message that was begun; return how long ago that was, in seconds, or None if it was not."""
        row_id = claimed.row_id
        found = self._begun.get(row_id)
        if found is None or found[0] is not claimed:
            return None
        del self._begun[row_id]
        key = claimed.message.partitionkey
        if key is not None:
            self._keys.discard(key)
        if claimed.crashes:
            self._suspect_begun = False
        return now - found[1]

    def waits_since(self, now: float) -> float:
        """Return for how many seconds nothing was begun though something is ahead; 0: all is well."""
        return now - self.taken_at if self.ahead and self._begun else 0.0

    def give_back(self) -> Iterator[Claimed]:
        """Give those ahead, the last one first, and keep none."""
        while self.ahead:
            yield self.ahead.pop()

    def give_back_key(self, key: str) -> list[Claimed]:
        """Give those ahead of one partition key, and keep them no longer."""
        given = [claimed for claimed in self.ahead if claimed.message.partitionkey == key]
        if given:
            self.ahead = deque(claimed for claimed in self.ahead if claimed.message.partitionkey != key)
        return given

    def keep_only(self, held: set[DeliveryKey]) -> None:
        """Drop those ahead that are none of these deliveries."""
        self.ahead = deque(claimed for claimed in self.ahead if claimed.key in held)
        self.ahead_since = time.monotonic()

    def _place(self) -> int | None:
        """Return which of those ahead may be begun now."""
        if not self._begun:
            return 0 if self.ahead else None
        if self._suspect_begun:
            return None
        return next((at for at, claimed in enumerate(self.ahead) if self._fits(claimed)), None)

    def _fits(self, claimed: Claimed) -> bool:
        return claimed.crashes == 0 and (self._gathers or claimed.message.partitionkey not in self._keys)
