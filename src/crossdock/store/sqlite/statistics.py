"""Forgets what ANALYZE noted about our tables, for a queue is never as it was when somebody looked.

A note of a store that was nearly empty outlives that moment, and SQLite believes it: a claim would then read the
whole table. Without notes SQLite takes every table for large, and every statement of ours uses its index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crossdock.store.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEPT_IN: Final = ("sqlite_stat1", "sqlite_stat4")
_OURS: Final = f"tbl IN {('alembic_version', *sorted(metadata.tables))}"


def are_kept(database: Any) -> bool:
    """Tell whether there are statistics of our tables."""
    return any(
        database.execute(f"SELECT 1 FROM {table} WHERE {_OURS} LIMIT 1").fetchone()  # noqa: S608 - our own names
        for table in _tables(database)
    )


def forget(database: Any) -> None:
    """Remove the statistics of our tables; to be called inside a write transaction.

    Those of the application's own tables stay. Every connection of every process plans anew from the commit on: the
    number of the schema's version rises, as if a table had been added, and so each reads the statistics again.
    """
    if not are_kept(database):
        return
    for table in list(_tables(database)):
        database.execute(f"DELETE FROM {table} WHERE {_OURS}")  # noqa: S608 - our own names
    (version,) = database.execute("PRAGMA schema_version").fetchone()
    database.execute(f"PRAGMA schema_version = {version + 1}")


def _tables(database: Any) -> Iterator[str]:
    """Give the tables of statistics that the file has; most have none."""
    found = database.execute(
        f"SELECT name FROM sqlite_master WHERE type = 'table' AND name IN {_KEPT_IN}"  # noqa: S608 - our own names
    ).fetchall()
    return (name for (name,) in found)
