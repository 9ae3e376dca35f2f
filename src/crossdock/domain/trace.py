"""The trace that a message belongs to."""

from __future__ import annotations

from typing import Final

_PARTS: Final = 4


def trace_id_of(traceparent: str | None) -> str | None:
    """Return the id of the trace, or None. Source: W3C Trace Context, section 3.2."""
    parts = (traceparent or "").split("-")
    return parts[1] if len(parts) >= _PARTS else None
