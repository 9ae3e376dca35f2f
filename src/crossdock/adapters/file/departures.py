"""Moves what was claimed to where it stays: the archive, or errors. A kill at any moment is made good later.

What is to happen is written down first, then done; whoever finds the note does it again, and each step that was done
already is passed over. The manifest is renamed last: until then the file counts as claimed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypedDict

from crossdock.adapters.file.claim import Claim, write_durably, write_note
from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.naming import ERROR_SUFFIX, manifest_of, stem_of
from crossdock.adapters.file.tree import Tree, demand_inside
from crossdock.durable_files import FileSystem

SHARED_MODE: Final = 0o755
"""Of folders that people look into."""
TAKEN: Final = "taken"
"""The key of an archived manifest under which we say what became of the file."""


class Leaving(TypedDict):
    """What is to happen, as it is noted; folders and paths count from the root.

    Attributes:
        to: The folder.
        name: Of the data file there.
        was: Names that it was given before someone else took them.
        mark: Some letters that belong to the file alone, for a name if its own is taken.
        pair: Its manifest goes with it.
        manifest: What its manifest is to say; None: what it says.
        error: What ``.error.json`` is to say, if there is to be one.
        rejected: Where its rows go that were set aside.
    """

    to: str
    name: str
    was: list[str]
    mark: str
    pair: bool
    manifest: dict[str, Any] | None
    error: dict[str, Any] | None
    rejected: str


class Departures:
    """Ends claims.

    Args:
        tree: Where they go.
        files: The file system.
        now: The present.
        ended: Is told what was done, after each.
    """

    def __init__(
        self,
        tree: Tree,
        *,
        files: FileSystem,
        now: Callable[[], datetime],
        ended: Callable[[str, Leaving], object] | None = None,
    ) -> None:
        self._tree = tree
        self._files = files
        self._now = now
        self._ended = ended

    def path_of(self, place: str) -> Path:
        """Return the path of what a document names, which counts from the root."""
        return self._tree.root / place

    def archive(self, claim: Claim, manifest: dict[str, Any], *, mark: str) -> Leaving:
        """Move a file to the archive, with a manifest that says this, and return what was done."""
        return self._leave(claim, self._tree.archive(self._now().date()), mark, manifest=manifest)

    def set_aside(self, claim: Claim, fault: FileFault, facts: dict[str, Any], *, mark: str) -> Leaving:
        """Move a file to the errors, with an ``.error.json`` that says why, and return what was done."""
        now = self._now()
        document = {"filename": claim.name, "stage": self._tree.stage, "failed_at": now.isoformat()}
        document |= fault.document() | facts
        return self._leave(claim, self._tree.errors(now.date()), mark, error=document)

    def finish(self, claim: Claim) -> Leaving:
        """Do what the note of a claim says, from wherever it stopped."""
        while True:
            leaving: Leaving = claim.note["leaving"]
            try:
                self._perform(claim, leaving)
            except FileExistsError:  # someone took a name in this moment: look for another
                write_note(self._files, claim, {"leaving": self._renamed(claim, leaving)})
            else:
                if self._ended is not None:
                    self._ended(claim.name, leaving)
                return leaving

    def _leave(
        self,
        claim: Claim,
        folder: Path,
        mark: str,
        *,
        manifest: dict[str, Any] | None = None,
        error: dict[str, Any] | None = None,
    ) -> Leaving:
        self._files.make_folder(folder, SHARED_MODE)
        demand_inside(self._tree, folder)
        leaving: Leaving = {
            "to": self._tree.relative(folder), "name": _free_name(folder, claim.name, mark), "was": [], "mark": mark,
            "pair": claim.pair, "manifest": manifest, "error": error, "rejected": self._place_of_rejected(claim, mark),
        }  # fmt: skip
        write_note(self._files, claim, {"leaving": leaving})
        return self.finish(claim)

    def _renamed(self, claim: Claim, leaving: Leaving) -> Leaving:
        folder = self._tree.root / leaving["to"]
        return {
            **leaving,
            "name": _free_name(folder, claim.name, leaving["mark"]),
            "was": [leaving["name"], *leaving["was"]],
            "rejected": self._place_of_rejected(claim, leaving["mark"])
            if claim.rejected_path.exists()
            else leaving["rejected"],
        }

    def _place_of_rejected(self, claim: Claim, mark: str) -> str:
        folder = self._tree.errors(self._now().date())
        name = _free_name(folder, f"{stem_of(claim.name)}_rejected.jsonl", mark)
        return self._tree.relative(folder / name)

    def _perform(self, claim: Claim, leaving: Leaving) -> None:
        folder, name = self._tree.root / leaving["to"], leaving["name"]
        self._move_rejected(claim, self._tree.root / leaving["rejected"])
        if leaving["error"] is not None:
            write_durably(self._files, folder / f"{stem_of(name)}{ERROR_SUFFIX}", _json(leaving["error"]))
        places = [claim.path, *(folder / other for other in leaving["was"])]
        source = next((place for place in places if os.path.lexists(place)), None)
        if source is not None:
            self._files.rename_new(source, folder / name)
            self._files.sync(folder)
        self._move_manifest(claim, folder / manifest_of(name), leaving)
        self._files.remove(claim.note_path)

    def _move_rejected(self, claim: Claim, target: Path) -> None:
        if claim.rejected_path.exists():
            self._files.make_folder(target.parent, SHARED_MODE)
            demand_inside(self._tree, target.parent)
            self._files.rename_new(claim.rejected_path, target)
            self._files.sync(target.parent)

    def _move_manifest(self, claim: Claim, target: Path, leaving: Leaving) -> None:
        """Rename the manifest: the commit point."""
        document = leaving["manifest"]
        ours = os.path.lexists(claim.manifest_path) and (leaving["pair"] or document is not None)
        if document is not None and (ours or not _says(target, document)):
            taken = {
                **document[TAKEN],
                "rejected": leaving["rejected"] if document[TAKEN]["set_aside"] else None,
            }
            document = {**document, "filename": leaving["name"], TAKEN: taken}
            write_durably(self._files, claim.manifest_path, _json(document))
            ours = True
        if ours:
            self._files.rename_new(claim.manifest_path, target)
            self._files.sync(target.parent)


def _free_name(folder: Path, name: str, mark: str) -> str:
    """Return a name for a file that nothing in a folder has, nor its manifest or report."""
    stem, number, tried = stem_of(name), 1, name
    while any(
        os.path.lexists(folder / other)
        for other in (tried, manifest_of(tried), f"{stem_of(tried)}{ERROR_SUFFIX}")
    ):
        tail = mark if number == 1 else f"{mark}.{number}"
        tried = f"{stem}.{tail}{name[len(stem) :]}"
        number += 1
    return tried


def _says(manifest: Path, document: dict[str, Any]) -> bool:
    """Tell whether a manifest is that of this very taking."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        taken = json.loads(manifest.read_bytes())[TAKEN]
        return all(taken[name] == document[TAKEN][name] for name in ("key", "at"))
    return False


def _json(document: dict[str, Any]) -> bytes:
    """Write a document; a name that is no text is escaped."""
    return json.dumps(document, indent=2, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"
