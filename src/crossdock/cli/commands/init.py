"""``crossdock init``: a configuration with comments, a store, and a pair of apps to start from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli.help import described, new_command
from crossdock.cli.pairs import PAIRS, Pair, Start
from crossdock.cli.refusal import Refusal
from crossdock.cli.session import Session, shown_path
from crossdock.cli.terminal import hint, say
from crossdock.domain.errors import ConfigError

app = new_command()


@app.command(**described("crossdock init", "crossdock init orders", "crossdock init orders --from file"))
def init(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Made if it is not there; this folder unless given.", show_default=False
        ),
    ] = Path(),
    *,
    start: Annotated[
        Start | None,
        typer.Option(
            "--from",
            metavar="file|http|process|python",
            help="Write two apps, too, that work as they stand and are reached so.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make crossdock.toml, with every key explained, and the store it names.

    What is there already is kept: a second init changes nothing. With --from, a file that is there and is another one
    is refused, and nothing is written.
    """
    from crossdock.config.loading import FILE_NAME

    pair = None if start is None else PAIRS[start]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _write(directory, _wanted(FILE_NAME, pair), refuse_others=pair is not None)
        for folder in () if pair is None else pair.folders:
            (directory / folder).mkdir(parents=True, exist_ok=True)
        for name in () if pair is None else pair.secrets:
            _report(directory / name, made=_write_secret(directory / name))
    except OSError as error:
        raise Refusal(
            f"cannot make {error.filename} ({error.strerror}); name a folder in which this user may make files: "
            f"crossdock init DIR"
        ) from error
    session = Session(config=directory / FILE_NAME)
    is_new = not session.has_store()
    with session.open():
        _report(session.store_name if session.on_postgresql else session.store_path, made=is_new)
    _hint(_prefix(directory), pair)


def _wanted(file_name: str, pair: Pair | None) -> dict[str, str]:
    """Return the files that are to be there, by name."""
    from crossdock.config.template import TEMPLATE

    return {file_name: TEMPLATE} if pair is None else {file_name: TEMPLATE + pair.apps, **pair.files}


def _write(directory: Path, wanted: Mapping[str, str], *, refuse_others: bool) -> None:
    """Write the files that are not there.

    Raises:
        ConfigError: One is there and is another.
    """
    for name, text in wanted.items():
        file = directory / name
        if refuse_others and file.exists() and file.read_text(encoding="utf-8", errors="replace") != text:
            raise ConfigError(
                f"{shown_path(file.resolve())} is there already, and is another one than --from would write; nothing "
                f"was written. Name another folder: crossdock init DIR --from …"
            )
    for name, text in wanted.items():
        _report(directory / name, made=_write_new(directory / name, text))


def _write_new(file: Path, text: str) -> bool:
    """Write a file unless there is one; tell whether it was written."""
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        return False
    return True


def _write_secret(file: Path) -> bool:
    """Write a new secret of webhooks, for its owner alone, unless there is one; tell whether it was written."""
    from crossdock.domain.webhook import new_secret

    try:
        with open(file, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as target:
            target.write(f"{new_secret()}\n")
    except FileExistsError:
        return False
    return True


def _hint(prefix: str, pair: Pair | None) -> None:
    if pair is None:
        hint(f"""send a first message: {prefix}crossdock send demo '{{"hello": "world"}}'""")
        return
    hint(f"run it: {prefix}crossdock run")
    if pair.first_step:
        hint(f"give it something, in another terminal: {prefix}{pair.first_step}")
    hint(f"see what came of it: {prefix}{pair.outcome}")


def _report(place: Path | str, *, made: bool) -> None:
    name = place if isinstance(place, str) else shown_path(place.resolve())
    say(f"{'made' if made else 'kept'}  {name}")


def _prefix(directory: Path) -> str:
    return "" if directory.resolve() == Path.cwd() else f"cd {os.fspath(directory)} && "
