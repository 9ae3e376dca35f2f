"""Fills a small disk with a queue, makes room again, and tells what happened."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from crossdock import Queue, StoreFull, StoreSettings, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

APP = "worker"
TEXT = "x" * 2000
_SECONDS_TO_NOTICE = 10


def main(disk: Path, ballast_bytes: int, min_free_bytes: int) -> dict[str, object]:
    """Send until the disk is full, settle meanwhile, make room, and go on with the same queue."""
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(ballast_bytes))
    url = f"sqlite:///{disk / 'work.db'}"
    with Queue(url, app="tester", settings=StoreSettings(min_free_bytes=min_free_bytes)) as queue:
        sent, refusal = _send_until_refused(queue)
        bulk = _answer(lambda: queue.send_many(APP, [{"n": 0, "text": TEXT}] * 500))
        settled = _answer(lambda: [delivery.ack() for delivery in queue.claim(APP)])
        ballast.unlink()
        resumed = _until_it_works(lambda: queue.send(APP, {"n": sent + 1}))
    with Queue(url, app="tester", settings=StoreSettings(min_free_bytes=0)) as queue:
        found = sorted(record.message.data["n"] for record in queue.list(APP, limit=100_000))
    return {
        "sent": sent,
        "refusal": refusal,
        "bulk": bulk,
        "settled": settled,
        "resumed": resumed,
        "found": found,
    }


def _send_until_refused(queue: Queue) -> tuple[int, str]:
    sent = 0
    while True:
        try:
            queue.send(APP, {"n": sent + 1, "text": TEXT})
        except StoreFull as error:
            return sent, str(error)
        sent += 1


def _answer(act: Callable[[], object]) -> str:
    try:
        act()
    except StoreUnavailable as error:
        return type(error).__name__
    return "done"


def _until_it_works(act: Callable[[], object]) -> bool:
    deadline = time.monotonic() + _SECONDS_TO_NOTICE
    while _answer(act) != "done":
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201 -- the answer to the test
