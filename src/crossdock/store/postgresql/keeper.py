"""placeholder"""

from __future__ import annotations

from typing import Any


def ensure_keeper(location: Any) -> None:
    """Do nothing yet."""
