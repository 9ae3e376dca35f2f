"""What the tests of a hub ask of its queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crossdock import Message, Queue, RetryPolicy

AT_ONCE = timedelta(0)
ONCE = RetryPolicy(max_attempts=1)


def received(queue: Queue, app: str) -> list[Message]:
    return [record.message for record in queue.list(app)]


def data_of(queue: Queue, app: str) -> list[Any]:
    return [message.data for message in received(queue, app)]


def only(queue: Queue, app: str) -> Any:
    [record] = queue.list(app)
    return record
