"""What the API says of apps, for those who work by the configuration from outside of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from crossdock.queue_core import overridden

if TYPE_CHECKING:
    from crossdock.config import Loaded
    from crossdock.ports.store import Transaction
    from crossdock.synchronous.queue import Queue


def in_force(queue: Queue, loaded: Loaded) -> Loaded:
    """Return a configuration with what the API says of apps.

    Raises:
        ConfigError: The two do not go together.
    """
    return overridden(queue._store, loaded)


def reset_app(queue: Queue, app: str) -> bool:
    """Drop what the API says of an app, and let every process apply that; False: it says nothing."""
    was_said: bool = queue._store.write(partial(_reset, app=app))
    return was_said


def _reset(tx: Transaction, app: str) -> bool:
    was_said = tx.drop_override(app)
    if was_said:
        tx.next_generation()
    return was_said
