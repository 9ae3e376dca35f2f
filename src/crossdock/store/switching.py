"""The verbs about the work for an app: *stop, start, restart*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.domain.control_events import AppRestarted, AppStarted, AppStopped
from crossdock.store import statements
from crossdock.store.transaction import TransactionCore

if TYPE_CHECKING:
    from crossdock.domain.control_events import OfWorkFor


class Switching(TransactionCore):
    """Says which apps are to be worked for; every process learns of it with the next generation."""

    def stop_app(self, app: str) -> int:
        """Let no process work for an app; return the generation that says so."""
        if not self.run(statements.stop_app, {"app": app, "now": self.now_text, "who": self.who}):
            return self._generation()
        return self._switched(app, AppStopped, "stopped")

    def start_app(self, app: str) -> int:
        """Let an app be worked for again; return the generation that says so."""
        if not self.run(statements.start_app, {"app": app}):
            return self._generation()
        return self._switched(app, AppStarted, "started")

    def restart_app(self, app: str) -> int:
        """Let whoever works for an app begin anew, stopped or not; return the generation that says so."""
        self.run(statements.restart_app, {"app": app})
        return self._switched(app, AppRestarted, "restarted")

    def override_revision(self, app: str) -> int:
        """Return the revision of what is said of an app, and keep it from changing meanwhile; 0: nothing is."""
        return next((seen for (seen,) in self.run(statements.override_revision, {"app": app})), 0)

    def _switched(self, app: str, event: type[OfWorkFor], verb: str) -> int:
        self.log_action(app, event)
        self.tell(event(app=app, reason=f"{app!r} was {verb} by {self.who}"))
        return int(self.run(statements.next_generation, {})[0][0])

    def _generation(self) -> int:
        return int(self.run(statements.generation, {})[0][0])
