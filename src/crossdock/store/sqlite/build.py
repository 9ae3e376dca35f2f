"""Which SQLite library to run on, and whether it can be trusted with a write-ahead log.

Versions 3.7.0 to 3.51.2 have a race between a writer and a checkpoint that can drop committed transactions
("WAL-reset"); it is mended in 3.51.3 and in the backports 3.44.6 and 3.50.7.

Source: SQLite release notes of 3.51.3 and sqlite.org/wal.html.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from types import ModuleType

Version: TypeAlias = tuple[int, int, int]

OLDEST_USABLE: Final[Version] = (3, 38, 0)
"""The first with the JSON functions built in; RETURNING came with 3.35."""
_CANDIDATES: Final = ("pysqlite3.dbapi2", "sqlite3")


def has_wal_reset_race(version: Version) -> bool:
    """Tell whether a SQLite version can lose committed transactions in WAL mode."""
    if version[:2] == (3, 44):
        return version < (3, 44, 6)
    if version[:2] == (3, 50):
        return version < (3, 50, 7)
    return (3, 7, 0) <= version < (3, 51, 3)


@dataclass(frozen=True, slots=True)
class SQLiteBuild:
    """A DB-API module and the SQLite library it runs on."""

    module: Any
    name: str
    version: Version

    @property
    def affected(self) -> bool:
        """Whether the library has the WAL-reset race."""
        return has_wal_reset_race(self.version)

    @property
    def usable(self) -> bool:
        """Whether the library is new enough to run a store at all."""
        return self.version >= OLDEST_USABLE

    def __str__(self) -> str:
        """Return the module's name and the library's version."""
        return f"{self.name} (SQLite {'.'.join(map(str, self.version))})"


def describe(module: ModuleType | Any) -> SQLiteBuild:
    """Look at a DB-API module for SQLite."""
    major, minor, patch = (int(part) for part in module.sqlite_version.split(".")[:3])
    return SQLiteBuild(module, getattr(module, "__name__", type(module).__name__), (major, minor, patch))


def choose(wanted: Any | None = None) -> SQLiteBuild:
    """Return the build to run on: the one asked for, else the first mended one installed, else the newest."""
    if wanted is not None:
        return describe(wanted)
    found = [describe(module) for name in _CANDIDATES if (module := _import(name)) is not None]
    mended = [build for build in found if not build.affected]
    return mended[0] if mended else max(found, key=lambda build: build.version)


def _import(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
