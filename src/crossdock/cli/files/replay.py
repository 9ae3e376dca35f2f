"""``crossdock file replay``: sends a file of the archive, or one that was set aside, again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli import inputs
from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.files.apps import Importer, importer_named, importer_of
from crossdock.cli.files.group import app
from crossdock.cli.help import described
from crossdock.cli.human import printable
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.refusal import Refusal
from crossdock.cli.session import Session
from crossdock.cli.terminal import flush, progress, say, say_json_lines, tell

if TYPE_CHECKING:
    from crossdock.adapters.file.replaying import Replay, Replaying


@app.command(
    **described(
        "crossdock file replay data/archive/2025-11/sales_001.csv",
        "crossdock file replay data/errors/2025-11-24/sales_002.csv",
        "crossdock file replay data/errors/2025-11-24/sales_002.csv --mended",
    )
)
@with_session
def replay(
    session: Session,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Data files, their manifests, or their .error.json, in an archive or among errors.",
        ),
    ],
    *,
    importer: Annotated[
        str | None,
        typer.Option(
            "--app", metavar="APP", help="Who is to take it; else the app whose folder it came from."
        ),
    ] = None,
    mended: Annotated[
        bool,
        typer.Option("--mended", help="They were altered: make their manifests anew, and send all rows."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Put files back where they were taken from, so that they are sent again: by a running hub, or by 'file take'.

    Of a file of the archive a copy is taken, as a new file: all its rows are sent again, under new ids. A file that was
    set aside is put back itself: rows of it that were sent are not sent again, unless it was mended. Its manifest says
    from then on what it was, and whoever takes it tells so (file.replayed).
    """
    for file in files:
        found = _found(file)
        who = _importer(session, found, importer)
        target = _put(found, who, mended=mended)
        if json:
            say_json_lines([{"file": str(target), "app": who.app, "from": found.fate.place}])
        else:
            say(printable(str(target)))
        flush()
        tell(f"'{who.app}' takes it when it runs, or now: crossdock file take {who.app}")


def _found(file: Path) -> Replay:
    from crossdock.adapters.file.fault import FileFault
    from crossdock.adapters.file.replaying import find_replay

    try:
        return find_replay(file)
    except FileFault:
        if os.path.lexists(file):
            raise
        raise inputs.unreadable(file, FileNotFoundError()) from None


def _importer(session: Session, found: Replay, name: str | None) -> Importer:
    if name is not None:
        return importer_named(session, name)
    who = importer_of(session, found.place, found.fate.stage)
    if who is None:
        raise Refusal(
            f"no app takes files from {found.fate.stage!r} beside {found.place.parent.parent}; say which is to take "
            f"it: --app",
            ExitCode.CONFIG,
        )
    return who


def _put(found: Replay, who: Importer, *, mended: bool) -> Path:
    if not found.is_archived:
        replaying = _replaying(who)
        return replaying.put_mended(found) if mended else replaying.put_back(found)
    if mended:
        raise Refusal(
            f"{found.place} is in the archive, which is not to be altered; mend a copy of it, and take that: "
            f"crossdock file take {who.app} FILE",
            ExitCode.USAGE,
        )
    total = found.place.stat().st_size if found.place.exists() else None
    with progress(f"copying {found.place.name}", total) as copied:
        return _replaying(who, copied=copied).put_copy(found)


def _replaying(who: Importer, **options: object) -> Replaying:
    from datetime import UTC, datetime

    from crossdock.adapters.file.replaying import Replaying
    from crossdock.durable_files import FileSystem

    return Replaying(who.tree, who.rules, FileSystem(), now=lambda: datetime.now(UTC), **options)  # type: ignore[arg-type]
