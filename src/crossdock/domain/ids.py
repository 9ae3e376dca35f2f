"""Message ids: UUIDs of version 7, whose text sorts by the time of making."""

from __future__ import annotations

import os
import time
from typing import Final

_NS_PER_MS: Final = 1_000_000
_VERSION: Final = 0x7 << 76
_VARIANT: Final = 0b10 << 62
_RANDOM_BITS: Final = (1 << 62) - 1
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
    prefix = _prefix()
    noise = os.urandom(4 * count)
    last = int.from_bytes(os.urandom(8)) & _RANDOM_BITS >> 1
    found: list[str] = []
    for start in range(0, 4 * count, 4):
        last += 1 + int.from_bytes(noise[start : start + 4])
        found.append(_text(prefix | last))
    return found


def _prefix() -> int:
    """Return everything but the random part, for now."""
    milliseconds, rest = divmod(time.time_ns(), _NS_PER_MS)
    return milliseconds << 80 | _VERSION | ((rest << 12) // _NS_PER_MS) << 64 | _VARIANT


def _text(number: int) -> str:
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
