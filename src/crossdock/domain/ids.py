"""Message ids: UUIDs of version 7, whose text sorts by the time of making."""

from __future__ import annotations

import os
import time
from typing import Final

_NS_PER_MS: Final = 1_000_000
_VERSION: Final = 0x7 << 76
_VARIANT: Final = 0b10 << 62
_RANDOM_BITS: Final = (1 << 62) - 1


def new_message_id() -> str:
    """Return a new UUIDv7: 48 bits of Unix milliseconds, 12 bits of the fraction, 62 random bits.

    Source: RFC 9562, sections 5.7 and 6.2 (method 3: sub-millisecond precision in ``rand_a``).
    """
    milliseconds, rest = divmod(time.time_ns(), _NS_PER_MS)
    fraction = (rest << 12) // _NS_PER_MS
    noise = int.from_bytes(os.urandom(8)) & _RANDOM_BITS
    digits = f"{milliseconds << 80 | _VERSION | fraction << 64 | _VARIANT | noise:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
