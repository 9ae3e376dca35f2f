"""A worker process for the tests: ``python -m tests.app.worker_program LOG '{"url": …, "concurrency": …}'``.

The handler of ``first`` obeys the data of its message and answers to ``second``, whose handler only notes; that of
``beside`` takes its time. Each start and end of the first two is a line of the log, written outside the store.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import resource
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from crossdock import Hub, Message, RetryPolicy
from tests.crash.stage import open_queue
from tests.whole_lines import whole_lines

QUICKLY = RetryPolicy(max_attempts=3, backoff_max=timedelta(seconds=1))


def main(log: str, options: str) -> None:
    place = json.loads(options)
    concurrency = place.pop("concurrency")
    if descriptors := place.pop("descriptors", None):
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(*words: object) -> None:
        os.write(out, f"{' '.join(map(str, words))} {os.getpid()}\n".encode())

    hub = Hub(open_queue("worker", lease=timedelta(seconds=1), **place))

    @hub.app("first", concurrency=concurrency, next=["second"], retry=QUICKLY)
    async def first(message: Message) -> dict[str, Any]:
        note("start", message.data["n"])
        match message.data.get("do"):
            case "die":
                await asyncio.sleep(message.data.get("after_s", 0))
                os._exit(9)
            case "fork":
                await asyncio.to_thread(os.waitpid, _forked(), 0)
            case "leak":
                for _ in range(20):
                    os.open(os.devnull, os.O_RDONLY)
            case "block":
                ctypes.PyDLL(None).usleep(4_000_000)  # keeps the GIL, as a long call of a C library may
            case seconds:
                await asyncio.sleep(float(seconds or 0.001))
        note("end", message.data["n"])
        return {"n": message.data["n"], "by": os.getpid()}

    @hub.app("second", concurrency=2)
    def second(message: Message) -> None:
        note("second", message.data["n"])

    hub.app("beside", concurrency=2)(_beside)
    note("ready")
    hub.run()
    note("done")


async def _beside(message: Message) -> None:
    await asyncio.sleep(message.data["s"])


def _forked() -> int:
    """Return the number of a child that ends at once, having inherited all that is open."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    return child


def lines(log: Path) -> list[list[str]]:
    """Return the words of each line of a log; the last is the process."""
    return [line.split() for line in whole_lines(log)]


if __name__ == "__main__":
    main(*sys.argv[1:])
