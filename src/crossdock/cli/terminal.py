"""Where words go: data to standard output, talk to standard error; colour only where a person looks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console

_CODES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class Cell:
    """A value in a table, with the style in which a terminal shows it."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        right: Numbers stand at the right.
        shrinks: On a narrow terminal this column is shortened, and no other.
    """

    title: str
    right: bool = False
    shrinks: bool = False


def say(text: str) -> None:
    """Write a line of data."""
    sys.stdout.write(f"{text}\n")


def tell(text: str) -> None:
    """Write a line of talk: what happened, what to do next."""
    sys.stderr.write(f"{text}\n")


def hint(text: str) -> None:
    """Write a line of talk that only a person at a terminal wants."""
    if sys.stderr.isatty():
        tell(paint(text, "dim", sys.stderr))


def complain(text: str, *, name: str = "crossdock") -> None:
    """Write an error; the lines of one that has several are set in."""
    first, *rest = text.splitlines() or [""]
    sys.stdout.flush()
    head = paint(f"{name}:", "red", sys.stderr)
    if rest:
        tell(f"{head} {len(rest) + 1} things are wrong")
        tell("\n".join(f"  {line}" for line in (first, *rest)))
    else:
        tell(f"{head} {first}")


def warn(text: str) -> None:
    """Write a warning."""
    tell(f"{paint('crossdock:', 'yellow', sys.stderr)} {text}")


def paint(text: str, style: str, stream: IO[str] | None = None) -> str:
    """Return text in a style if the stream shows colours, else as it is."""
    codes = ";".join(_CODES[word] for word in style.split())
    return f"\033[{codes}m{text}\033[0m" if codes and shows_colour(stream or sys.stdout) else text


def shows_colour(stream: IO[str]) -> bool:
    """Tell whether colours may be used: a terminal, and nobody said no."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say_json(document: Any) -> None:
    """Write one JSON document: indented for a person, on one line for a program."""
    indent = 2 if sys.stdout.isatty() else None
    say(json.dumps(document, ensure_ascii=False, indent=indent))


def say_json_lines(documents: Iterable[Any]) -> None:
    """Write JSON Lines, one document on each."""
    for document in documents:
        say(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def say_table(columns: Sequence[Column], rows: Sequence[Sequence[Cell | str]], *, empty: str) -> None:
    """Write a table; if it has no rows, tell so in a sentence instead.

    Piped, it is aligned text without colour and nothing is shortened.
    """
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    if not cells:
        tell(empty)
    elif sys.stdout.isatty():
        _print_rich(columns, cells)
    else:
        _print_plain(columns, cells)


def say_facts(facts: Iterable[tuple[str, Cell | str]]) -> None:
    """Write names and values in two columns."""
    shown = [(name, cell if isinstance(cell, Cell) else Cell(cell)) for name, cell in facts]
    width = max((len(name) for name, _ in shown), default=0)
    for name, cell in shown:
        say(f"{paint(f'{name:{width}}', 'dim')}{_GAP}{paint(cell.text, cell.style)}".rstrip())


def use_forgiving_encoding() -> None:
    """Let foreign text that the terminal cannot show be written as escapes."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show how far long work is, on standard error and to people only; gives a function that adds to it."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    counter = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) if total else (TextColumn("{task.completed:,}"),)
    with Progress(TextColumn("{task.description}"), *counter, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda more: bar.advance(task, more)


def confirm(question: str) -> bool:
    """Ask a person; anything but yes is no."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def console() -> Console:
    """Return Rich's view of standard output."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def _print_rich(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=None if column.shrinks else max(len(column.title), *_lengths(columns, rows, column)),
        )
    for row in rows:
        table.add_row(*(Text(cell.text, style=cell.style) for cell in row))
    console().print(table)


def _lengths(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], column: Column) -> list[int]:
    at = columns.index(column)
    return [len(row[at].text) for row in rows]


def _print_plain(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
    widths = [max(len(column.title), *_lengths(columns, rows, column)) for column in columns]
    titles = [column.title for column in columns]
    for texts in (titles, *([cell.text for cell in row] for row in rows)):
        fitted = [
            f"{text:>{width}}" if column.right else f"{text:{width}}"
            for text, width, column in zip(texts, widths, columns, strict=True)
        ]
        say(_GAP.join(fitted).rstrip())
