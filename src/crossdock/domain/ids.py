"""Message ids: UUIDs of version 7, whose text sorts by the time of making."""

from __future__ import annotations

import os
import time
from itertools import accumulate
from typing import Final

_NS_PER_MS: Final = 1_000_000
_VARIANT_16: Final = 0b10 << 14
_RUN: Final = 1 << 15
"""So many steps of 32 bits lead from below 2^46 to below 2^48."""
_VARIANT_DIGIT: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""A random digit with its two highest bits set to the variant."""


def new_message_id() -> str:
    """Return a new UUIDv7: 48 bits of Unix milliseconds, 12 bits of the fraction, 62 random bits.

    Source: RFC 9562, sections 5.7 and 6.2 (method 3: sub-millisecond precision in ``rand_a``).
    """
    time_digits = f"{(time.time_ns() << 12) // _NS_PER_MS:015x}"
    noise = os.urandom(8).hex()
    return (
        f"{time_digits[:8]}-{time_digits[8:12]}-7{time_digits[12:]}"
        f"-{_VARIANT_DIGIT[noise[0]]}{noise[1:4]}-{noise[4:]}"
    )


def new_message_ids(count: int) -> list[str]:
    """Return new UUIDv7s that rise in their order.

    Source: RFC 9562, section 6.2 (method 2: the random part is raised by a random amount each time).
    """
    milliseconds, rest = divmod(time.time_ns(), _NS_PER_MS)
    digits = f"{milliseconds:012x}"
    head = f"{digits[:8]}-{digits[8:]}-7{(rest << 12) // _NS_PER_MS:03x}-"
    high = int.from_bytes(os.urandom(2)) >> 3  # one bit is left for the runs of a batch to rise into
    found: list[str] = []
    for first in range(0, count, _RUN):
        found += _run(f"{head}{_VARIANT_16 | high:04x}-%012x", min(_RUN, count - first))
        high += 1
    return found


def _run(form: str, count: int) -> list[str]:
    """Return ids that differ in their last 48 bits, which begin low enough to be raised so often."""
    begin = int.from_bytes(os.urandom(6)) >> 2
    steps = memoryview(os.urandom(4 * count)).cast("I")
    numbers = accumulate(steps, _raised, initial=begin)
    next(numbers)
    return [form % number for number in numbers]


def _raised(number: int, step: int) -> int:
    return number + step + 1
