"""Waiting that ends early when it is time to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

LOOK_EVERY_S: Final = 0.1
"""A wait that is to stop ends within this time."""


async def wait_unless(stopping: Callable[[], bool], until: float = float("inf")) -> bool:
    """Wait until an instant, in monotonic seconds; False: we are to stop."""
    while not stopping():
        left_s = until - time.monotonic()
        if left_s <= 0:
            return True
        await asyncio.sleep(min(left_s, LOOK_EVERY_S))  # ``stopping`` is all that a caller of the hub gives
    return False
