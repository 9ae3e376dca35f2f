"""Lists that are one line for each task where there is room, and several below one another where there is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from task_priority.views.lines import Hanging, Parts, parts_of_times

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

_UNBOUNDED: Final = 10_000
_RIGHT: Final = frozenset({"#", "Score", "Points", "Tasks", "Events", "Unread", "Place"})
_GAP: Final = 2
_LEAST_TITLE: Final = 24
"""A title beside which the time leaves less than this has the time below it."""


def columns(*titles: str) -> Table:
    """Return an empty table."""
    table = Table(box=None, padding=(0, _GAP, 0, 0), header_style="dim", pad_edge=False)
    for title in titles:
        right = title in _RIGHT
        table.add_column(title, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


@dataclass(frozen=True, slots=True)
class RankedRow:
    """A task of the list.

    Attributes:
        when: Empty: it has no time.
        when_style: In Rich's words.
        status: In words; None: it goes without saying.
        reasons: Each with its points.
    """

    place: int
    score: int
    title: Text
    when: str
    when_style: str
    status: str | None
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class RankedTable:
    """Ranked tasks: a table with the reasons in its last column, or, if that is too wide, below each task."""

    rows: Sequence[RankedRow]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Choose the form that fits."""
        wide = self._wide()
        if _fits(wide, console, options):
            yield wide
        else:
            yield from self._stacked(options.max_width)

    def _wide(self) -> Table:
        with_status = any(row.status is not None for row in self.rows)
        table = columns("#", "Score", "Task", "When", *(["Status"] if with_status else []), "Why")
        for row in self.rows:
            table.add_row(
                *self._number(row),
                row.title,
                Text(row.when, style=row.when_style),
                *([row.status or ""] if with_status else []),
                Text(", ".join(row.reasons), style="dim"),
            )
        return table

    def _stacked(self, width: int) -> Iterator[RenderableType]:
        places = max(len(str(row.place)) for row in self.rows)
        scores = max(len("Score"), *(len(str(row.score)) for row in self.rows))
        indent = places + _GAP + scores + _GAP
        titles, times = self._widths(width - indent)
        names = ["#", "Score", "Task", *(["When"] if times else [])]
        widths = [places, scores, titles, *([times] if times else [])]
        yield _line(names, widths, [Text(name, style="dim") for name in names])
        for row in self.rows:
            when = parts_of_times(row.when, row.when_style)
            yield _line(names, widths, [*self._number(row), row.title, *([when] if times else [])])
            if row.when and not times:
                yield Parts(when.parts, when.style, indent)
            yield Parts(_with_commas([row.status, *row.reasons]), "dim", indent)

    def _widths(self, width: int) -> tuple[int, int]:
        """Return how wide titles and times are; times of no width stand below the titles."""
        titles = max(cell_len(row.title.plain) for row in self.rows)
        longest = max(cell_len(row.when) for row in self.rows)
        least = max(len("When"), *(parts_of_times(row.when).narrowest for row in self.rows))
        times = max(least, min(longest, width - _GAP - max(len("Task"), titles)))
        if width - _GAP - times < min(titles, _LEAST_TITLE):
            return max(1, width), 0
        return min(max(len("Task"), titles), width - _GAP - times), times

    @staticmethod
    def _number(row: RankedRow) -> tuple[Text, Text]:
        return Text(str(row.place), style="dim"), Text(str(row.score), style="bold")


@dataclass(frozen=True, slots=True)
class Explained:
    """Something, and what is to be said of it.

    Attributes:
        says: One sentence each; in one line they are joined by semicolons.
    """

    title: str
    says: Sequence[str]


@dataclass(frozen=True, slots=True)
class ExplainedList:
    """Things and what is said of them: each on one line, or, if one is too wide, what is said of each below it."""

    items: Sequence[Explained]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Choose the form that fits."""
        lines = [
            Text.assemble("  ", (item.title, "bold"), f": {'; '.join(item.says)}") for item in self.items
        ]
        if all(line.cell_len <= options.max_width for line in lines):
            yield from lines
            return
        for item in self.items:
            yield Hanging(Text(item.title, style="bold"), 2, 4)
            yield from (Hanging(Text(words), 4, 6) for words in item.says)


@dataclass(frozen=True, slots=True)
class EitherOf:
    """Two forms of the same: the first where there is room for it, else the second."""

    wide: RenderableType
    narrow: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Choose the form that fits."""
        yield self.wide if _fits(self.wide, console, options) else self.narrow


def _line(names: Sequence[str], widths: Sequence[int], cells: Sequence[RenderableType]) -> Table:
    """Return one line of a table whose columns are that wide."""
    table = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
    for name, width in zip(names, widths, strict=True):
        table.add_column(width=width, justify="right" if name in _RIGHT else "left", overflow="fold")
    table.add_row(*cells)
    return table


def _with_commas(parts: Sequence[str | None]) -> list[str]:
    words = [part for part in parts if part]
    return [f"{word}," for word in words[:-1]] + words[-1:]


def _fits(view: RenderableType, console: Console, options: ConsoleOptions) -> bool:
    unbounded = options.update(max_width=_UNBOUNDED)
    return console.measure(view, options=unbounded).maximum <= options.max_width
