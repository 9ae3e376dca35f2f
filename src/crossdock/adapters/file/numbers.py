"""The numbers in the names of files: each is drawn once, by one process, even if its file is long gone."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from crossdock.adapters.file.draft import Draft, Drafts
from crossdock.adapters.file.naming import EXTS, FileName
from crossdock.domain.ids import new_message_id


@dataclass(frozen=True, slots=True)
class Drawn:
    """A draft with a number of its own.

    Attributes:
        lock: Open as long as somebody works on it.
    """

    draft: Draft
    lock: BinaryIO


class Numbers:
    """Draws the next free number of a day. May be called from several threads."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts
        self._last: tuple[str, int] = ("", 0)
        self._turn = threading.Lock()

    def draw(self, folder: Path, name: FileName) -> Drawn:
        """Draw a number.

        Args:
            folder: Of the day; it is there.
            name: With any number; its stem is what must be free.
        """
        with self._turn:
            series = f"{folder}/{replace(name, sequence=0).stem}"
            number = self._last[1] if self._last[0] == series else _highest(folder, name)
            while True:
                number += 1
                drawn = self._try(folder, replace(name, sequence=number))
                if drawn is not None:
                    self._last = (series, number)
                    return drawn
                number = max(number, _highest(folder, name))

    def _try(self, folder: Path, name: FileName) -> Drawn | None:
        draft = Draft(folder, str(name), new_message_id())
        if draft.manifest.exists() or any((folder / f"{name.stem}.{ext}").exists() for ext in EXTS):
            return None
        try:
            return Drawn(draft, self._drafts.draw(draft))
        except FileExistsError:
            return None


def _highest(folder: Path, name: FileName) -> int:
    """Return the highest number in a folder, of files, manifests and tickets."""
    prefix = replace(name, sequence=1).stem.rpartition("_")[0]
    pattern = re.compile(rf"\.?{re.escape(prefix)}_(\d+)\.")
    found = (pattern.match(entry) for entry in os.listdir(folder))  # noqa: PTH208 - names are all that is asked
    return max((int(number[1]) for number in found if number), default=0)
