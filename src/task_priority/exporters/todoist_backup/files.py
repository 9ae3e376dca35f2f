"""Finds the exports in a path: a file, a zip archive of Todoist's backups, or a folder with any of these.

A folder of daily backups holds each project many times: the newest file of a project counts.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from crossdock import PermanentError, TransientError

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of one file, decompressed."""
_KINDS: Final = (".csv", ".json")
_ZIP: Final = ".zip"


class BadFile(Exception):
    """A file cannot be read; the text says why and what can be done."""


@dataclass(frozen=True, slots=True)
class Export:
    """One file of an export.

    Attributes:
        name: Of the project, or of the JSON backup; without the end that says what it is.
        is_json: Else it is CSV.
        place: Where it is, for people.
        written: Aware; the newest of those with one name counts.
        read: Reads it; raises BadFile.
    """

    name: str
    is_json: bool
    place: str
    written: datetime
    read: Callable[[], bytes]

    @property
    def scope(self) -> str:
        """Names what it is an export of; a JSON backup is one of the whole account."""
        return "backup" if self.is_json else f"project {self.name}"


def newest_of(exports: Iterable[Export]) -> dict[str, list[Export]]:
    """Return the exports of each project, and those of the whole account, the newest first."""
    by_scope: dict[str, list[Export]] = {}
    for export in sorted(exports, key=lambda one: (one.written, one.place), reverse=True):
        by_scope.setdefault(export.scope, []).append(export)
    return by_scope


def exports_in(path: Path) -> tuple[list[Export], list[tuple[str, str]]]:
    """Find the exports in a path.

    Returns:
        The exports in the order of their places, and files that cannot be opened: place and reason.

    Raises:
        PermanentError: There is nothing there that could be one.
        TransientError: The path cannot be looked at now.
    """
    found: list[Export] = []
    bad: list[tuple[str, str]] = []
    try:
        files = _files(path)
        for file in files:
            if file.suffix.lower() != _ZIP:
                found.append(_of_file(file))
                continue
            try:
                found += _of_archive(file)
            except (zipfile.BadZipFile, NotImplementedError) as error:
                bad.append((file.name, f"the archive cannot be opened: {error}; download it again"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PermanentError(
            f"{path}: there is no such file or folder; name another with `task-priority connect csv`"
        ) from error
    except OSError as error:
        raise TransientError(f"{path}: {error.strerror or error}") from error
    if not found and not bad:
        raise PermanentError(f"{path}: there is no .csv, .json or .zip of Todoist in it")
    return found, bad


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        path.stat()
        return [path]
    return sorted(file for file in path.rglob("*") if _is_one_of(file, (*_KINDS, _ZIP)) and file.is_file())


def _is_one_of(file: PurePath, kinds: Collection[str]) -> bool:
    """Tell whether a file ends as looked for, and is none that a system keeps for itself."""
    return file.suffix.lower() in kinds and not file.name.startswith(".")


def _of_file(file: Path) -> Export:
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC)

    def read() -> bytes:
        try:
            with file.open("rb") as stream:
                return _bounded(stream.read(MOST_BYTES + 1))
        except OSError as error:
            raise BadFile(error.strerror or str(error)) from error

    return Export(file.stem, file.suffix.lower() == ".json", file.name, written, read)


def _of_archive(file: Path) -> Iterator[Export]:
    with zipfile.ZipFile(file) as archive:
        members = [one for one in archive.infolist() if _is_one_of(PurePosixPath(one.filename), _KINDS)]
    for member in members:
        name = PurePosixPath(member.filename)
        place = f"{file.name}/{member.filename}"
        yield Export(
            name.stem, name.suffix.lower() == ".json", place, _written(member), _reader(file, member)
        )


def _written(member: zipfile.ZipInfo) -> datetime:
    try:
        return datetime(*member.date_time, tzinfo=UTC)
    except ValueError:  # some programs write no date
        return datetime.fromtimestamp(0, UTC)


def _reader(file: Path, member: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with zipfile.ZipFile(file) as archive, archive.open(member) as stream:
                return _bounded(stream.read(MOST_BYTES + 1))
        except (
            OSError,
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
            RuntimeError,
            EOFError,
        ) as error:
            raise BadFile(f"it cannot be unpacked: {error}") from error  # RuntimeError: it is encrypted

    return read


def _bounded(data: bytes) -> bytes:
    if len(data) > MOST_BYTES:
        raise BadFile(f"it has more than {MOST_BYTES} bytes")
    return data
