"""Numbers as they stand in sentences."""

from __future__ import annotations

from typing import Final

_ENDINGS: Final = {1: "st", 2: "nd", 3: "rd"}
_TEENS: Final = range(11, 14)


def counted(number: int, noun: str) -> str:
    """Write a number of things: ``1 message``, ``2,000 messages``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def ordinal(number: int) -> str:
    """Write a place in an order: ``1st``, ``2nd``, ``11th``."""
    return f"{number:,}{'th' if number % 100 in _TEENS else _ENDINGS.get(number % 10, 'th')}"
