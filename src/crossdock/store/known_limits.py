"""What one process knows of the limits of queues, so that it need not ask the store at each send."""

from __future__ import annotations

from typing import NamedTuple


class Share(NamedTuple):
    """What a process may still send to an app without counting.

    Attributes:
        room: So many messages.
        depth: As it was counted.
        until: Monotonic seconds.
        is_full: When it was counted, there was no room at all.
    """

    room: int
    depth: int
    until: float
    is_full: bool = False


class KnownLimits:
    """What this process knows of the limits of queues; shared by the transactions of a store.

    Attributes:
        depths: The ``max_depth`` of each app that has one; empty: no app has.
        shares: By app, what may be sent without counting.
        limited: Apps of which not everything that is ready may be claimed, as far as a claim has told.
        failing: By app of which messages failed last, how often its circuit breaker has tripped since one succeeded.
        look_at: When the rules are to be read again; monotonic seconds.
    """

    def __init__(self) -> None:
        self.depths: dict[str, int] = {}
        self.shares: dict[str, Share] = {}
        self.limited: set[str] = set()
        self.failing: dict[str, int] = {}
        self.look_at = 0.0

    def note(self, app: str, *, limited: bool, failures: int, trips: int) -> None:
        """Note what a claim has found: is not everything to be claimed, and how the circuit breaker stands."""
        if limited:
            self.limited.add(app)
        elif self.limited:
            self.limited.discard(app)
        if failures or trips:
            self.failing[app] = trips
        elif self.failing:
            self.failing.pop(app, None)

    def forget(self) -> None:
        """Read and count anew at the next occasion."""
        self.look_at = 0.0
        self.shares.clear()
