"""What a program did to its files, in order, so that a power cut at any point can be played afterwards."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Found:
    """A file was there before the program began; it and its name are as safe as anything is."""

    path: str
    inode: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Create:
    """A new, empty file got a name."""

    path: str
    inode: int


@dataclass(frozen=True, slots=True)
class Unlink:
    """A name was removed."""

    path: str


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes were handed to the operating system."""

    inode: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file was given a size."""

    inode: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """A file's sync returned; `beside` too: the names in its directory were made safe with it."""

    inode: int
    path: str
    beside: bool


@dataclass(frozen=True, slots=True)
class SyncFailed:
    """A file's sync returned an error."""

    inode: int


@dataclass(frozen=True, slots=True)
class SyncNames:
    """The sync of a directory returned."""

    directory: str


@dataclass(frozen=True, slots=True)
class Note:
    """What the program itself said at this point, such as "asked to send m1" or "m1 was acknowledged"."""

    what: tuple[Any, ...]


Event: TypeAlias = Found | Create | Unlink | Write | Truncate | Sync | SyncFailed | SyncNames | Note


def save(events: list[Event], path: Path) -> None:
    """Write a trace for another process of this same program to read."""
    path.write_bytes(pickle.dumps(events))


def load(path: Path) -> list[Event]:
    """Read what `save` wrote."""
    events: list[Event] = pickle.loads(path.read_bytes())  # noqa: S301 -- our own child wrote it a moment ago
    return events
