"""A worker whose handler blocks it: ``python -m tests.app.blocking_program URL FOLDER HOW``.

The message ``"block"`` blocks whoever gets it first, for longer than the test lasts; all others take a moment.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
import time
from datetime import timedelta
from pathlib import Path

from crossdock import Hub, Message, Queue, RetryPolicy

AT_ONCE = RetryPolicy(max_attempts=3, backoff_min=timedelta(0), backoff_max=timedelta(0))
FOR_S = 100


def main(url: str, folder: str, how: str) -> None:
    blocked = Path(folder) / "blocked"
    hub = Hub(Queue(url, app="worker", lease=timedelta(minutes=10)))

    async def handle(message: Message) -> None:
        if message.data == "block" and not blocked.exists():
            blocked.touch()
            block(how)
        await asyncio.sleep(0.2 if message.data == "block" else 0.4)

    def handle_in_thread(message: Message) -> None:
        if message.data == "block" and not blocked.exists():
            blocked.touch()
            block(how)

    chosen = handle_in_thread if how == "thread" else handle
    hub.app("app", concurrency=4, timeout=timedelta(seconds=1), retry=AT_ONCE)(chosen)
    (Path(folder) / "ready").touch()
    hub.run()


def block(how: str) -> None:
    if how == "loop":
        time.sleep(FOR_S)  # lets go of Python's lock, and blocks the event loop all the same
    else:
        ctypes.PyDLL(None).usleep(FOR_S * 1_000_000)  # keeps the lock, as a long call of a C library may


if __name__ == "__main__":
    main(*sys.argv[1:])
