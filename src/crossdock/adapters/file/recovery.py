"""Finds what was claimed when a process died or let go, and makes each claim whole again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from crossdock.adapters.file.claim import NOTE_SUFFIX, Claim, read_note
from crossdock.adapters.file.claims import OWNER, RELEASED, Claims, read_manifest, second_fault
from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.naming import MANIFEST_SUFFIX, is_data, manifest_of
from crossdock.adapters.file.tree import Tree
from crossdock.durable_files import FileSystem

_UNFINISHED: Final = ".part"
"""How a name ends that somebody was killed while writing; see ``hidden``."""


class Recovery:
    """Gives back the claims of a stage that nobody works on.

    Args:
        tree: Whose stage.
        claims: Of this process.
        files: The file system.
        lives: Tells whether a process may still be alive.
    """

    def __init__(
        self, tree: Tree, claims: Claims, *, files: FileSystem, lives: Callable[[str], bool]
    ) -> None:
        self._tree = tree
        self._claims = claims
        self._files = files
        self._lives = lives

    def found(self) -> list[Claim]:
        """Return the claims of this process, of those that died, and of those that have let go."""
        claims: list[Claim] = []
        for process in self._processes():
            stage = process / self._tree.stage
            folders = [*_folders_in(stage), stage]
            claims += [claim for folder in folders for claim in self._found_in(process, folder)]
            if process != self._claims.own:
                for folder in (*folders, process):
                    _remove_empty(folder)
        return claims

    def release(self) -> None:
        """Let go of the claims of this process: any other may take them over while this one lives."""
        own = self._claims.own
        stage = own / self._tree.stage
        for folder in (*_folders_in(stage), stage, own):
            _remove_empty(folder)
        if stage.is_dir():
            self._files.create(stage / RELEASED).close()

    def _processes(self) -> Iterator[Path]:
        for process in _folders_in(self._tree.claims):
            mine = process == self._claims.own
            if mine or (process / self._tree.stage / RELEASED).exists() or not self._lives(owner_of(process)):
                yield process

    def _found_in(self, process: Path, folder: Path) -> Iterator[Claim]:
        source = self._tree.root / folder.relative_to(process)
        done: set[str] = set()
        for name in _names_in(folder):
            if name.startswith(".") and name.endswith(_UNFINISHED):
                self._files.remove(folder / name)
            elif name.startswith(".") and name.endswith(NOTE_SUFFIX):
                claim = self._noted(Claim(folder, name[1 : -len(NOTE_SUFFIX)]), source)
                if claim is not None:
                    done |= (
                        {claim.name} if "second_to" in claim.note else {claim.name, claim.manifest_path.name}
                    )
                    yield claim
        for name in _names_in(folder):
            if name.endswith(MANIFEST_SUFFIX) and not name.startswith(".") and name not in done:
                claim = self._of_manifest(folder, source, name)
                done.add(claim.name)
                yield claim
        for name in _names_in(folder):
            if is_data(name) and name not in done:
                yield self._of_data(folder, source, name)

    def _noted(self, claim: Claim, source: Path) -> Claim | None:
        """Make a claim whole that something was written down about; None: nothing was claimed after all."""
        claim.note = read_note(claim)
        if "leaving" in claim.note:
            return claim
        if "second_to" in claim.note:
            self._bring(claim, source)
            claim.fault = second_fault(claim.name, claim.note["second_to"])
            there = claim.path.exists()
        else:
            there = claim.manifest_path.exists()
            claim.pair = True
            claim.manifest, claim.fault = read_manifest(claim.manifest_path)
            if there:
                self._bring(claim, source)
        if not there:
            self._files.remove(claim.note_path)
        return claim if there else None

    def _of_manifest(self, folder: Path, source: Path, name: str) -> Claim:
        """Return the claim of a manifest; its data file may still be where it was."""
        manifest, fault = read_manifest(folder / name)
        if manifest is None:
            data = next(
                (other for other in _names_in(folder) if is_data(other) and manifest_of(other) == name), ""
            )
            data = data or name.removesuffix(MANIFEST_SUFFIX)
            return Claim(folder, data, pair=True, fault=fault or _unreadable(name))
        claim = Claim(folder, manifest.filename, pair=True, manifest=manifest)
        self._bring(claim, source)
        return claim

    def _of_data(self, folder: Path, source: Path, name: str) -> Claim:
        """Return the claim of a data file; a power cut may have undone the claim of its manifest."""
        claim = Claim(folder, name)
        if self._claims.pairs and self._claims.take(source / claim.manifest_path.name, claim.manifest_path):
            return self._of_manifest(folder, source, claim.manifest_path.name)
        self._claims.remove_marker(source, name)
        return claim

    def _bring(self, claim: Claim, source: Path) -> None:
        if not os.path.lexists(claim.path):
            self._claims.take(source / claim.name, claim.path)


def owner_of(process: Path) -> str:
    """Return the name of the process that a folder of claims is of."""
    try:
        return (process / OWNER).read_text(encoding="utf-8")
    except OSError:
        return f"unknown/{process.name}"


def _folders_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


def _remove_empty(folder: Path) -> None:
    """Remove a folder of claims in which nothing is but what we leave in each."""
    with suppress(OSError):
        if set(os.listdir(folder)) <= {OWNER, RELEASED}:
            for name in (OWNER, RELEASED):
                (folder / name).unlink(missing_ok=True)
            folder.rmdir()


def _unreadable(name: str) -> FileFault:
    return FileFault("manifest", f"{name}: it is gone", expected="a manifest", advice="put both files back")
