"""The stores on which the scenes of the crash tests play."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.crash.stage import Place

ON_SQLITE = pytest.param("sqlite", id="sqlite")
ON_SAFE_MODE = pytest.param("safe-mode", id="safe-mode")
ON_POSTGRESQL = pytest.param("postgresql", id="postgresql", marks=pytest.mark.needs_postgresql)


def slowly(store: Any) -> Any:
    """Return the store for tests that run only in ``make test-all``."""
    return pytest.param(*store.values, id=store.id, marks=[*store.marks, pytest.mark.slow])


SLOWLY_ON_POSTGRESQL = slowly(ON_POSTGRESQL)
BOTH = (ON_SQLITE, ON_POSTGRESQL)


def on(*stores: object) -> pytest.MarkDecorator:
    """Play a scene on these stores."""
    return pytest.mark.parametrize("place", stores, indirect=True)


on_sqlite_alone = on(ON_SQLITE)
"""For what only a store in a file has, or what has nothing to do with the store."""
quickly_on_sqlite = on(ON_SQLITE, SLOWLY_ON_POSTGRESQL)
"""For what takes long and is nearly the same code for both stores."""


def place_of(store: str, folder: Path, database: str) -> Place:
    """Return where a new store of a kind is.

    Args:
        store: ``sqlite``, ``safe-mode`` or ``postgresql``.
        folder: Of the scene.
        database: The URL of a database of the scene's own; for PostgreSQL.
    """
    if store == "postgresql":
        return {"url": database, "host_folder": str(folder / "host")}
    return {"url": f"sqlite:///{folder / 'work.db'}", "outside_writers": store == "safe-mode"}
