"""Numbers, and names that were mistyped, as they stand in sentences."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_ENDINGS: Final = {1: "st", 2: "nd", 3: "rd"}
_TEENS: Final = range(11, 14)
_NUMBER: Final = re.compile(r"\d+")


def counted(number: int, noun: str) -> str:
    """Write a number of things: ``1 message``, ``2,000 messages``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def ordinal(number: int) -> str:
    """Write a place in an order: ``1st``, ``2nd``, ``11th``."""
    return f"{number:,}{'th' if number % 100 in _TEENS else _ENDINGS.get(number % 10, 'th')}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a mistyped one is most like, whatever its case; ``None``: none is near."""
    folded = {one.casefold(): one for one in known}
    near = get_close_matches(name.casefold(), folded, n=1)
    return folded[near[0]] if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the question after a known name, to stand behind what is wrong with one; empty: none is near."""
    near = nearest(name, known)
    return f"; did you mean {near}?" if near else ""


def without_numbers(text: str) -> str:
    """Leave the numbers out, to know trouble again that tells how much room there is, or how long was waited."""
    return _NUMBER.sub("", text)
