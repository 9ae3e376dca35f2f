"""Serves the sandbox until it is told to stop; what the command ``sandbox`` calls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from task_priority.sandbox.sandbox import DEFAULT_TIMEZONE, Sandbox

DEFAULT_PORT: Final = 8765


def serve(  # noqa: PLR0913 - all by keyword but the port
    port: int = DEFAULT_PORT,
    *,
    seed: int = 0,
    timezone: str = DEFAULT_TIMEZONE,
    state: Path | None = None,
    started: Callable[[Sandbox], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serve the sandbox on loopback; returns when ``stop`` is set, or raises ``KeyboardInterrupt``.

    Args:
        port: 0: any that is free.
        seed: The same seed, on the same day, makes the same demo account.
        timezone: Where the accounts' owner is; an IANA name.
        state: A file that keeps the accounts, and who was let in, between runs; None: they begin anew.
        started: Called when it answers, with the sandbox, whose addresses can be told then.
        stop: Ends it.

    Raises:
        OSError: The port is taken.
        ValueError: The file of the state is not one of the sandbox, or there is no such time zone.
    """
    with Sandbox(port=port, seed=seed, timezone=timezone, state=state) as sandbox:
        if started is not None:
            started(sandbox)
        (stop or threading.Event()).wait()
