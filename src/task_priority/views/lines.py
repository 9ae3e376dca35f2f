"""Text that breaks where a reader would break it: between its parts, and with its further lines set in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.measure import Measurement
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_BETWEEN_TIMES: Final = re.compile(r"(?<=[,;]) ")


@dataclass(frozen=True, slots=True)
class Hanging:
    """A paragraph whose further lines are set in.

    Attributes:
        indent: Of the first line, in cells.
        hanging: Of the further lines.
    """

    text: Text
    indent: int = 0
    hanging: int = 2

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Break it as Rich asks."""
        whole = self.text.cell_len + self.indent <= options.max_width
        width = max(1, options.max_width - (self.indent if whole else max(self.indent, self.hanging)))
        for number, line in enumerate(self.text.wrap(console, width)):
            line.rstrip()
            yield Text(" " * (self.hanging if number else self.indent)).append_text(line)


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts on as few lines as they need, broken between words only where one part is wider than all there is.

    Attributes:
        parts: Each with the comma after it.
        style: Of all of them, in Rich's words.
        indent: Of all lines, in cells; what a broken part goes on with stands two cells further in.
    """

    parts: Sequence[str]
    style: str = ""
    indent: int = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Break them as Rich asks."""
        for line in _lines(self.parts, options.max_width - self.indent):
            yield from console.render(
                Hanging(Text(line, style=self.style), self.indent, self.indent + 2), options
            )

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Return how wide they are: the widest part, and all on one line."""
        return Measurement(self.narrowest + self.indent, cell_len(" ".join(self.parts)) + self.indent)

    @property
    def narrowest(self) -> int:
        """How wide the widest part is, in cells."""
        return max(map(cell_len, self.parts), default=0)


def parts_of_times(text: str, style: str = "") -> Parts:
    """Return planned times, which may be broken between two of them."""
    return Parts(_BETWEEN_TIMES.split(text), style)


def _lines(parts: Sequence[str], width: int) -> list[str]:
    lines: list[str] = []
    for part in parts:
        if lines and cell_len(lines[-1]) + 1 + cell_len(part) <= width:
            lines[-1] += f" {part}"
        else:
            lines.append(part)
    return lines
