"""The files that archived messages go to: compressed JSON Lines, each with a manifest beside it.

The rename of the manifest is the commit point: a file without one is not there yet, whatever its size.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from crossdock.domain.archive import FILE_SUFFIX, FileFacts
from crossdock.domain.errors import StoreDamaged, StoreUnavailable
from crossdock.durable_files import FileSystem, publish
from crossdock.store.tables import SCHEMA_NUMBER

_CHUNK_BYTES: Final = 1024 * 1024
_LEVEL: Final = 6


class ArchiveFiles:
    """Writes files and reads them again.

    Args:
        files: The file system.
    """

    def __init__(self, files: FileSystem | None = None) -> None:
        self._files = files or FileSystem()

    def prepare(self, folder: str) -> str:
        """Make sure that the folder of all files is there; return its full path, for processes that run elsewhere.

        Raises:
            StoreUnavailable: It cannot be made.
        """
        path = Path(folder).absolute()
        try:
            self._files.make_folder(path)
        except OSError as error:
            raise StoreUnavailable(
                f"cannot make the folder {folder} for archived messages: {error.strerror}; they stay in the store"
            ) from error
        return str(path)

    def exists(self, folder: str, name: str) -> bool:
        """Tell whether anything stands under a name."""
        path = Path(folder) / name
        return path.exists() or _manifest_of(path).exists()

    def write(self, folder: str, name: str, lines: Iterable[bytes]) -> FileFacts:
        """Write a file, which does not count before it is confirmed; when this returns, it survives a power cut.

        Args:
            folder: Is made if it is missing.
            name: Ends in ``FILE_SUFFIX``; what an interrupted try left under it is replaced.
            lines: Each without its line feed; may raise, and then nothing is left.

        Raises:
            StoreUnavailable: The folder cannot be written.
        """
        path = Path(folder) / name
        try:
            self._files.make_folder(path.parent)
            rows = self._write_hidden(_hidden(path), lines)
            facts = FileFacts(rows, _hidden(path).stat().st_size, _checksum(_hidden(path)))
            publish(self._files, _hidden(path), path)
        except OSError as error:
            with suppress(OSError):
                self.discard(folder, name)
            raise StoreUnavailable(
                f"cannot write the archive file {path}: {error.strerror or error}; its messages stay in the store"
            ) from error
        return facts

    def confirm(self, folder: str, name: str, facts: FileFacts, *, created_at: str, created_by: str) -> None:
        """Write the manifest of a file, so that it counts; when this returns, that survives a power cut.

        Args:
            folder: Of the file.
            name: Of the file.
            facts: What ``write`` returned.
            created_at: RFC 3339.
            created_by: The process.

        Raises:
            StoreUnavailable: The folder cannot be written.
        """
        path = Path(folder) / name
        manifest = _manifest_of(path)
        hidden = _hidden_manifest(
            manifest, uuid.uuid4().hex
        )  # another host may be confirming it at this moment
        stated = {
            "filename": path.name,
            "created_at": created_at,
            "created_by": created_by,
            **facts._asdict(),
            "schema_version": SCHEMA_NUMBER,
        }
        try:
            with self._files.create(hidden) as file:
                file.write(json.dumps(stated, indent=2).encode() + b"\n")
            publish(self._files, hidden, manifest)
        except OSError as error:
            if not manifest.exists():
                raise StoreUnavailable(
                    f"cannot write the manifest {manifest}: {error.strerror or error}; until it can be, {path.name} "
                    f"does not count"
                ) from error
        self._remove_hidden(manifest)

    def discard(self, folder: str, name: str) -> None:
        """Remove what an interrupted try left; a file that has its manifest is left alone."""
        path = Path(folder) / name
        if not _manifest_of(path).exists():
            self._remove_hidden(_manifest_of(path))
            for left in (_hidden(path), path):
                self._files.remove(left)

    def facts(self, folder: str, name: str) -> FileFacts | None:
        """Return what the manifest of a file says, the file compared with it; None: it has no manifest.

        Raises:
            StoreDamaged: The file is not what its manifest says.
            StoreUnavailable: The folder is not there, or cannot be read.
        """
        path = Path(folder) / name
        try:
            _demand_folder(path)
            manifest = _manifest_of(path)
            if not manifest.exists():
                return None
            stated = json.loads(manifest.read_text(encoding="utf-8"))
            facts = FileFacts(stated["row_count"], stated["file_size"], stated["checksum"])
            if not _is_whole(path, facts):
                raise StoreDamaged(
                    f"{path} is not what its manifest says; put a good copy in its place. What was to be removed from "
                    f"the archive because it is in this file stays there"
                )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreUnavailable(
                f"cannot read {path} and its manifest: {error}; its messages stay in the store"
            ) from error
        return facts

    def holds(self, folder: str, name: str, facts: FileFacts) -> bool:
        """Tell whether a file is there, and whole, with a manifest or without.

        Raises:
            StoreUnavailable: The folder cannot be read.
        """
        path = Path(folder) / name
        try:
            return path.exists() and _is_whole(path, facts)
        except OSError as error:
            raise StoreUnavailable(f"cannot read {path}: {error.strerror or error}") from error

    def row_ids(self, folder: str, name: str) -> Iterator[int]:
        """Give the ids of the rows in a file."""
        with gzip.open(Path(folder) / name) as lines:
            for line in lines:
                yield json.loads(line)["id"]

    def _remove_hidden(self, manifest: Path) -> None:
        """Remove what interrupted tries to write a manifest left."""
        for left in manifest.parent.glob(_hidden_manifest(manifest, "*").name):
            self._files.remove(left)

    def _write_hidden(self, hidden: Path, lines: Iterable[bytes]) -> int:
        rows = 0
        with (
            self._files.create(hidden) as raw,
            gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=raw, mtime=0) as packed,
        ):
            for line in lines:
                packed.write(line + b"\n")
                rows += 1
        return rows


def _demand_folder(path: Path) -> None:
    """Make sure that the folder of all months is there: a file that is away with it must not count as never written."""
    if not path.parent.parent.is_dir():
        raise StoreUnavailable(
            f"{path.parent.parent}, where archived messages go, is not there; bring it back, for {path.name} may be in "
            f"it. Until then nothing more is written to files"
        )


def _is_whole(path: Path, facts: FileFacts) -> bool:
    return path.stat().st_size == facts.file_size and _checksum(path) == facts.checksum


def _hidden(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _hidden_manifest(manifest: Path, mark: str) -> Path:
    return manifest.with_name(f".{manifest.name}.{mark}.part")


def _manifest_of(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(FILE_SUFFIX) + ".meta.json")


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in _chunks(file):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
