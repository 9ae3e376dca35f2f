"""The mark beside a store's file that was found damaged: whoever sees it stops, until the file is restored or sound.

It lies in the folder of the file, which every process looks at before it acknowledges anything (``place.py``), so it
reaches all of them at once, and those that are started later.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crossdock.durable_files import FileSystem, publish

if TYPE_CHECKING:
    from datetime import datetime

SUFFIX: Final = ".damaged"
_LONGEST: Final = 1000


def note_damage(file: Path, found: list[str], at: datetime) -> str:
    """Leave the mark, and return what it says.

    Raises:
        OSError: It cannot be written.
    """
    words = " ".join(f"found damaged at {at:%Y-%m-%d %H:%M:%S} UTC: {' '.join(found)}".split())[:_LONGEST]
    hidden = file.with_name(f".{file.name}{SUFFIX}.{os.getpid()}")
    with FileSystem().create(hidden) as mark:
        mark.write(words.encode())
    publish(FileSystem(), hidden, file.with_name(file.name + SUFFIX))
    return words


def told_damage(file: str) -> str | None:
    """Return what the mark says; None: there is none."""
    try:
        return Path(file + SUFFIX).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"found damaged ({error})"


def forget(file: Path | None) -> None:
    """Remove the mark, if there is one."""
    if file is not None:
        file.with_name(file.name + SUFFIX).unlink(missing_ok=True)
