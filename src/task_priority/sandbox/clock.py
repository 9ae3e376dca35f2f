"""What time it is in the sandbox, and how it writes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Returns the present, aware, in UTC."""


def system_clock() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


def micros(instant: datetime) -> str:
    """Write an instant as Todoist does: ``2026-03-02T08:15:00.123456Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def millis(instant: datetime) -> str:
    """Write an instant as Google does: ``2026-03-02T08:15:00.123Z``."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
