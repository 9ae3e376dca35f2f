"""The port through which the core says that a person should know something."""

from __future__ import annotations

import logging
from typing import Protocol


class Notice(Protocol):
    """Tells people about a condition that was handled and still matters."""

    def __call__(self, event: str, text: str) -> None:
        """Tell it: ``event`` is a stable name (``store.safe_mode``), ``text`` says what and what to do."""


def log_notice(event: str, text: str) -> None:
    """Write a notice to the log ``crossdock`` as a warning."""
    logging.getLogger("crossdock").warning("%s: %s", event, text)
