"""Sends a file again: one of the archive as another, one of the errors as the same."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from crossdock.adapters.file.checking import Facts, check
from crossdock.adapters.file.claim import write_durably
from crossdock.adapters.file.departures import TAKEN
from crossdock.adapters.file.fates import Fate, fate_in_archive, fate_in_errors, place_of_error
from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.manifest import MAX_MANIFEST_BYTES, Manifest, parse_manifest
from crossdock.adapters.file.naming import ERROR_SUFFIX, MANIFEST_SUFFIX, manifest_of, stem_of
from crossdock.adapters.file.origins import REPLAY_OF, Origins
from crossdock.adapters.file.placing import Placing, manifest_bytes
from crossdock.adapters.file.taking import Rules
from crossdock.adapters.file.tree import Tree, open_plain
from crossdock.domain.errors import InvalidMessage
from crossdock.durable_files import FileSystem

REPLAYED: Final = "replayed"
"""The key in ``taken`` of an archived manifest under which we say when the file was sent again."""

MENDED: Final = "mend the file, and say --mended, so that its manifest is made anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What is to be sent again.

    Attributes:
        place: The data file, in the archive or among the errors.
        fate: What became of it.
        document: The archived manifest, or the report of errors.
    """

    place: Path
    fate: Fate
    document: Mapping[str, Any]

    @property
    def is_archived(self) -> bool:
        """Whether it lies in the archive."""
        return TAKEN in self.document


def find_replay(path: Path) -> Replay:
    """Find what became of a file in an archive or among errors.

    Args:
        path: The data file, or what lies beside it: its manifest, its report.

    Raises:
        FileFault: Nothing tells: it is no file of an archive or of errors.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - links are not followed
    stem = next(
        (path.name.removesuffix(end) for end in (MANIFEST_SUFFIX, ERROR_SUFFIX) if path.name.endswith(end)),
        stem_of(path.name),
    )
    root = path.parent.parent.parent
    manifest, report = path.with_name(stem + MANIFEST_SUFFIX), path.with_name(stem + ERROR_SUFFIX)
    for found, read in ((report, _read_report), (manifest, _read_archived)):
        document = _document(found)
        if document is not None:
            with suppress(LookupError, TypeError, ValueError, AttributeError):
                return read(root, found, document)
    raise FileFault(
        "place",
        f"{path} is no file of an archive or of errors: nothing beside it says what became of it",
        expected="a file whose manifest has 'taken', or that has an .error.json",
    )


def _read_report(root: Path, report: Path, document: Mapping[str, Any]) -> Replay:
    place = place_of_error(report, document)
    fate = fate_in_errors(place.relative_to(root).as_posix(), document)
    return Replay(place=place, fate=fate, document=document)


def _read_archived(root: Path, manifest: Path, document: Mapping[str, Any]) -> Replay:
    place = manifest.with_name(str(document["filename"]))
    fate = fate_in_archive(root, place.relative_to(root).as_posix(), document)
    return Replay(place=place, fate=fate, document=document)


class Replaying:
    """Puts files back to where they were taken from.

    Args:
        tree: Of the stage from which they were taken.
        rules: How they are taken there.
        files: The file system.
        now: The present.
        copied: Is told how many bytes were copied.
    """

    def __init__(
        self,
        tree: Tree,
        rules: Rules,
        files: FileSystem,
        *,
        now: Callable[[], datetime],
        copied: Callable[[int], object] = lambda _count: None,
    ) -> None:
        self._tree = tree
        self._rules = rules
        self._files = files
        self._now = now
        self._pairs = rules.watch.arrival == "manifest"
        self._origins = Origins(tree, files)
        self._placing = Placing(tree, rules.watch, files, copied=copied)

    def put_copy(self, replay: Replay) -> Path:
        """Put a copy of an archived file back as a new one, of which all rows are sent; return where it is.

        The archived manifest tells of it from then on.

        Raises:
            FileFault: It is no longer what its manifest says, or another has its name in the stage.
        """
        now = self._now()
        manifest = {key: value for key, value in replay.document.items() if key != TAKEN}
        manifest |= {"filename": replay.fate.name, "created_at": now.isoformat()}
        origin = self._origin(replay, str(replay.document["created_at"]))
        manifest[REPLAY_OF] = origin
        written_ns = int(now.timestamp() * 1e9)
        if not self._pairs:
            self._placing.check(replay.fate.name)
            size = replay.place.stat().st_size
            self._origins.note(replay.fate.name, origin, size=size, written_ns=written_ns)
        target = self._placing.copy(
            replay.place,
            replay.fate.name,
            manifest if self._pairs else None,
            written_ns=written_ns,
        )
        taken = dict(replay.document[TAKEN])
        taken[REPLAYED] = [*taken.get(REPLAYED, ()), now.isoformat()]
        archived = replay.place.with_name(manifest_of(replay.place.name))
        write_durably(self._files, archived, manifest_bytes({**replay.document, TAKEN: taken}))
        return target

    def put_back(self, replay: Replay) -> Path:
        """Put a file of the errors itself back, as the one that it was; return where it is.

        Rows of it that were sent before are not sent again. A kill on the way is made good by doing it again.

        Raises:
            FileFault: It would be set aside again, or another has its name in the stage.
        """
        if not self._pairs:
            self._demand_good(replay, None)
            return self._move(replay)
        content = _content(_beside(replay)) or b""
        self._demand_good(replay, self._manifest(replay, content))
        said = json.loads(content)
        said[REPLAY_OF] = self._origin(replay, said["created_at"])
        write_durably(self._files, _beside(replay), manifest_bytes(said))
        return self._move(replay)

    def put_mended(self, replay: Replay) -> Path:
        """Put a file of the errors back that was altered: its manifest is made anew, and all of its rows are sent.

        Raises:
            FileFault: As ``put_back``.
        """
        facts = self._demand_good(replay, None)
        if self._pairs:
            try:
                old = parse_manifest(_content(_beside(replay)) or b"", manifest_of(replay.fate.name))
            except InvalidMessage:
                old = None
            now = self._now()
            manifest = Manifest.model_construct(
                filename=replay.fate.name,
                created_at=now,
                created_by=old and old.created_by,
                row_count=facts.rows,
                file_size=facts.state.size,
                checksum=facts.checksum,
                schema_version=old and old.schema_version,
                next_app=old and old.next_app,
            )
            said = json.loads(manifest.to_bytes())
            said[REPLAY_OF] = self._origin(replay, None if old is None else old.created_at.isoformat())
            write_durably(self._files, _beside(replay), manifest_bytes(said))
        return self._move(replay)

    def _manifest(self, replay: Replay, content: bytes) -> Manifest:
        try:
            return parse_manifest(content, manifest_of(replay.fate.name))
        except InvalidMessage as error:
            raise FileFault("manifest", str(error), advice=MENDED) from error

    def _demand_good(self, replay: Replay, manifest: Manifest | None) -> Facts:
        """Make sure that a file would not be set aside at once."""
        name = replay.fate.name
        there = self._tree.stage_folder / name
        begun = os.path.lexists(there) and not os.path.lexists(replay.place)
        if self._rules.schemas is not None and manifest is not None:
            self._rules.schemas.of(manifest.schema_version)
        return check(there if begun else replay.place, manifest, self._rules.reading, go_on=lambda: True)

    def _move(self, replay: Replay) -> Path:
        """Move a file and its manifest into the stage, the manifest last."""
        name = replay.fate.name
        target = self._tree.stage_folder / name
        if os.path.lexists(replay.place) or not os.path.lexists(target):
            self._placing.check(name)
            if not self._pairs:
                self._note(replay)
            self._placing.rename(replay.place, name)
        if self._pairs:
            self._placing.rename(_beside(replay), manifest_of(name))
        else:
            self._placing.mark(name)
        self._files.remove(replay.place.with_name(stem_of(replay.place.name) + ERROR_SUFFIX))
        return target

    def _note(self, replay: Replay) -> None:
        """Write down what a file was that has no manifest; a rename does not change its size and time."""
        with suppress(FileNotFoundError):  # which the rename tells
            found = replay.place.lstat()
            origin = self._origin(replay, None)
            self._origins.note(replay.fate.name, origin, size=found.st_size, written_ns=found.st_mtime_ns)

    def _origin(self, replay: Replay, created_at: str | None) -> dict[str, Any]:
        return {"file": replay.fate.place, "created_at": created_at, "at": self._now().isoformat()}


def _beside(replay: Replay) -> Path:
    return replay.place.with_name(manifest_of(replay.place.name))


def _content(path: Path) -> bytes | None:
    """Return a small file; None: it is not there, or no plain file."""
    with suppress(OSError, InvalidMessage), open_plain(path) as file:
        return file.read(MAX_MANIFEST_BYTES + 1)
    return None


def _document(path: Path) -> Mapping[str, Any] | None:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        return found if isinstance(found, dict) else None
    return None
