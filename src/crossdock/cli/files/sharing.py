"""Finds apps that share a folder and so take files away from each other, or write over each other's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Final, NamedTuple

from crossdock.cli.files.apps import Exporter, Importer, exporters, importers

if TYPE_CHECKING:
    from crossdock.cli.session import Session

_EVERYTHING: Final = "*"


class Rivals(NamedTuple):
    """Two apps that are in each other's way.

    Attributes:
        issue: Which, and where.
        remedy: What to do.
    """

    issue: str
    remedy: str


def rivals(session: Session) -> Iterator[Rivals]:
    """Give the pairs of apps that take from one folder by patterns of which one means all that the other does.

    And those that keep their newest file under one name.
    """
    for reader, other in combinations(importers(session), 2):
        if _take_the_same(reader, other):
            yield Rivals(
                f"{reader.app} and {other.app} both take files from {reader.settings.file}: "
                f"each file goes to only one of them",
                "give each a folder or a pattern of its own; what several apps are to receive is taken in by one, "
                "whose next names them",
            )
    for writer, second in combinations(exporters(session), 2):
        if _keep_the_same(writer, second):
            yield Rivals(
                f"{writer.app} and {second.app} both keep their newest file in {writer.settings.file}, as "
                f"{_names(writer, second)}, with one manifest: each replaces that of the other",
                "give each a folder or a name (latest) of its own",
            )


def _take_the_same(one: Importer, other: Importer) -> bool:
    patterns = {one.settings.pattern, other.settings.pattern}
    meet = len(patterns) == 1 or _EVERYTHING in patterns
    return meet and one.tree.stage_folder.resolve() == other.tree.stage_folder.resolve()


def _keep_the_same(one: Exporter, other: Exporter) -> bool:
    from crossdock.adapters.file.naming import manifest_of

    names = one.settings.latest, other.settings.latest
    if None in names or manifest_of(names[0] or "") != manifest_of(names[1] or ""):
        return False
    return one.tree.stage_folder.resolve() == other.tree.stage_folder.resolve()


def _names(one: Exporter, other: Exporter) -> str:
    return " and ".join(dict.fromkeys(name for name in (one.settings.latest, other.settings.latest) if name))
