"""Where words go: data to standard output, talk to standard error; colour only where a person looks."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Final

_CODES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_GAP: Final = "  "
_NARROWEST: Final = 10


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


def flush() -> None:
    """Write out all data so far, so that it is known to have arrived.

    Raises:
        BrokenPipeError: Nobody reads any more.
    """
    sys.stdout.flush()


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


def say_json(document: object) -> None:
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
    else:
        _print_table(columns, cells, shutil.get_terminal_size().columns if sys.stdout.isatty() else None)


def say_facts(facts: Iterable[tuple[str, Cell | str]]) -> None:
    """Write names and values in two columns."""
    shown = [(name, cell if isinstance(cell, Cell) else Cell(cell)) for name, cell in facts]
    width = max((len(name) for name, _ in shown), default=0)
    for name, cell in shown:
        say(f"{paint(f'{name:{width}}', 'dim')}{_GAP}{paint(cell.text, cell.style)}".rstrip())


def say_hanging(head: str, text: str, *, indent: int) -> None:
    """Write text behind a head; on a terminal its further lines stand below its first.

    Args:
        head: Shown ``indent`` characters wide.
        text: Broken at blanks.
        indent: Where the text begins.
    """
    width = shutil.get_terminal_size().columns - indent if sys.stdout.isatty() else len(text) + 1
    first, *rest = textwrap.wrap(text, max(20, width), break_long_words=False, break_on_hyphens=False) or [""]
    say(f"{head}{first}")
    for line in rest:
        say(f"{'':{indent}}{line}")


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

    counter = (
        (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        if total
        else (TextColumn("{task.completed:,}"),)
    )
    with Progress(
        TextColumn("{task.description}"), *counter, console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda more: bar.advance(task, more)


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Show that something takes its time, on standard error and to people only."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def can_ask() -> bool:
    """Tell whether there is a person who can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str) -> bool:
    """Ask a person; anything but yes is no."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _print_table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], widest: int | None) -> None:
    """Print aligned columns.

    Args:
        columns: At most one of them shrinks.
        rows: A cell for each column.
        widest: How many characters a line may have; None: as many as there are.
    """
    table = [[Cell(column.title, "dim") for column in columns], *rows]
    widths = [max(len(row[at].text) for row in table) for at in range(len(columns))]
    if widest is not None:
        over = max(0, sum(widths) + len(_GAP) * (len(columns) - 1) - widest)
        widths = [
            max(_NARROWEST, width - over) if column.shrinks else width
            for column, width in zip(columns, widths, strict=True)
        ]
    for row in table:
        fitted = [_fit(cell, column, width) for cell, column, width in zip(row, columns, widths, strict=True)]
        say(_GAP.join(fitted).rstrip())


def _fit(cell: Cell, column: Column, width: int) -> str:
    text = cell.text if len(cell.text) <= width else f"{cell.text[: width - 1]}…"
    shown, padding = paint(text, cell.style) if text else "", " " * (width - len(text))
    return f"{padding}{shown}" if column.right else f"{shown}{padding}"
