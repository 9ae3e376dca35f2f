"""The C library libical, of which no part is in ours, asked for the times of a rule."""

from __future__ import annotations

import ctypes
import ctypes.util
from datetime import UTC, datetime
from functools import cache


def times(rule: str, start: datetime, count: int) -> list[datetime]:
    """Return the first times of a rule from a start, without a zone."""
    array = (ctypes.c_int64 * count)()
    began = int(start.replace(tzinfo=UTC).timestamp())
    _library().icalrecur_expand_recurrence(rule.encode(), ctypes.c_int64(began), count, array)
    return [datetime.fromtimestamp(one, UTC).replace(tzinfo=None) for one in array if one]


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(ctypes.util.find_library("ical"))
    library.icalrecur_expand_recurrence.argtypes = (
        ctypes.c_char_p, ctypes.c_int64, ctypes.c_int, ctypes.POINTER(ctypes.c_int64),
    )  # fmt: skip
    return library
