"""The exit codes of the command, in one table: for the program, its documentation and its tests."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from crossdock.domain.errors import (
    CallTimedOut,
    ConfigError,
    CrossdockError,
    IllegalMove,
    InvalidMessage,
    KeyNotFound,
    LeaseLost,
    MessageNotFound,
    QueueFull,
    ScheduleNotFound,
    StoreError,
)


class ExitCode(IntEnum):
    """What the shell is told."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIG = 3
    STORE = 4
    NOT_FOUND = 5
    TIMED_OUT = 6
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143


MEANINGS: Final = {
    ExitCode.OK: "It is done.",
    ExitCode.FAILED: "It could not be done, for example because the message is in the wrong status, or the queue full; "
    "or `doctor` found something that must be mended.",
    ExitCode.USAGE: "The command line, or the data given with it, is wrong.",
    ExitCode.CONFIG: "The configuration is wrong.",
    ExitCode.STORE: "The store is missing, cannot be read or written now, is damaged, "
    "or belongs to another version of Crossdock.",
    ExitCode.NOT_FOUND: "No message or key has that id, no schedule that name; or several apps have the message, "
    "and `--app` must say which is meant.",
    ExitCode.TIMED_OUT: "No answer came in time.",
    ExitCode.INTERRUPTED: "It was interrupted (Ctrl-C). `run`, `worker` and `api` end in good order then, with `0`.",
    ExitCode.BROKEN_PIPE: "Whatever read the output stopped reading.",
    ExitCode.TERMINATED: "It was ended by a signal (SIGTERM or SIGHUP); `run`, `worker` and `api` with `0` by SIGTERM.",
}
_CODES: Final[tuple[tuple[tuple[type[CrossdockError], ...], ExitCode], ...]] = (
    ((ConfigError,), ExitCode.CONFIG),
    ((InvalidMessage,), ExitCode.USAGE),
    ((MessageNotFound, ScheduleNotFound, KeyNotFound), ExitCode.NOT_FOUND),
    ((CallTimedOut,), ExitCode.TIMED_OUT),
    ((IllegalMove, LeaseLost, QueueFull), ExitCode.FAILED),
    ((StoreError,), ExitCode.STORE),
)
"""The first that fits counts; all others: ``FAILED``."""


def code_of(error: CrossdockError) -> ExitCode:
    """Return the exit code for an error."""
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), ExitCode.FAILED)
