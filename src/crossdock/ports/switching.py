"""How operators direct the processes that work for apps, through the store: what they are to work by, and for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.domain.record import AppSwitch


class ReloadVerbs(Protocol):
    """How the processes of a store agree on a configuration."""

    def next_generation(self) -> int:
        """Let every process read its configuration again; return the number that it then reports."""

    def report(self, owner: str, report: Mapping[str, Any]) -> None:
        """Note which generation a process has applied: ``pid``, ``host``, ``generation``, ``problem``."""

    def forget_process(self, owner: str) -> None:
        """Forget a process that has ended."""


class SwitchVerbs(Protocol):
    """What an operator says of the work for an app; each change is in the audit log.

    Every process reads it again when there is a newer generation, and reports that one once it has obeyed. What is so
    already changes nothing. The app's queue stays open: what is sent waits, and others may claim it.
    """

    def stop_app(self, app: str) -> int:
        """Let no process work for an app; return the generation that says so."""

    def start_app(self, app: str) -> int:
        """Let an app be worked for again; return the generation that says so."""

    def restart_app(self, app: str) -> int:
        """Let whoever works for an app begin anew, stopped or not; return the generation that says so."""


class SwitchReading(Protocol):
    """What is asked of it."""

    def switches(self) -> dict[str, AppSwitch]:
        """Return what was said, for each app of which anything was."""
