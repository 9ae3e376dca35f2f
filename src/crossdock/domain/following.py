"""Following a store: a place in what has happened, and figures of what happened between two places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


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
