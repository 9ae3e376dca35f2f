"""``crossdock init``: a configuration with comments, and a store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli.help import described, new_command
from crossdock.cli.session import Session, shown_path
from crossdock.cli.terminal import hint, say

app = new_command()


@app.command(**described("crossdock init", "crossdock init orders"))
def init(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Made if it is not there; this folder unless given.", show_default=False
        ),
    ] = Path(),
) -> None:
    """Make crossdock.toml, with every key explained, and the store it names.

    What is there already is kept: a second init changes nothing.
    """
    from crossdock.config.loading import FILE_NAME

    directory.mkdir(parents=True, exist_ok=True)
    file = directory / FILE_NAME
    _report(file, made=_write_template(file))
    session = Session(config=file)
    is_new = not session.has_store()
    with session.open():
        _report(session.store_name if session.on_postgresql else session.store_path, made=is_new)
    hint(f"""send a first message: {_prefix(directory)}crossdock send demo '{{"hello": "world"}}'""")


def _write_template(file: Path) -> bool:
    """Write the configuration unless there is one; tell whether it was written."""
    from crossdock.config.template import TEMPLATE

    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(TEMPLATE)
    except FileExistsError:
        return False
    return True


def _report(place: Path | str, *, made: bool) -> None:
    name = place if isinstance(place, str) else shown_path(place.resolve())
    say(f"{'made' if made else 'kept'}  {name}")


def _prefix(directory: Path) -> str:
    return "" if directory.resolve() == Path.cwd() else f"cd {os.fspath(directory)} && "
