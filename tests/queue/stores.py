"""The stores on which the stateful test plays: one for each example, gone after it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossdock import StoreSettings
from crossdock.store.sqlite.maintenance import check
from tests.postgresql_databases import execute

if TYPE_CHECKING:
    from crossdock import Queue
    from tests.postgresql_databases import Databases

CLAIM_CHECK_BYTES = 20
"""So that half of what is sent lies outside its row."""


class InFile:
    """A store in an SQLite file."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{self._folder.name}/work.db"
        self.settings = StoreSettings(claim_check_bytes=CLAIM_CHECK_BYTES)

    def sql(self, queue: Queue, statement: str, parameters: list[Any]) -> list[Any]:
        """Run a statement of another program."""
        store = queue._store.open_store
        return store.exclusive(lambda database: database.execute(statement, parameters).fetchall())

    def remove(self) -> None:
        """Remove it; everybody has left. What was written is such as the constraints demand of others."""
        assert check(self.url) == []
        self._folder.cleanup()


class OnServer:
    """A store in a PostgreSQL database."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self.url = databases.borrow()
        self._folder = tempfile.TemporaryDirectory()
        self.settings = StoreSettings(
            host_folder=Path(self._folder.name) / "host", claim_check_bytes=CLAIM_CHECK_BYTES
        )

    def sql(self, queue: Queue, statement: str, parameters: list[Any]) -> list[Any]:
        """Run a statement of another program."""
        return execute(self.url, statement, parameters)

    def remove(self) -> None:
        """Remove it; whoever is still connected is complained of."""
        self._databases.give_back(self.url)
        self._folder.cleanup()
