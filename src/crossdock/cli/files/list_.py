"""``crossdock file list``: what lies in a tree of files, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.files.apps import exporters, importers
from crossdock.cli.files.group import app
from crossdock.cli.help import described
from crossdock.cli.human import count, listed, printable, size, span
from crossdock.cli.options import JsonOption, with_session
from crossdock.cli.refusal import Refusal
from crossdock.cli.session import Session
from crossdock.cli.terminal import Cell, Column, hint, say, say_json_lines, say_table

if TYPE_CHECKING:
    from crossdock.adapters.file.arrival import Watch
    from crossdock.adapters.file.listing import Entry
    from crossdock.adapters.file.tree import Tree

_STYLES: Final = {"waiting": "yellow", "set aside": "red", "rows set aside": "red", "duplicate": "dim"}


@dataclass(slots=True)
class Stages:
    """The stages of one root, each with what those look for who read it."""

    tree: Tree
    watches: dict[str, list[Watch]] = field(default_factory=dict)


@app.command(
    "list",
    **described(
        "crossdock file list",
        "crossdock file list data/imports",
        "crossdock file list --stage errors --limit 100 --json",
    ),
)
@with_session
def list_(
    session: Session,
    folder: Annotated[
        str | None,
        typer.Argument(
            metavar="[FOLDER]", help="A stage, or its root; all that the configuration names unless given."
        ),
    ] = None,
    *,
    stages: Annotated[
        list[str] | None,
        typer.Option("--stage", metavar="NAME", help="Only this, as imports or errors; repeated."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="COUNT", min=1, help="At most so many of each stage.")
    ] = 20,
    json: JsonOption = False,
) -> None:
    """List the files of each stage, the newest first, with their state and what is wrong with them.

    A stage is a folder of a root: those that apps read and write, and claimed, archive and errors. A file is ready when
    it is whole, its manifest included. --json prints JSON Lines with all there is to know.
    """
    trees = _trees(session, folder)
    _check_stages(stages or [], trees)
    for found in trees:
        entries, more = _entries(found, stages or [], limit)
        if json:
            say_json_lines(_document(found.tree, one) for one in entries)
            continue
        _print(found.tree, entries, more)


def _trees(session: Session, folder: str | None) -> list[Stages]:
    """Return the roots that are meant."""
    from crossdock.adapters.file.tree import OWN_FOLDERS, Tree

    known = _configured(session)
    if folder is None:
        if not known:
            raise Refusal("no app of the configuration exchanges files; name a folder", ExitCode.USAGE)
        return list(known.values())
    path = Path(folder).resolve()
    if path in known:
        return [known[path]]
    if not path.is_dir():
        raise Refusal(f"{folder} is not a folder", ExitCode.USAGE)
    own = OWN_FOLDERS.intersection(one.name for one in path.iterdir())
    root = path if own else path.parent
    found = known.get(root) or Stages(Tree(root=root, stage=path.name))
    for stage in [one.name for one in path.iterdir() if one.is_dir()] if own else [path.name]:
        if stage not in OWN_FOLDERS and not stage.startswith("."):
            found.watches.setdefault(stage, [])
    return [found]


def _check_stages(wanted: list[str], trees: list[Stages]) -> None:
    known = {stage for found in trees for stage, _ in _listed(found)}
    for stage in wanted:
        if stage not in known:
            raise Refusal(
                f"--stage: there is no stage {stage!r}; known are {listed(sorted(known))}", ExitCode.USAGE
            )


def _configured(session: Session) -> dict[Path, Stages]:
    """Return the trees that apps of the configuration read and write, by root."""
    found: dict[Path, Stages] = {}
    for one in importers(session):
        stages = found.setdefault(one.tree.root, Stages(one.tree))
        stages.watches.setdefault(one.tree.stage, []).append(one.rules.watch)
    for writer in exporters(session):
        found.setdefault(writer.tree.root, Stages(writer.tree)).watches.setdefault(writer.tree.stage, [])
    return found


def _entries(found: Stages, wanted: list[str], limit: int) -> tuple[list[Entry], list[str]]:
    """Return at most so many entries of each stage, and the stages that have more."""
    entries: list[Entry] = []
    more: list[str] = []
    for stage, lying in _listed(found):
        if not wanted or stage in wanted:
            some = list(islice(lying, limit + 1))
            entries += some[:limit]
            more += [stage] if len(some) > limit else []
    return entries, more


def _listed(found: Stages) -> Iterator[tuple[str, Iterator[Entry]]]:
    from dataclasses import replace

    from crossdock.adapters.file.listing import list_archive, list_claimed, list_errors, list_stage

    tree = found.tree
    for stage, watches in found.watches.items():
        yield stage, list_stage(replace(tree, stage=stage), watches)
    yield tree.claimed_name, list_claimed(tree)
    yield tree.archive_name, list_archive(tree)
    yield tree.errors_name, list_errors(tree)


def _document(tree: Tree, entry: Entry) -> dict[str, Any]:
    return {
        **asdict(entry),
        "root": str(tree.root),
        "since": entry.since.isoformat(),
    }


def _print(tree: Tree, entries: list[Entry], more: list[str]) -> None:
    columns = [Column("FILE"), Column("STATE"), Column("AGE", right=True), Column("ROWS", right=True)]
    columns += [Column("SIZE", right=True), Column("", shrinks=True)]
    say(f"{tree.root}:")
    say_table(columns, [_row(one) for one in entries], empty="nothing lies there")
    if more:
        hint(f"there are more in {', '.join(more)}: --limit")


def _row(entry: Entry) -> list[Cell | str]:
    from datetime import UTC, datetime

    return [
        printable(entry.file),
        Cell(entry.state, _STYLES.get(entry.state, "")),
        span(datetime.now(UTC) - entry.since),
        "" if entry.rows is None else count(entry.rows),
        "" if entry.size is None else size(entry.size),
        printable(entry.reason),
    ]
