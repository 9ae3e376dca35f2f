"""Remembers of a file that is sent again what it was, where no manifest goes with it that could say so.

The note lies hidden beside the file, before the file does. It tells of the file whose size and time it has; a note that
was left by a kill tells of none that comes later.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from crossdock.adapters.file.claim import write_durably
from crossdock.adapters.file.tree import Tree
from crossdock.durable_files import FileSystem

REPLAY_OF: Final = "replay_of"
"""The key of a manifest under which we say which file it sends again."""
_NOTE_SUFFIX: Final = ".replay.json"
_NS_PER_S: Final = 1_000_000_000


class Origins:
    """Writes, finds and removes these notes.

    Args:
        tree: Of the stage into which the files are put.
        files: The file system.
    """

    def __init__(self, tree: Tree, files: FileSystem) -> None:
        self._tree = tree
        self._files = files

    def note(self, name: str, origin: Mapping[str, Any], *, size: int, written_ns: int) -> None:
        """Write down what a file was; it survives a power cut.

        Args:
            name: Of the file in the stage.
            origin: What its manifest would say under ``replay_of``.
            size: Bytes.
            written_ns: When it was written, in nanoseconds of Unix time; not all file systems keep parts of a second.
        """
        document = {REPLAY_OF: origin, "size": size, "written_s": written_ns // _NS_PER_S}
        write_durably(self._files, self._note_of(name), json.dumps(document).encode())

    def of(self, name: str, *, size: int, written_ns: int) -> dict[str, Any]:
        """Return what the manifest of a file that came without one is to say of this: nothing, if it is a new file."""
        with suppress(OSError, ValueError, LookupError, TypeError):
            noted = json.loads(self._note_of(name).read_bytes())
            if (noted["size"], noted["written_s"]) == (size, written_ns // _NS_PER_S):
                return {REPLAY_OF: dict(noted[REPLAY_OF])}
        return {}

    def forget(self, name: str) -> None:
        """Remove the note of a file that is done, if it has one."""
        if os.path.lexists(self._note_of(name)):
            self._files.remove(self._note_of(name))

    def _note_of(self, name: str) -> Path:
        return self._tree.stage_folder / f".{name}{_NOTE_SUFFIX}"
