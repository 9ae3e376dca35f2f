"""Identifiers in the shape that each service gives them, the same for the same seed."""

from __future__ import annotations

import random

from task_priority.sandbox.exchange import Json

_TODOIST = "23456789CFGHJMPQRVWXcfghjmpqrvwx"
_GOOGLE = "0123456789abcdefghijklmnopqrstuv"


class Ids:
    """Draws identifiers.

    Args:
        seed: The same seed draws the same.
    """

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - names things, guards nothing

    def todoist(self) -> str:
        """Return one as tasks, projects, sections and comments have it."""
        return "6X" + self._draw(_TODOIST, 14)

    def number(self) -> str:
        """Return one as labels and users still have it."""
        return str(self._random.randrange(2_100_000_000, 2_200_000_000))

    def google(self) -> str:
        """Return one as events have it: base32hex."""
        return self._draw(_GOOGLE, 26)

    def google_task(self) -> str:
        """Return one as Google's tasks have it."""
        return self._draw(_GOOGLE + "ABCDEFGHIJ", 22)

    def secret(self, prefix: str = "") -> str:
        """Return a token."""
        return prefix + self._draw(_GOOGLE, 40)

    def state(self) -> Json:
        """Return where the drawing is, as JSON."""
        version, numbers, gauss = self._random.getstate()
        return {"version": version, "numbers": list(numbers), "gauss": gauss}

    def go_on(self, state: Json) -> None:
        """Draw on from where another was."""
        self._random.setstate((state["version"], tuple(state["numbers"]), state["gauss"]))

    def _draw(self, alphabet: str, length: int) -> str:
        return "".join(self._random.choices(alphabet, k=length))
