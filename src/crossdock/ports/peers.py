"""The port to the other processes of a store on this machine, and to what this one shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossdock.domain.delivery import Late


class WorkTimes(Protocol):
    """Where this process says how long its handlers may run, so that others see it should it be blocked."""

    def begin(self, row_id: int, timeout_s: float) -> int:
        """Note that a handler has begun, and how long it may run; return its place."""

    def end(self, place: int) -> None:
        """Note that the handler has ended."""

    def mark(self) -> None:
        """Show that the event loop runs; to be called several times a second."""


class Peers(Protocol):
    """The other processes of a store on this machine."""

    @property
    def work_times(self) -> WorkTimes:
        """Where this process says how long its handlers may run."""

    def late(self) -> Iterable[tuple[str, Late]]:
        """Give each process that works on something longer than it may."""

    def give_up(self, pid: int) -> None:
        """Note that a process was told to stop and did not, so that its end, which is near, counts as no crash.

        It may be our own.
        """

    def was_given_up(self, owner: str) -> bool:
        """Tell whether that was noted; to be asked before anything of a dead process is taken back."""

    def dead_owners(self) -> Iterable[str]:
        """Give each process that died, held so that no one else takes its messages back meanwhile."""

    def condition(self, owner: str) -> Literal["running", "stopped", "gone", "unknown"]:
        """Tell how the process that owns a lease does; unknown: it is no Crossdock process of this machine."""
