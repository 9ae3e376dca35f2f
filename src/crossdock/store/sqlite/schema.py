"""Makes the tables of a SQLite store, and reads what it says of its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.schema import CreateIndex, CreateTable

from crossdock.store import exporter_tables  # noqa: F401 - among the tables that are made
from crossdock.store.prepared import SQLITE
from crossdock.store.schema import SchemaState
from crossdock.store.sqlite.ddl import statements as triggers_and_views
from crossdock.store.tables import OLDEST_SCHEMA, SCHEMA_NUMBER, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

_ALEMBIC_TABLE: Final = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


def read_state(database: Any) -> SchemaState | None:
    """Return the state of a store's schema, or None if the file holds no store."""
    found = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'crossdock_schema'").fetchone()
    if found is None:
        return None
    row = database.execute("SELECT number, oldest_code, outside_writers FROM crossdock_schema").fetchone()
    return SchemaState(int(row[0]), int(row[1]), bool(row[2]))


def create(database: Any) -> None:
    """Make all tables, indexes, triggers and views; to be called inside a write transaction."""
    for statement in definitions():
        database.execute(statement)
    database.execute(
        "INSERT INTO crossdock_schema (number, oldest_code) VALUES (?, ?)", (SCHEMA_NUMBER, OLDEST_SCHEMA)
    )
    database.execute("INSERT INTO alembic_version (version_num) VALUES (?)", (f"{SCHEMA_NUMBER:04}",))


def remember_outside_writers(database: Any) -> None:
    """Let every process that opens the store from now on use the safe mode."""
    database.execute("UPDATE crossdock_schema SET outside_writers = 1")


def definitions() -> Iterator[str]:
    """Give the statements that make an empty store, in order."""
    yield _ALEMBIC_TABLE
    for table in metadata.sorted_tables:
        yield str(CreateTable(table).compile(dialect=SQLITE)).strip()
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield str(CreateIndex(index).compile(dialect=SQLITE)).strip()
    yield from triggers_and_views()
