"""Doing something to many messages: asking first, going step by step, showing how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.human import count
from crossdock.cli.refusal import Refusal
from crossdock.cli.terminal import can_ask, confirm, progress, say, tell
from crossdock.domain.wording import counted

STEP: Final = 500
"""So many messages at a time."""


def smaller(limit: int | None, found: int) -> int:
    """Return how many it will be: all that were found, or as many as are allowed."""
    return found if limit is None else min(limit, found)


def agreed(question: str, total: int, *, dry_run: bool, yes: bool) -> bool:
    """Make sure that it is meant; false: there is nothing to do, or it is not.

    Raises:
        Refusal: There is nobody to ask, and ``--yes`` was not given.
    """
    if dry_run:
        say(f"{question[0].lower()}{question[1:]}: not done, this is a dry run")
        return False
    if not total:
        tell("there is nothing to do")
        return False
    if yes:
        return True
    if not can_ask():
        raise Refusal(
            f"{question[0].lower()}{question[1:]}? Nobody can be asked here: add --yes", ExitCode.USAGE
        )
    if confirm(f"{question}?"):
        return True
    tell("nothing was done")
    return False


def in_steps(what: str, total: int, step: Callable[[int], int]) -> int:
    """Do something to many messages, showing how far it is; return how many."""
    done = 0
    try:
        with progress(what, total) as advance:
            while done < total and (found := step(min(STEP, total - done))):
                done += found
                advance(found)
    except KeyboardInterrupt:
        tell(f"{what} stopped after {count(done)} of {counted(total, 'message')}")
        raise
    return done
