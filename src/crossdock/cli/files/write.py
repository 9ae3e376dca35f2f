"""``crossdock file write``: rows from standard input, as files that are there whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from crossdock.cli import inputs
from crossdock.cli.exit_codes import ExitCode, code_of
from crossdock.cli.files.group import app
from crossdock.cli.help import described
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.refusal import Refusal
from crossdock.cli.session import Session
from crossdock.cli.terminal import flush, hint, say, say_json_lines, tell
from crossdock.domain.errors import CrossdockError, InvalidMessage
from crossdock.domain.message import check_app
from crossdock.domain.wording import counted

if TYPE_CHECKING:
    from pydantic import ValidationError

    from crossdock.adapters.file.content import FileContent, Style
    from crossdock.adapters.file.outbound_settings import FileOutbound

_ROWS: Final = 10_000
_STDIN_NAME: Final = "standard input"
_OPTIONS: Final = {
    "file": "FOLDER", "columns": "--column", "schema_version": "--schema-version", "next_app": "--next-app",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How files are written; the names are those of the adapter's settings."""

    type: Annotated[
        str | None,
        typer.Option("--type", metavar="TYPE", help="The second part of the names; export unless given."),
    ]
    format: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="FORMAT", help="csv, json or jsonl, each also with .gz; jsonl unless given."
        ),
    ]
    rows: Annotated[
        int | None,
        typer.Option("--rows", metavar="COUNT", help=f"At most so many to a file; {_ROWS} unless given."),
    ]
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME",
            help="A column of CSV; repeated, in their order. All fields unless given.",
        ),
    ]
    delimiter: Annotated[
        str | None,
        typer.Option(
            "--delimiter", metavar="CHARACTER", help="Between the fields of CSV; a comma unless given."
        ),
    ]
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Of CSV; utf-8 unless given.")
    ]
    latest: Annotated[
        str | None,
        typer.Option("--latest", metavar="NAME", help="Keep a copy of the newest file under this name."),
    ]
    schema_version: Annotated[
        str | None, typer.Option("--schema-version", metavar="VERSION", help="For the manifests.")
    ]
    next_app: Annotated[
        str | None,
        typer.Option("--next-app", metavar="APP", help="For the manifests: for whom the files are."),
    ]
    mode: Annotated[
        str | None, typer.Option("--mode", metavar="MODE", help="Of the files; 0640 unless given.")
    ]


@app.command(
    **described(
        "crossdock file write data/imports --app shop < orders.jsonl",
        "crossdock file write data/imports --app shop --type orders --format csv.gz < orders.jsonl",
    )
)
@with_session
def write(
    _session: Session,
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="The folder, as an app's inbound names it.")
    ],
    *,
    sender: Annotated[str, typer.Option("--app", metavar="APP", help="The first part of the names.")],
    style: WriteOptions,
    json: JsonOption = False,
) -> None:
    """Write the JSON Lines of standard input, a row each, to files that are there whole or not at all.

    The rows of one file are read before it is written, and a wrong one keeps it from being written. What is written is
    named on standard output.
    """
    settings = _settings(folder, style)
    if sys.stdin.isatty():
        hint("reading JSON Lines; end with Ctrl-D")
    files = rows = 0
    try:
        for file, count in _write_all(settings, check_app(sender)):
            files, rows = files + 1, rows + count
            _show(file, count, json=json)
    except CrossdockError as error:
        before = f"{counted(files, 'file')} before it written" if files else "nothing was written"
        raise Refusal(f"{error}; {before}", code_of(error)) from error
    tell(f"{counted(rows, 'row')} in {counted(files, 'file')}")


def _settings(folder: str, style: WriteOptions) -> FileOutbound:
    """Check what was said as the adapter's settings are checked."""
    from pydantic import ValidationError

    from crossdock.adapters.file.outbound_settings import FileOutbound

    given = {name: value for name, value in asdict(style).items() if value}
    try:
        return FileOutbound.model_validate({"format": "jsonl", "rows": _ROWS, "file": folder} | given)
    except ValidationError as error:
        raise Refusal("; ".join(_problems(error)), ExitCode.USAGE) from error


def _problems(error: ValidationError) -> Iterator[str]:
    from crossdock.adapters.file.outbound_settings import FileOutbound
    from crossdock.config.problems import expected
    from crossdock.config.table import Explained

    for found in error.errors():
        reason = found.get("ctx", {}).get("error")
        key = str(found["loc"][0]) if found["loc"] else ""
        if isinstance(reason, Explained):
            yield str(reason)
        else:
            option = _OPTIONS.get(key, f"--{key}")
            yield f"{option}: expected {expected((key,), FileOutbound)}, given {found['input']!r}"


def _write_all(settings: FileOutbound, sender: str) -> Iterator[tuple[str, int]]:
    """Write what arrives; give the path of each file and how many rows are in it."""
    from crossdock.adapters.file.outbound import label_of, style_of
    from crossdock.adapters.file.tree import tree_of
    from crossdock.adapters.file.writing import Writer

    tree = tree_of(settings.file, above=Path.cwd())
    writer = Writer(tree, label_of(settings, sender))
    writer.connect(datetime.now(UTC))
    values = inputs.json_lines(sys.stdin.buffer, _STDIN_NAME)
    first = 1
    while rows := list(islice(values, settings.rows)):
        content = _content(rows, style_of(settings), first)
        written = writer.put(content.pieces, content.row_count, datetime.now(UTC))
        yield str(tree.root / written.file), len(rows)
        first += len(rows)


def _content(rows: list[Any], style: Style, first: int) -> FileContent:
    from crossdock.adapters.file.content import content_of_many

    content = content_of_many(rows, style)
    for place, error in content.refused.items():
        raise InvalidMessage.of(f"{_STDIN_NAME}, row {first + place}", str(error))
    return content


def _show(file: str, rows: int, *, json: bool) -> None:
    if json:
        say_json_lines([{"file": file, "rows": rows}])
    else:
        say(file)
    flush()
