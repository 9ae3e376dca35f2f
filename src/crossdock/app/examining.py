"""Examines the file of a store while ``crossdock run`` works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crossdock.hub.examiner import Examiner

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import time

    from crossdock.synchronous.queue import Queue


@contextmanager
def examining(queue: Queue, at: time) -> Iterator[Callable[[], None]]:
    """Examine the file of a queue's store beside the block whenever it is time to; give what ends that early.

    Args:
        queue: On the store; one on PostgreSQL is left to its server.
        at: When each night.
    """
    store = queue._store
    if store.examinations is None:
        yield _nothing
        return
    with Examiner(store, store.examinations, at=at, notice=queue._gateway.notice) as examiner:
        yield examiner.stop


def _nothing() -> None:
    pass
