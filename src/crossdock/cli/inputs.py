"""What people type, as values: durations, instants, JSON, extensions; and files full of messages."""

# ruff: noqa: ANN401 - data is any JSON value

from __future__ import annotations

import csv
import json
import os
import re
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Final

import typer

from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.refusal import Refusal
from crossdock.config.values import parse_backoff, parse_duration
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.wording import counted

STDIN: Final = "-"
_CHUNK_BYTES: Final = 1 << 20
_SECONDS: Final = re.compile(r"\d+(\.\d+)?")


def duration(text: str) -> timedelta:
    """Read a duration; a bare number is seconds."""
    try:
        return parse_duration(f"{text}s" if _SECONDS.fullmatch(text) else text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no duration; write for example 30s, 5m or 1h30m") from error


@dataclass(frozen=True, slots=True)
class Backoff:
    """The bounds of a backoff (no tuple, which Typer would take for two arguments)."""

    first: timedelta
    last: timedelta


def backoff(text: str) -> Backoff:
    """Read the bounds of a backoff."""
    try:
        return Backoff(*parse_backoff(text))
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not two durations, the smaller first; write for example 1s..5m"
        ) from error


def moment(text: str) -> datetime:
    """Read an instant; without a zone it is in that of this machine."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no instant; write for example 2031-05-17T08:30 or 2031-05-17T08:30:00Z"
        ) from error


def extensions(pairs: list[str]) -> dict[str, str | int | bool]:
    """Read extensions, each ``name=value``; a value that is JSON for a number or a truth value is one."""
    return dict(_extension(pair) for pair in pairs)


def json_value(text: str, *, what: str) -> Any:
    """Read JSON.

    Args:
        text: The JSON.
        what: Where it comes from, for the message.

    Raises:
        InvalidMessage: It is none.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = (
            f"line {error.lineno}, column {error.colno}" if "\n" in text.strip() else f"column {error.colno}"
        )
        tip = """; text is JSON only in quotes, as in '"text"'""" if _is_bare_word(text) else ""
        raise InvalidMessage.of(
            what, f"not JSON ({error.msg[:1].lower()}{error.msg[1:]} at {place}){tip}"
        ) from error
    except (RecursionError, ValueError) as error:
        raise InvalidMessage.of(what, f"not JSON ({error})") from error


def document(data: str) -> Any:
    """Read one JSON value: as it stands, from ``@file``, or from standard input with ``-``."""
    if data == STDIN:
        return json_value(sys.stdin.read(), what="standard input")
    if data.startswith("@"):
        return json_value(_text(data[1:]), what=data[1:])
    return json_value(data, what="DATA")


def content(path: str) -> bytes:
    """Read a whole file, or standard input with ``-``."""
    if path == STDIN:
        return sys.stdin.buffer.read()
    with open_file(path) as file:
        return file.read()


def open_file(path: str | Path) -> IO[bytes]:
    """Open a file that the command line names.

    Raises:
        Refusal: It cannot be opened.
    """
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: str | Path, error: OSError) -> Refusal:
    """Return the refusal of a command line that names a file which cannot be read."""
    if isinstance(error, FileNotFoundError):
        where = "" if Path(path).is_absolute() else f" in {Path.cwd()}"
        return Refusal(f"there is no file {str(path)!r}{where}; name one that is there", ExitCode.USAGE)
    return Refusal(
        f"{str(path)!r} cannot be read ({error.strerror}); name a file that can be", ExitCode.USAGE
    )


def json_lines(file: IO[bytes], name: str) -> Iterator[Any]:
    """Give the value of each line; lines without text are skipped."""
    for number, line in enumerate(file, start=1):
        yield from _value_of(line, name, number)


def arriving_json_lines(file: IO[bytes], name: str) -> Iterator[list[Any]]:
    """Give the values of the lines that have arrived, as soon as some have."""
    rest, number, values = b"", 0, list[Any]()
    while chunk := os.read(file.fileno(), _CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            number += 1
            try:
                values += _value_of(line, name, number)
            except InvalidMessage:
                yield values  # what was right goes first
                raise
        if values and not select.select([file], [], [], 0)[0]:
            yield values
            values = []
    yield values
    yield _value_of(rest, name, number + 1)


def csv_rows(file: IO[str], name: str) -> Iterator[dict[str, str]]:
    """Give each row as an object, its keys from the first row.

    Raises:
        InvalidMessage: A row has more or fewer fields than the first, or the file has none.
    """
    reader = csv.reader(file, strict=True)
    try:
        header = next(reader, None)
        if not header:
            raise InvalidMessage.of(name, "the first row must name the columns")
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise InvalidMessage.of(
                    f"{name}, line {reader.line_num}",
                    f"{counted(len(row), 'field')}, and the first row names {len(header)}",
                )
            yield dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise InvalidMessage.of(f"{name}, line {reader.line_num}", f"not CSV ({error})") from error
    except UnicodeDecodeError as error:
        raise InvalidMessage.of(name, f"not UTF-8 (byte {error.start + 1})") from error


@contextmanager
def open_text(path: str) -> Iterator[IO[str]]:
    """Open a CSV file, or standard input with ``-``."""
    if path == STDIN:
        yield sys.stdin
    else:
        with TextIOWrapper(open_file(path), encoding="utf-8-sig", newline="") as file:
            yield file


def _extension(pair: str) -> tuple[str, str | int | bool]:
    name, sign, value = pair.partition("=")
    if not sign:
        raise typer.BadParameter(f"{pair!r} is not name=value", param_hint="'--extension'")
    try:
        read = json.loads(value)
    except ValueError:
        return name, value
    return name, read if isinstance(read, (str, int, bool)) else value


def _text(path: str) -> str:
    try:
        return content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidMessage.of(path, f"not UTF-8 (byte {error.start + 1})") from error


def _value_of(line: bytes, name: str, number: int) -> list[Any]:
    if not line.strip():
        return []
    what = f"{name}, line {number}"
    try:
        return [json_value(line.strip().decode("utf-8-sig"), what=what)]
    except UnicodeDecodeError as error:
        raise InvalidMessage.of(what, f"not UTF-8 (byte {error.start + 1})") from error


def _is_bare_word(text: str) -> bool:
    return bool(re.match(r"\s*[A-Za-z]", text))
