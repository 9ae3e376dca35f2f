"""``task-priority export``: writes the files that applications read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossdock.command import bundled, described, hint, new_command, say, say_json
from task_priority.cli.options import From, JsonOption
from task_priority.cli.session import Session

app = new_command()


@app.command(**described("task-priority export", "task-priority export --folder data/exports"))
@bundled
def export(
    *,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="FOLDER", help="Instead of the folder files of your home."),
    ] = None,
    json: JsonOption = False,
    given: From,
) -> None:
    """Write tasks, events and the ranked list to files, each with a manifest and a copy that is always the latest.

    A file of which nothing has changed since is not written again.
    """
    from task_priority.files import write_files

    session = Session()
    if not (given.ics or given.csv or given.sandbox):
        session.demand_connected()
    overview = session.overview(given)
    where = folder or session.home.files
    written = write_files(overview, where)
    if json:
        say_json([str(path) for path in written])
        return
    for path in written:
        say(str(path))
    if not written:
        hint(f"nothing has changed since the files in {where} were written")
