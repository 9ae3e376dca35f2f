"""What lies in a tree: the pairs of each stage, with what is known of them. Only looks."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from crossdock.adapters.file.arrival import Lookout, Watch
from crossdock.adapters.file.claims import read_manifest
from crossdock.adapters.file.fates import (
    Fate,
    fate_in_archive,
    fate_in_errors,
    first_rejected,
    place_of_error,
)
from crossdock.adapters.file.manifest import Manifest
from crossdock.adapters.file.naming import ERROR_SUFFIX, MANIFEST_SUFFIX, is_data, manifest_of
from crossdock.adapters.file.recovery import owner_of
from crossdock.adapters.file.tree import Tree
from crossdock.config.values import format_duration

_REJECTED_SUFFIX: Final = "_rejected.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of a tree.

    Attributes:
        stage: The name of the folder of the root.
        file: Its path from the root.
        state: ``ready``, ``waiting`` (not whole yet), ``claimed``, ``taken``, ``duplicate``, ``set aside``, or
            ``rows set aside``.
        since: When its manifest was put there, or it itself.
        rows: None: nobody counted.
        size: Bytes; None: it is not there.
        reason: What it waits for, who has it, or what is wrong with it.
    """

    stage: str
    file: str
    state: str
    since: datetime
    rows: int | None = None
    size: int | None = None
    reason: str = ""


def list_stage(tree: Tree, watches: Iterable[Watch]) -> Iterator[Entry]:
    """Give what lies in the stage of a tree, the newest first.

    Args:
        tree: Whose stage.
        watches: What those who read it look for there; none: for pairs.
    """
    found: dict[str, Entry] = {}
    for watch in list(watches) or [Watch()]:
        lookout = Lookout(tree, watch, elapsed=lambda: 0.0, stuck=lambda _path, _wants: None)
        with suppress(FileNotFoundError):
            for arrived in lookout.look():
                for path in arrived.paths:
                    found.setdefault(str(path), _lying(tree, path, "ready", ""))
            incomplete = dict(lookout.incomplete) | dict.fromkeys(lookout.settling, "")
            for path, wants in incomplete.items():
                reason = (
                    f"it waits for {wants}"
                    if wants
                    else f"ready when it is unchanged for {format_duration(watch.settle)}"
                )
                with suppress(FileNotFoundError):
                    found.setdefault(str(path), _lying(tree, path, "waiting", reason))
    yield from sorted(found.values(), key=lambda one: one.since, reverse=True)


def list_claimed(tree: Tree) -> Iterator[Entry]:
    """Give what processes of any stage are taking."""
    for process in _newest(tree.claims):
        owner = owner_of(process)
        for folder, _, names in os.walk(process):
            there = {name for name in names if is_data(name)}
            stems = {manifest_of(name) for name in there}
            lone = {name for name in names if name.endswith(MANIFEST_SUFFIX) and name[0] != "."} - stems
            for name in sorted(there | lone):
                with suppress(FileNotFoundError):
                    yield _lying(tree, Path(folder) / name, "claimed", f"by {owner}")


def list_archive(tree: Tree) -> Iterator[Entry]:
    """Give what was taken, the newest first."""
    for month in _newest(tree.root / tree.archive_name):
        for path in _newest(month, MANIFEST_SUFFIX):
            with suppress(LookupError, TypeError, ValueError, AttributeError, OSError):
                fate = _fate_of_archived(tree, path, json.loads(path.read_bytes()))
                yield _of_fate(tree, tree.archive_name, fate, path, _set_aside(fate))


def list_errors(tree: Tree) -> Iterator[Entry]:
    """Give what was set aside, files and rows, the newest first."""
    for day in _newest(tree.root / tree.errors_name):
        for path in _newest(day, (ERROR_SUFFIX, _REJECTED_SUFFIX)):
            with suppress(LookupError, TypeError, ValueError, AttributeError, OSError):
                if path.name.endswith(_REJECTED_SUFFIX):
                    yield _rejected(tree, path)
                else:
                    fate = _fate_of_error(tree, path, json.loads(path.read_bytes()))
                    yield _of_fate(tree, tree.errors_name, fate, path)


def fates(tree: Tree, names: Collection[str], since: datetime) -> list[Fate]:
    """Return what became of files of a stage since a moment, whoever took them."""
    found: list[Fate] = []
    for listed, document_of, fate_in in (
        (_newest(tree.root / tree.archive_name), MANIFEST_SUFFIX, _fate_of_archived),
        (_newest(tree.root / tree.errors_name), ERROR_SUFFIX, _fate_of_error),
    ):
        for folder in listed:
            for path in _newest(folder, document_of):
                with suppress(LookupError, TypeError, ValueError, AttributeError, OSError):
                    if datetime.fromtimestamp(path.lstat().st_mtime, UTC) < since:
                        break
                    fate = fate_in(tree, path, json.loads(path.read_bytes()))
                    if fate.name in names and fate.stage == tree.stage:
                        found.append(fate)
    return found


def _fate_of_archived(tree: Tree, path: Path, document: Mapping[str, Any]) -> Fate:
    return fate_in_archive(tree.root, tree.relative(path.with_name(str(document["filename"]))), document)


def _fate_of_error(tree: Tree, path: Path, report: Mapping[str, Any]) -> Fate:
    return fate_in_errors(tree.relative(place_of_error(path, report)), report)


def _lying(tree: Tree, path: Path, state: str, reason: str) -> Entry:
    """Return a file that nothing has become of yet."""
    manifest: Manifest | None = None
    beside = path.with_name(manifest_of(path.name))
    if is_data(path.name):
        manifest, fault = read_manifest(beside)
        if fault is not None and not reason:
            reason = f"{fault.check}: {fault.issue}"
    at = beside if manifest is not None else path
    return Entry(
        stage=tree.relative(path).partition("/")[0],
        file=tree.relative(path),
        state=state,
        since=_time(at),
        rows=None if manifest is None else manifest.row_count,
        size=_size(path),
        reason=reason,
    )


def _rejected(tree: Tree, path: Path) -> Entry:
    with path.open("rb") as file:
        rows = sum(1 for _ in file)
    return Entry(
        stage=tree.errors_name,
        file=tree.relative(path),
        state="rows set aside",
        since=_time(path),
        rows=rows,
        size=_size(path),
        reason=first_rejected(path),
    )


def _of_fate(tree: Tree, stage: str, fate: Fate, path: Path, more: str = "") -> Entry:
    return Entry(
        stage=stage,
        file=fate.place,
        state=fate.state,
        since=fate.at or _time(path),
        rows=fate.rows,
        size=_size(tree.root / fate.place),
        reason="; ".join(filter(None, [more, fate.reason])),
    )


def _set_aside(fate: Fate) -> str:
    return f"{fate.set_aside} of its rows set aside, see {fate.rejected}" if fate.set_aside else ""


def _newest(folder: Path, ends: str | tuple[str, ...] = "") -> Iterator[Path]:
    """Give what is in a folder: subfolders by name, or the files whose names end so by time; the newest first."""
    try:
        with os.scandir(folder) as entries:
            if not ends:
                names = [one.name for one in entries if one.is_dir(follow_symlinks=False)]
                yield from (folder / name for name in sorted(names, reverse=True))
                return
            files = [
                (one.stat(follow_symlinks=False).st_mtime_ns, one.name)
                for one in entries
                if one.name.endswith(ends) and one.name[0] != "." and one.is_file(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return
    yield from (folder / name for _, name in sorted(files, reverse=True))


def _time(path: Path) -> datetime:
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC)


def _size(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return None
