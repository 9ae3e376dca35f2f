"""``crossdock file verify``: is a file whole, and what its manifest says?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli import inputs
from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.files.apps import exporter_of, importer_named, importer_of
from crossdock.cli.files.group import app
from crossdock.cli.help import described
from crossdock.cli.human import printable
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.session import Session
from crossdock.cli.terminal import flush, paint, progress, say, say_json_lines, tell
from crossdock.domain.wording import counted

if TYPE_CHECKING:
    from crossdock.adapters.file.reading.formats import Reading
    from crossdock.adapters.file.taking import Rules
    from crossdock.adapters.file.verifying import Verdict
    from crossdock.cli.files.apps import Exporter


@app.command(
    **described(
        "crossdock file verify data/imports/sales_001.csv",
        "crossdock file verify data/exports/*/*.meta.json",
        "crossdock file verify ~/sales_001.csv --app file-importer --json",
    )
)
@with_session
def verify(
    session: Session,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Data files, or their manifests.", show_default=False),
    ],
    *,
    importer: Annotated[
        str | None,
        typer.Option(
            "--app",
            metavar="APP",
            help="As this app takes files in; else as the app that looks where they lie, or writes there.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check files as they are checked when they are taken in, and change nothing.

    Names, manifest, size, checksum, the number of rows, the schema, and every row. The exit code is 1 if anything is
    wrong with any of them. --json prints a line for each file.
    """
    from crossdock.adapters.file.verifying import verify as verify_file

    wrong = 0
    for file in files:
        rules = _rules(session, file, importer)
        try:
            with progress(f"reading {file.name}") as read:
                verdict = verify_file(file, rules, read=read)
        except FileNotFoundError as error:
            raise inputs.unreadable(file, error) from error
        wrong += not verdict.is_good
        if json:
            say_json_lines([_document(verdict)])
        else:
            _say(verdict)
        flush()
    if len(files) > 1:
        tell(f"{counted(len(files), 'file')}, {wrong or 'none'} of them wrong")
    if wrong:
        raise typer.Exit(ExitCode.FAILED)


def _rules(session: Session, file: Path, app: str | None) -> Rules:
    """Return how a file would be taken."""
    if app is not None:
        return importer_named(session, app).rules
    from crossdock.adapters.file.arrival import Watch
    from crossdock.adapters.file.reading.formats import Reading
    from crossdock.adapters.file.taking import Rules

    importer = importer_of(session, file)
    if importer is not None:
        return importer.rules
    exporter = exporter_of(session, file)
    return Rules(watch=Watch(), reading=Reading() if exporter is None else _as_written(exporter))


def _as_written(exporter: Exporter) -> Reading:
    """Return how the files are read that an app writes."""
    from crossdock.adapters.file.reading.csv_rows import Dialect
    from crossdock.adapters.file.reading.formats import Reading

    written = exporter.settings
    if not written.format.startswith("csv"):
        return Reading()
    return Reading(encoding=written.encoding, dialect=Dialect(written.delimiter))


def _document(verdict: Verdict) -> dict[str, Any]:
    return {
        "file": str(verdict.file),
        "manifest": None if verdict.manifest is None else str(verdict.manifest),
        "good": verdict.is_good,
        "rows": verdict.rows,
        "bad_rows": verdict.bad,
        "issues": [asdict(one) for one in verdict.issues],
    }


def _say(verdict: Verdict) -> None:
    rows = "" if verdict.rows is None else f", {counted(verdict.rows, 'row')}"
    if verdict.is_good:
        say(f"{paint('good', 'green')}   {printable(str(verdict.file))}{rows}")
        return
    bad = f", {verdict.bad} of them bad" if verdict.bad else ""
    say(f"{paint('wrong', 'red')}  {printable(str(verdict.file))}{rows}{bad}")
    for line in _lines(verdict):
        say(f"       {printable(line)}")


def _lines(verdict: Verdict) -> Iterator[str]:
    yield from (issue.words for issue in verdict.issues)
    named = len({one.row for one in verdict.issues if one.row is not None})
    if verdict.bad > named:
        yield f"and {counted(verdict.bad - named, 'bad row')} more"
    yield from dict.fromkeys(one.advice for one in verdict.issues if one.advice)
