"""Trouble that is told once, and again when it is another or came back."""

from __future__ import annotations

from crossdock.domain.wording import without_numbers


class Troubles:
    """What was last wrong, by what it was wrong with. Words that differ in numbers alone tell of the same trouble."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def is_known(self, words: str) -> bool:
        """Tell whether this is wrong with anything."""
        return without_numbers(words) in self._known.values()

    def is_news(self, words: str, about: str = "") -> bool:
        """Note what is wrong now; tell whether that was not wrong with it before."""
        trouble = without_numbers(words)
        before, self._known[about] = self._known.get(about), trouble
        return trouble != before

    def is_over(self, about: str = "") -> None:
        """Forget what was wrong."""
        self._known.pop(about, None)
