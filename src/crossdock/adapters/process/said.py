"""What programs write to their standard error, as notices; one that floods it is cut short."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crossdock.ports.surroundings import Surroundings

_LINES: Final = 50
_PERIOD_S: Final = 10.0


class Said:
    """Passes lines on, at most so many in a time."""

    def __init__(self, around: Surroundings) -> None:
        self._app = around.app
        self._notice = around.notice
        self._since = float("-inf")
        self._passed = 0

    def __call__(self, line: str) -> None:
        """Pass a line on."""
        now = time.monotonic()
        if now - self._since > _PERIOD_S:
            self._tell_left_out()
            self._since, self._passed = now, 0
        self._passed += 1
        if self._passed <= _LINES:
            self._notice("process.said", f"{self._app}: {line}")

    def _tell_left_out(self) -> None:
        if self._passed > _LINES:
            self._notice("process.said", f"{self._app}: … {self._passed - _LINES} more lines were left out")
