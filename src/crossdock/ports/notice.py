"""The port through which the core says what happens."""

from __future__ import annotations

import logging
from typing import Any, Final, Protocol

from crossdock.domain.events import Event, Level

LOGGER: Final = "crossdock"


class Notice(Protocol):
    """Takes events, from any thread. It must not raise, and should be quick: whoever calls it has work to do."""

    def __call__(self, event: Event) -> None:
        """Take note of an event, after what it tells is a fact."""

    def hears(self, level: Level) -> bool:
        """Tell whether an event of this level would go anywhere, so that nobody makes it for nothing."""


class LogNotice:
    """Hands events to the logger ``crossdock`` of Python's ``logging``, and leaves to the program what becomes of them.

    The event itself is the attribute ``crossdock_event`` of the log record.
    """

    def __init__(self) -> None:
        self._logger: Any = logging.getLogger(LOGGER)

    def __call__(self, event: Event) -> None:
        """Log it; Python writes a warning to standard error even if nobody has set up logging."""
        if self._logger.isEnabledFor(event.level):
            said = "%s: %s" if event.text else "%s%s"
            self._logger.log(event.level, said, event.name, event.text, extra={"crossdock_event": event})

    def hears(self, level: Level) -> bool:
        """Ask the logger."""
        heard: bool = self._logger.isEnabledFor(level)
        return heard
