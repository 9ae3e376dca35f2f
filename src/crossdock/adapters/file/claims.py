"""Takes arrived files out of everybody's reach: the manifest first, for a pair is where its manifest is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from crossdock.adapters.file.arrival import Arrived, Watch
from crossdock.adapters.file.claim import Claim, write_note
from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.manifest import MAX_MANIFEST_BYTES, Manifest, parse_manifest
from crossdock.adapters.file.naming import manifest_of
from crossdock.adapters.file.tree import Tree, open_plain
from crossdock.domain.errors import InvalidMessage
from crossdock.durable_files import FileSystem

RELEASED: Final = ".released"
"""In a folder of claims: whoever made them lives, and has let go of them."""
OWNER: Final = ".owner"
"""In the folder of a process: its whole name."""


class Claims:
    """Claims files of a stage.

    Args:
        tree: Whose stage.
        watch: What is looked for.
        files: The file system.
        owner: This process, ``name/boot-id``.
        now: The present, by the clock that file systems use.
    """

    def __init__(
        self, tree: Tree, watch: Watch, *, files: FileSystem, owner: str, now: Callable[[], datetime]
    ) -> None:
        self._tree = tree
        self._watch = watch
        self._files = files
        self._owner = owner
        self._now = now
        self.own = tree.claimed(owner.rpartition("/")[2])

    def claim(self, arrived: Arrived) -> list[Claim]:
        """Claim what has arrived; returns nothing if it has not arrived after all, or someone else was quicker."""
        if self._watch.arrival != "manifest":
            return self._claim_alone(arrived) if arrived.is_as_before() else []
        path = arrived.folder / manifest_of(arrived.names[0])
        manifest, fault = read_manifest(path)
        name = arrived.names[0] if manifest is None else manifest.filename
        if name not in arrived.names or (manifest is None and (fault is None or not self._has_settled(path))):
            return []
        # The others first: without the manifest nobody would know any more that they are too many.
        others = [self._second(arrived.folder, other, name) for other in arrived.names if other != name]
        claim = Claim(self._folder_for(arrived.folder), name, pair=True, manifest=manifest, fault=fault)
        if fault is not None:
            write_note(self._files, claim, {"data": name})
        if not self.take(arrived.folder / manifest_of(name), claim.manifest_path):
            self._files.remove(claim.note_path)
            return others
        self.take(arrived.folder / name, claim.path)
        return [claim, *others]

    def take(self, source: Path, target: Path) -> bool:
        """Rename a file into a folder of claims; returns False if it is not there any more."""
        try:
            self._files.rename_new(source, target)
        except FileNotFoundError:
            return False
        return True

    @property
    def pairs(self) -> bool:
        """Whether files come with manifests."""
        return self._watch.arrival == "manifest"

    def remove_marker(self, source: Path, name: str) -> None:
        """Remove the done marker of a file that is claimed."""
        if self._watch.arrival == "done-marker":
            self._files.remove(source / f"{name}{self._watch.marker}")

    def _claim_alone(self, arrived: Arrived) -> list[Claim]:
        source, name = arrived.folder, arrived.names[0]
        claim = Claim(self._folder_for(source), name)
        if not self.take(source / name, claim.path):
            return []
        self.remove_marker(source, name)
        return [claim]

    def _second(self, source: Path, name: str, first: str) -> Claim:
        """Claim another data file that has the manifest's stem."""
        claim = Claim(self._folder_for(source), name, fault=second_fault(name, first))
        write_note(self._files, claim, {"second_to": first})
        self.take(source / name, claim.path)
        return claim

    def _has_settled(self, path: Path) -> bool:
        """Tell whether nobody can be writing a file any more, one hopes."""
        try:
            written = path.lstat().st_mtime
        except FileNotFoundError:
            return False
        return self._now().timestamp() - written >= self._watch.settle.total_seconds()

    def _folder_for(self, source: Path) -> Path:
        """Return the folder of claims for what lies in a folder of the stage."""
        folder = self.own / source.relative_to(self._tree.root)
        self._files.make_folder(folder)
        if not (self.own / OWNER).exists():
            with self._files.create(self.own / OWNER) as file:
                file.write(self._owner.encode())
        self._files.remove(self.own / self._tree.stage / RELEASED)
        return folder


def read_manifest(path: Path) -> tuple[Manifest | None, FileFault | None]:
    """Read a manifest, or say what is wrong with it; neither: it is not there."""
    try:
        with open_plain(path) as file:
            return parse_manifest(file.read(MAX_MANIFEST_BYTES + 1), path.name), None
    except FileNotFoundError:
        return None, None
    except PermissionError as error:
        return None, _manifest_fault(path, f"it cannot be read: {error.strerror}")
    except InvalidMessage as error:
        return None, _manifest_fault(path, str(error).removeprefix(f"{path.name}: "))


def second_fault(name: str, first: str) -> FileFault:
    """Return what is wrong with a data file whose stem another has."""
    return FileFault(
        "stem",
        f"{name!r} has the same stem as {first!r}, and one stem is one file",
        expected="a stem of its own",
        given=name,
        advice="give it another name and a manifest of its own, and put it back",
    )


def _manifest_fault(path: Path, issue: str) -> FileFault:
    return FileFault(
        "manifest",
        f"{path.name}: {issue}",
        expected="a manifest as docs/reference/manifest.schema.json describes it",
        advice="write the manifest anew, under a hidden name that is changed at the end, and put both files back",
    )
