"""How long the answer of a far side asks to wait."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

_SECONDS: Final = re.compile(r"[0-9]+")
_MOST_DIGITS: Final = 9


def wait_of(text: str, now: datetime) -> timedelta | None:
    """Return how long ``Retry-After`` asks to wait; None: it says nothing that could be heeded.

    It can be nothing, and it can be years: bound it.

    Args:
        text: Seconds, or an instant as HTTP writes it.
        now: Aware.

    Source: RFC 9110, section 10.2.3.
    """
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return timedelta(seconds=int(text) if len(text) <= _MOST_DIGITS else 10**_MOST_DIGITS)
    try:
        moment = parsedate_to_datetime(text)
        wait = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return wait if wait > timedelta(0) else None
