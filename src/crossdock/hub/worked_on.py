"""Which delivery a task or a thread works on, so that what its handler logs can say so."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from crossdock.domain.delivery import Claimed


class WorkedOn(NamedTuple):
    """A delivery, and the kind of the adapter that hands it over."""

    claimed: Claimed
    adapter: str


WORKED_ON: Final[ContextVar[WorkedOn | None]] = ContextVar("crossdock_worked_on", default=None)
"""State of a module, for once: a context variable belongs to a task or thread, and has to stand at its module's top."""
