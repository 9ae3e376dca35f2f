"""Finds the apps of the configuration that take files in or write them, and how each does it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.refusal import Refusal
from crossdock.domain.errors import ConfigError
from crossdock.domain.message import AppId

if TYPE_CHECKING:
    from crossdock.adapters.file.inbound_settings import FileInbound
    from crossdock.adapters.file.outbound_settings import FileOutbound
    from crossdock.adapters.file.taking import Rules
    from crossdock.adapters.file.tree import Tree
    from crossdock.cli.session import Session

_KIND = "file"
Settings = TypeVar("Settings", bound="FileInbound | FileOutbound")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileApp(Generic[Settings]):
    """An app that does something with files.

    Attributes:
        folder: Relative paths of its settings count from here.
    """

    app: AppId
    settings: Settings
    folder: Path

    @property
    def tree(self) -> Tree:
        """In whose stage its files are."""
        from crossdock.adapters.file.tree import tree_of

        return tree_of(self.settings.file, above=self.folder)


class Importer(FileApp["FileInbound"]):
    """An app that takes files in."""

    __slots__ = ()

    @property
    def rules(self) -> Rules:
        """How it takes them.

        Raises:
            ConfigError: Its settings cannot be right.
        """
        from crossdock.adapters.file.inbound import rules_of

        try:
            return rules_of(self.settings, self.folder)
        except ConfigError as error:
            raise ConfigError(f"apps.{self.app}.inbound: {error}") from error


class Exporter(FileApp["FileOutbound"]):
    """An app whose messages are written to files."""

    __slots__ = ()


def importers(session: Session) -> Iterator[Importer]:
    """Give the apps that take files in."""
    from crossdock.app.configured import folder_of

    for name, table in session.loaded.config.apps.items():
        if table.inbound is not None and table.inbound.kind == _KIND:
            settings: FileInbound = table.inbound.settings  # type: ignore[assignment]  # of this kind
            yield Importer(app=AppId(name), settings=settings, folder=folder_of(session.loaded))


def exporters(session: Session) -> Iterator[Exporter]:
    """Give the apps whose messages are written to files."""
    from crossdock.app.configured import folder_of

    for name, table in session.loaded.config.apps.items():
        if table.outbound is not None and table.outbound.kind == _KIND:
            settings: FileOutbound = table.outbound.settings  # type: ignore[assignment]  # of this kind
            yield Exporter(app=AppId(name), settings=settings, folder=folder_of(session.loaded))


def importer_named(session: Session, name: str) -> Importer:
    """Return an app that takes files in.

    Raises:
        Refusal: It does not.
    """
    found = {one.app: one for one in importers(session)}
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise Refusal(
            f"no app {name!r} takes files in; those that do: {known}. Give it inbound = "
            '{ file = "data/imports" } in the configuration',
            ExitCode.CONFIG,
        )
    return found[AppId(name)]


def importer_of(session: Session, file: Path, stage: str | None = None) -> Importer | None:
    """Return the app that takes in, or took, a file; None: there is none.

    Args:
        session: Whose configuration.
        file: Anywhere in its tree.
        stage: From which it was taken; None: it lies there.
    """
    place = _place(file)
    for one in importers(session):
        tree = one.tree
        if stage is None and place.is_relative_to(tree.stage_folder) and one.rules.watch.means(place.name):
            return one
        if stage == tree.stage and place.is_relative_to(tree.root):
            return one
    return None


def exporter_of(session: Session, file: Path) -> Exporter | None:
    """Return the app that writes files to where one lies, by its name if several do; None: there is none."""
    place = _place(file)
    found = [one for one in exporters(session) if place.is_relative_to(one.tree.stage_folder)]
    named = [one for one in found if place.name.startswith(f"{one.app}_{one.settings.type}_")]
    return next(iter(named or found), None)


def _place(file: Path) -> Path:
    path = Path(os.path.abspath(file))  # noqa: PTH100 - links are not followed
    return path.parent.resolve() / path.name
