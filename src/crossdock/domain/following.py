"""Following a store: a place in what has happened, and figures of what happened between two places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from crossdock.domain.lifecycle import Status
    from crossdock.domain.record import Record


class Place(NamedTuple):
    """How far somebody has read.

    Attributes:
        row: The id of the last message.
        line: The id of the last line of the audit log.
    """

    row: int
    line: int

    def __str__(self) -> str:
        """Return it as text."""
        return f"{self.row}-{self.line}"


class ChangedWish(NamedTuple):
    """Which messages are looked for that have changed.

    Attributes:
        app: Whose; None: all.
        status: Which; None: all that are not in the archive, where a change is that they came there.
        since: Then or later, aware UTC.
        after: Behind this row; None: at the start.
    """

    app: str | None
    status: Status | None
    since: datetime
    after: int | None
    limit: int
    newest_first: bool


class Changed(NamedTuple):
    """Messages that have changed.

    Attributes:
        upto: The row behind which to go on; None: nothing is left.
    """

    records: list[Record]
    upto: int | None


class Happened(NamedTuple):
    """What happened to messages between two places, counted.

    Attributes:
        upto: Where the second place is.
        sent: By sender and receiver.
        logged: By app, event and code; no code is an empty one.
    """

    upto: Place
    sent: Mapping[tuple[str, str], int]
    logged: Mapping[tuple[str, str, str], int]


@dataclass(frozen=True, slots=True)
class Took:
    """How long a completed message took, in seconds.

    Attributes:
        wait_s: From when it could be claimed to its last claim.
        work_s: From that claim to the acknowledgement.
    """

    source_app: str
    wait_s: float
    work_s: float


def took(source_app: str, ready: datetime, claimed: datetime, processed: datetime) -> Took:
    """Return how long it took; clocks that disagree make nothing negative."""
    wait_s = (claimed - ready).total_seconds()
    return Took(source_app, max(0.0, wait_s), max(0.0, (processed - claimed).total_seconds()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One thing that happened to a message, a queue, a key or all of the store, and the place behind it.

    Attributes:
        event: ``message.sent``, or what the audit log says.
        app: In whose queue it is; empty: in none.
        row_id: None, as the fields about the message: it is about none.
    """

    place: Place
    at: datetime
    event: str
    app: str
    source_app: str | None
    message_id: str | None
    row_id: int | None
    attempt: int | None = None
    who: str | None = None
    code: str | None = None


class Page(NamedTuple):
    """Some of what happened between two places.

    Attributes:
        upto: The place up to which nothing is left out.
        occurrences: Sends in the order of their rows, then lines in the order of the log.
    """

    upto: Place
    occurrences: list[Occurrence]


class Horizon(NamedTuple):
    """Which transactions of other writers may still bring smaller ids than are there already.

    Attributes:
        oldest: The number of the oldest one that has not ended.
        following: The number that the next one will get.
    """

    oldest: int
    following: int


class Settled:
    """Finds the place up to which nothing can come any more.

    Ids are given before a commit, so where several transactions write at a time, a smaller one may appear later. A
    place is settled when every transaction has ended that was there a look after the place was first seen: by then each
    that had taken an id has a number, too.
    """

    def __init__(self) -> None:
        self._seen: Place | None = None
        self._until: int | None = None

    def look(self, newest: Place, horizon: Horizon | None) -> Place | None:
        """Return the settled place; None: no further one than before.

        Args:
            newest: The place behind everything that can be seen now.
            horizon: None: only one transaction writes at a time, and ids appear in order.
        """
        if horizon is None:
            return newest
        if self._seen is None:
            self._seen = newest
        elif self._until is None:
            self._until = horizon.following
        elif horizon.oldest >= self._until:
            settled, self._seen, self._until = self._seen, newest, None
            return settled
        return None
