"""Finds apps that take files from one folder and so take them away from each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from crossdock.cli.files.apps import Importer, importers

if TYPE_CHECKING:
    from crossdock.cli.session import Session

REMEDY: Final = (
    "give each a folder or a pattern of its own; what several apps are to receive is taken in by one, whose next "
    "names them"
)
_EVERYTHING: Final = "*"


class Rivals(NamedTuple):
    """Two apps for which the same files are meant."""

    first: Importer
    second: Importer

    def __str__(self) -> str:
        return (
            f"{self.first.app} and {self.second.app} both take files from {self.first.settings.file}: "
            f"each file goes to only one of them"
        )


def rivals(session: Session) -> Iterator[Rivals]:
    """Give the pairs of apps that take from one folder by patterns of which one means all that the other does."""
    for first, second in combinations(importers(session), 2):
        if _place(first) == _place(second) and _meet(first, second):
            yield Rivals(first, second)


def _place(importer: Importer) -> Path:
    return importer.tree.stage_folder.resolve()


def _meet(first: Importer, second: Importer) -> bool:
    patterns = {first.settings.pattern, second.settings.pattern}
    return len(patterns) == 1 or _EVERYTHING in patterns
