"""Puts a file into a stage as a careful program does: whole or not there, and never over another."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from crossdock.adapters.file.arrival import Watch
from crossdock.adapters.file.checking import instant
from crossdock.adapters.file.departures import SHARED_MODE
from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.naming import check_name, hidden, is_data, manifest_of
from crossdock.adapters.file.tree import Tree, demand_inside, open_plain
from crossdock.durable_files import FileSystem

_MODE: Final = 0o640
_BLOCK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Copied:
    """What is known of a file once it is copied.

    Attributes:
        written_ns: When it was written, in nanoseconds of Unix time.
    """

    name: str
    size: int
    checksum: str
    written_ns: int


Manifest: TypeAlias = Mapping[str, Any] | bytes | Callable[[Copied], Mapping[str, Any]]
"""A document, its bytes, or what makes it of what was copied."""


class Placing:
    """Puts files into a stage, each with what shows there that it is whole.

    Args:
        tree: Whose stage.
        watch: How one knows there that a file is whole.
        files: The file system.
        copied: Is told how many bytes were copied.
    """

    def __init__(
        self,
        tree: Tree,
        watch: Watch,
        files: FileSystem,
        *,
        copied: Callable[[int], object] = lambda _count: None,
    ) -> None:
        self._tree = tree
        self._watch = watch
        self._files = files
        self._copied = copied

    def check(self, name: str) -> None:
        """Make sure that a file can have a name in the stage.

        Raises:
            FileFault: It is no name, is not looked for there, or something has it or its stem already.
            NotConnected: The root is not there.
        """
        check_name(name)
        if not self._watch.means(name):
            raise FileFault(
                "name", f"{name!r} is not among the files that are taken here ({self._watch.pattern})"
            )
        demand_inside(self._tree, self._tree.root)
        if not self._tree.stage_folder.is_dir():
            self._files.make_folder(self._tree.stage_folder, SHARED_MODE)
        demand_inside(self._tree, self._tree.stage_folder)
        stem = manifest_of(name)
        for other in os.listdir(self._tree.stage_folder):
            if other == stem or (is_data(other) and manifest_of(other) == stem):
                raise self._in_the_way(other)

    def copy(
        self,
        source: Path,
        name: str,
        manifest: Manifest | None,
        *,
        written_ns: int | None = None,
    ) -> Path:
        """Put a copy of a file there, and return it.

        Args:
            source: The file.
            name: Of the copy.
            manifest: Of the copy. If it is a document, its checksum must be that of the file. None: it has none.
            written_ns: When the copy was written, as far as its time tells; None: when the file was.

        Raises:
            FileFault: As ``check``; or the file is another than the manifest says.
        """
        self.check(name)
        part = self._tree.stage_folder / hidden(name)
        try:
            copied = self._write(source, part, name, written_ns)
            if isinstance(manifest, Mapping) and manifest["checksum"] != copied.checksum:
                raise FileFault(
                    "checksum",
                    f"{source.name} is {copied.checksum}, and its manifest says {manifest['checksum']}",
                )
            self.rename(part, name)
        finally:
            self._files.remove(part)
        if manifest is None:
            self.mark(name)
        else:
            document = manifest(copied) if callable(manifest) else manifest
            content = document if isinstance(document, bytes) else manifest_bytes(document)
            self._publish(manifest_of(name), content)
        return self._tree.stage_folder / name

    def rename(self, source: Path, name: str) -> None:
        """Move a file into the stage.

        Raises:
            FileFault: It is not there, or something has its name in the stage.
        """
        target = self._tree.stage_folder / name
        try:
            self._files.rename_new(source, target)
        except FileExistsError as error:
            raise self._in_the_way(name) from error
        except FileNotFoundError as error:
            raise FileFault("present", f"{source} is gone") from error
        self._files.sync(target.parent)

    def mark(self, name: str) -> None:
        """Show that a file is whole, where a marker says so."""
        if self._watch.arrival == "done-marker":
            self._publish(name + self._watch.marker, b"")

    def _write(self, source: Path, part: Path, name: str, written_ns: int | None) -> Copied:
        """Copy a file under a hidden name."""
        digest, size = hashlib.sha256(), 0
        self._files.remove(part)
        with open_plain(source) as original, self._files.create_new(part, _MODE) as copy:
            while block := original.read(_BLOCK):
                digest.update(block)
                size += len(block)
                copy.write(block)
                self._copied(len(block))
            copy.flush()
            at_ns = os.fstat(original.fileno()).st_mtime_ns if written_ns is None else written_ns
            os.utime(copy.fileno(), ns=(at_ns, at_ns))
        self._files.sync(part)
        return Copied(name, size, f"sha256:{digest.hexdigest()}", at_ns)

    def _publish(self, name: str, content: bytes) -> None:
        part = self._tree.stage_folder / hidden(name)
        self._files.remove(part)
        with self._files.create_new(part, _MODE) as file:
            file.write(content)
        self._files.sync(part)
        try:
            self.rename(part, name)
        finally:
            self._files.remove(part)

    def _in_the_way(self, name: str) -> FileFault:
        return FileFault(
            "name",
            f"{self._tree.relative(self._tree.stage_folder / name)} is there already; let it be taken first",
        )


def manifest_bytes(document: Mapping[str, Any]) -> bytes:
    """Write a manifest."""
    return json.dumps(document, indent=2, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"


def manifest_for(copied: Copied) -> dict[str, Any]:
    """Return a manifest for a file that has none: the same each time, as long as the file is."""
    return {
        "filename": copied.name,
        "created_at": instant(copied.written_ns).isoformat(),
        "created_by": None,
        "row_count": None,
        "file_size": copied.size,
        "checksum": copied.checksum,
        "schema_version": None,
        "next_app": None,
    }


def place_copy(
    file: Path, tree: Tree, watch: Watch, *, copied: Callable[[int], object] = lambda _count: None
) -> Path:
    """Put a copy of a file from elsewhere into a stage, with the manifest beside it or, if there is none, a new one.

    The same file again is a duplicate: without a manifest of its own its time stands for when it was made.

    Raises:
        FileFault: As ``Placing.check``. OSError: It cannot be read. InvalidMessage: it is no plain file.
    """
    manifest: Manifest | None = None
    if watch.arrival == "manifest":
        beside = file.with_name(manifest_of(file.name))
        manifest = beside.read_bytes() if beside.is_file() else manifest_for
    return Placing(tree, watch, FileSystem(), copied=copied).copy(file, file.name, manifest)
