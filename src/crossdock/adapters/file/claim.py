"""A file that was claimed, and what is written down about it while it is ours."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.manifest import Manifest
from crossdock.adapters.file.naming import hidden, manifest_of
from crossdock.durable_files import FileSystem, publish

NOTE_SUFFIX: Final = ".claim.json"
_REJECTED_SUFFIX: Final = ".rejected.jsonl"


@dataclass(slots=True)
class Claim:
    """A file that is ours.

    Attributes:
        folder: Where it is now, in ``claimed``.
        name: Of the data file.
        pair: A manifest belongs to it, right or wrong.
        manifest: None: it has none, or one that is wrong.
        fault: What is already known to be wrong.
        note: What we wrote down about it.
    """

    folder: Path
    name: str
    pair: bool = False
    manifest: Manifest | None = None
    fault: FileFault | None = None
    note: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The data file."""
        return self.folder / self.name

    @property
    def manifest_path(self) -> Path:
        """Its manifest, if it has one."""
        return self.folder / manifest_of(self.name)

    @property
    def note_path(self) -> Path:
        """What we wrote down about it, if anything."""
        return self.folder / f".{self.name}{NOTE_SUFFIX}"

    @property
    def rejected_path(self) -> Path:
        """Its rows that were set aside so far, if any."""
        return self.folder / f".{self.name}{_REJECTED_SUFFIX}"


def write_note(files: FileSystem, claim: Claim, note: dict[str, Any]) -> None:
    """Write something down about a claim; when this returns, it survives a power cut."""
    write_durably(files, claim.note_path, json.dumps(note).encode())
    claim.note = note


def read_note(claim: Claim) -> dict[str, Any]:
    """Return what was written down about a claim."""
    note: dict[str, Any] = json.loads(claim.note_path.read_bytes())
    return note


def write_durably(files: FileSystem, path: Path, content: bytes) -> None:
    """Write a file; it is there whole or not at all. One of that name is replaced."""
    part = path.with_name(hidden(path.name))
    with files.create(part) as file:
        file.write(content)
    publish(files, part, path)
