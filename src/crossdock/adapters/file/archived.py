"""Knows from the archive which files were taken before; it needs no other memory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from crossdock.adapters.file.departures import TAKEN
from crossdock.adapters.file.naming import manifest_of, stem_of
from crossdock.adapters.file.tree import Tree


def taken_before(tree: Tree, key: str) -> str | None:
    """Return where the archive has the file of that key; None: it was not taken, or is not there any more.

    Args:
        tree: Whose archive.
        key: Made by ``Taking``; the archive gives a file its own name, or one with the mark that is in the key.
    """
    name, _, digest = key.rpartition("/")[2].rpartition("#")
    marked = f"{stem_of(name)}.{mark_of(digest)}{name[len(stem_of(name)) :]}"
    for folder in _months(tree):
        for one in (name, marked):
            if _key_in(folder / manifest_of(one)) == key:
                return tree.relative(folder / one)
    return None


def mark_of(digest: str) -> str:
    """Return the letters that tell a file from others of its name."""
    return digest[:8]


def _months(tree: Tree) -> Iterator[Path]:
    """Give the folders of the archive, the newest first."""
    with suppress(FileNotFoundError):
        yield from (
            tree.root / tree.archive_name / name
            for name in sorted(os.listdir(tree.root / tree.archive_name), reverse=True)
        )


def _key_in(manifest: Path) -> str | None:
    """Return the key of the file that an archived manifest is of, unless it was a duplicate itself."""
    with suppress(OSError, ValueError, AttributeError, TypeError):
        taken = json.loads(manifest.read_bytes()).get(TAKEN)
        if taken["duplicate_of"] is None:
            return str(taken["key"])
    return None
