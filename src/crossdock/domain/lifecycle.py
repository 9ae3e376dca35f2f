"""The lifecycle of a message at one app: every status, every legal move, as one table.

The diagram in ``docs/explanation/lifecycle.md`` and the guard trigger of the database are made from
``MOVES``; tests compare all three.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Status(StrEnum):
    """Where a message stands at one app."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    ARCHIVED = "archived"


class Verb(StrEnum):
    """What can happen to a message; the word is the same in methods, statements, events and documents."""

    SEND = "send"
    CLAIM = "claim"
    EXTEND = "extend"
    ACK = "ack"
    NACK = "nack"
    HAND_BACK = "hand_back"
    LAPSE = "lapse"
    CRASH = "crash"
    FAIL = "fail"
    EXPIRE = "expire"
    CANCEL = "cancel"
    EDIT = "edit"
    REPLAY = "replay"
    ARCHIVE = "archive"
    DELETE = "delete"


class FailureCode(StrEnum):
    """Why a message failed, or why its last attempt did."""

    ATTEMPTS_EXHAUSTED = "ATTEMPTS_EXHAUSTED"
    PERMANENT = "PERMANENT"
    INVALID_MESSAGE = "INVALID_MESSAGE"
    CRASHED = "CRASHED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    TRANSIENT = "TRANSIENT"
    RATE_LIMITED = "RATE_LIMITED"
    CREDENTIAL = "CREDENTIAL"
    LAPSED = "LAPSED"


class Move(NamedTuple):
    """One legal move: by ``verb`` from ``before`` (None: it did not exist) to ``after`` (None: hidden for good)."""

    verb: Verb
    before: Status | None
    after: Status | None
    meaning: str


MOVES: Final = (
    Move(Verb.SEND, None, Status.PENDING, "stored, waiting for its turn"),
    Move(Verb.CLAIM, Status.PENDING, Status.PROCESSING, "leased to one worker"),
    Move(Verb.EXTEND, Status.PROCESSING, Status.PROCESSING, "the lease is renewed"),
    Move(Verb.ACK, Status.PROCESSING, Status.COMPLETED, "done"),
    Move(Verb.NACK, Status.PROCESSING, Status.PENDING, "failed once, will be retried; spends an attempt"),
    Move(Verb.HAND_BACK, Status.PROCESSING, Status.PENDING, "given back unfinished; spends nothing"),
    Move(Verb.LAPSE, Status.PROCESSING, Status.PENDING, "the lease ran out; spends an attempt"),
    Move(Verb.CRASH, Status.PROCESSING, Status.PENDING, "its process died; counted as a crash"),
    Move(Verb.FAIL, Status.PROCESSING, Status.FAILED, "dead letter: permanent, invalid or out of attempts"),
    Move(Verb.EXPIRE, Status.PENDING, Status.FAILED, "dead letter: too late to be of use"),
    Move(Verb.CANCEL, Status.PENDING, Status.FAILED, "withdrawn by an operator"),
    Move(Verb.CANCEL, Status.PROCESSING, Status.FAILED, "withdrawn; the worker's lease is void"),
    Move(Verb.EDIT, Status.PENDING, Status.PENDING, "changed before its turn"),
    Move(Verb.EDIT, Status.FAILED, Status.FAILED, "changed before a replay"),
    Move(Verb.REPLAY, Status.FAILED, Status.PENDING, "sent again; the counters start anew"),
    Move(Verb.REPLAY, Status.COMPLETED, Status.PENDING, "sent again on an operator's word"),
    Move(Verb.ARCHIVE, Status.COMPLETED, Status.ARCHIVED, "kept for the record"),
    Move(Verb.DELETE, Status.COMPLETED, None, "hidden, later removed"),
    Move(Verb.DELETE, Status.FAILED, None, "hidden, later removed"),
)


def legal_changes() -> frozenset[tuple[Status, Status]]:
    """Return every legal change of status as (before, after), for the guard in the database."""
    return frozenset(
        (move.before, move.after)
        for move in MOVES
        if move.before is not None and move.after is not None and move.before is not move.after
    )
