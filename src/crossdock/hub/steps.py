"""How work is done that takes long and is in no hurry: in short steps, with room for others between them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.ports.store import Store

T = TypeVar("T")
_SMALLEST_STEP: Final = 10
_LARGEST_STEP: Final = 500
_STEP_S: Final = 0.02
"""A step that took longer makes the next one smaller: others wait for it."""


class Steps:
    """Takes steps until somebody says stop.

    Args:
        store: What is changed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._step = _SMALLEST_STEP
        self._stop = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether to end after the present step."""
        return self._stop.is_set()

    def stop(self) -> None:
        """End after the present step."""
        self._stop.set()

    def restart(self) -> None:
        """Begin anew: after a stop, or in a forked child, where a lock of the parent's may be held for ever."""
        self._stop = threading.Event()

    def change(self, rows: list[T], change: Callable[[Any, list[T]], Any]) -> None:
        """Change rows, so many at a time as take a short while."""
        start = 0
        while start < len(rows) and not self.stopped:
            step = rows[start : start + self._step]
            began = time.monotonic()
            self.leaving_room(lambda: self._store.write(lambda tx: change(tx, step)))  # noqa: B023 - called at once
            fits = time.monotonic() - began < 2 * _STEP_S
            self._step = min(self._step * 2, _LARGEST_STEP) if fits else max(self._step // 2, _SMALLEST_STEP)
            start += len(step)

    def leaving_room(self, action: Callable[[], Any]) -> Any:
        """Do something, and then nothing for as long as it took, so that others who write come first."""
        began = time.monotonic()
        result = action()
        self._stop.wait(time.monotonic() - began)
        return result
