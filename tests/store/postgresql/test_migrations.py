"""A store made at once and one brought up by its migrations are the same, on PostgreSQL too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossdock.store.migrate import upgrade_schema
from crossdock.store.postgresql.dialect import SCHEMA
from crossdock.store.postgresql.engine import create_engine
from crossdock.store.sqlite import maintenance
from tests.postgresql_databases import execute

if TYPE_CHECKING:
    from pathlib import Path

CATALOGS = {
    "columns": (
        "SELECT table_name, column_name, data_type, column_default, is_nullable, is_identity, identity_generation "
        "FROM information_schema.columns WHERE table_schema = 'integration'"
    ),
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'integration'",
    "constraints": (
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = CAST('integration' AS REGNAMESPACE)"
    ),
    "functions": (
        "SELECT proname, pg_get_functiondef(oid) FROM pg_proc "
        "WHERE pronamespace = CAST('integration' AS REGNAMESPACE)"
    ),
    "triggers": (
        "SELECT tgname, pg_get_triggerdef(t.oid) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = tgrelid "
        "WHERE c.relnamespace = CAST('integration' AS REGNAMESPACE) AND NOT tgisinternal"
    ),
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'integration'",
    "storage": (
        "SELECT relname, CAST(reloptions AS TEXT) FROM pg_class "
        "WHERE relnamespace = CAST('integration' AS REGNAMESPACE) AND reloptions IS NOT NULL"
    ),
    "schema": "SELECT number, oldest_code FROM integration.crossdock_schema",
    "revision": "SELECT version_num FROM integration.alembic_version",
}


def described(url: str) -> dict[str, list[Any]]:
    return {name: sorted(execute(url, query), key=str) for name, query in CATALOGS.items()}


def normal(rows: list[Any]) -> list[Any]:
    """White space in the bodies of functions means nothing."""
    return [tuple(" ".join(each.split()) if isinstance(each, str) else each for each in row) for row in rows]


def test_a_migrated_store_has_the_same_definitions_as_a_fresh_one(
    postgresql_url: str, empty_postgresql_url: str
) -> None:
    engine = create_engine(empty_postgresql_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
        upgrade_schema(connection, SCHEMA)
    engine.dispose()
    fresh, migrated = described(postgresql_url), described(empty_postgresql_url)
    for name in CATALOGS:
        assert normal(migrated[name]) == normal(fresh[name]), name
    assert len(fresh["triggers"]) > 5
    assert fresh["storage"]


def test_a_sound_store_is_found_sound_and_a_missing_index_is_named(
    postgresql_url: str, tmp_path: Path
) -> None:
    assert maintenance.check(postgresql_url) == []
    execute(postgresql_url, "DROP INDEX integration.idx_claim")
    assert maintenance.check(postgresql_url) == ["integration.idx_claim is missing"]


def test_migrating_what_is_up_to_date_changes_nothing(postgresql_url: str) -> None:
    assert maintenance.migrate(postgresql_url) == (1, 1)
