"""What ends a run in good order: signals, and the end of standard input."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

_ENDINGS: Final = ("SIGTERM", "SIGINT")


@contextmanager
def until_signalled(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` whenever SIGTERM or SIGINT arrives during the block; in other threads than the main one, never."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        stop()

    before: list[tuple[signal.Signals, Any]] = [
        (number, signal.signal(number, end)) for name in _ENDINGS if (number := getattr(signal, name, None))
    ]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def at_end_of_input(stop: Callable[[], object]) -> None:
    """Call ``stop``, from a thread of its own, when standard input ends."""
    threading.Thread(target=_await_end, args=(stop,), daemon=True).start()


@contextmanager
def on_hangup(act: Callable[[], object]) -> Iterator[None]:
    """Call ``act`` in a thread of its own whenever SIGHUP arrives during the block, where there is such a signal."""
    if not hasattr(signal, "SIGHUP") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(
        signal.SIGHUP, lambda _number, _frame: threading.Thread(target=act, daemon=True).start()
    )
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _await_end(stop: Callable[[], object]) -> None:
    while sys.stdin.buffer.read(1024):
        pass
    stop()
