"""What is done to a PostgreSQL store as a whole: check it, migrate it, describe it. Copying is PostgreSQL's."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import StoreError
from crossdock.store import statements
from crossdock.store.liveness import live_owners
from crossdock.store.migrate import upgrade_schema
from crossdock.store.payloads import missing_text
from crossdock.store.postgresql import errors, schema
from crossdock.store.postgresql.connections import Connections, discard
from crossdock.store.postgresql.dialect import SCHEMA, PostgreSQLStatements
from crossdock.store.postgresql.engine import engine_on
from crossdock.store.postgresql.location import parse_database_url
from crossdock.store.schema import needs_migration
from crossdock.store.tables import SCHEMA_NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import URL

    from crossdock.store.postgresql.connections import ServerFacts
    from crossdock.store.postgresql.location import DatabaseLocation
    from crossdock.store.settings import StoreSettings

_NAME: Final = "crossdock maintenance"
_UNSOUND: Final = """\
SELECT format('index %s is not valid; make it anew: REINDEX INDEX %s', i.indexrelid::regclass, i.indexrelid::regclass)
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'integration' AND NOT (i.indisvalid AND i.indisready)
UNION ALL SELECT format('trigger %s of %s is disabled; enable it', t.tgname, t.tgrelid::regclass)
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'integration' AND NOT t.tgisinternal AND t.tgenabled = 'D'"""
_MISSING: Final = """\
SELECT name FROM unnest(CAST(%s AS TEXT[])) AS name WHERE to_regclass('integration.' || name) IS NULL"""
_FACTS: Final = """\
SELECT pg_total_relation_size('integration.data_staging') + pg_total_relation_size('integration.audit_log')
    + pg_total_relation_size('integration.data_archive') + pg_total_relation_size('integration.payload'),
  (SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = CAST('integration.data_staging' AS REGCLASS)),
  (SELECT max(now() - xact_start) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL
    AND pid <> pg_backend_pid())"""

_FILES: Final = """\
SELECT count(*), CAST(coalesce(sum(row_count), 0) AS BIGINT), CAST(coalesce(sum(file_size), 0) AS BIGINT)
FROM integration.archive_file WHERE row_count IS NOT NULL"""


def place_of(url: str | URL, settings: StoreSettings) -> DatabaseLocation:
    """Return the place that a URL names."""
    return parse_database_url(url, settings)


def holds_store(url: str | URL, settings: StoreSettings) -> bool:
    """Tell whether there is a store in the database.

    Raises:
        StoreError: The database cannot be reached.
    """
    with _connected(place_of(url, settings), settings) as (connection, _):
        return schema.read_state(connection) is not None


def check(url: str | URL, settings: StoreSettings) -> list[str]:
    """Examine a store's tables and return what is wrong with them; an empty list is good."""
    location = place_of(url, settings)
    with _connected(location, settings) as (connection, _):
        state = schema.read_state(connection)
        if state is None:
            return [f"{location} holds no Crossdock store"]
        if needs_migration(state, str(location)):
            return [f"schema {state.number} is too old for this version; run: crossdock store migrate"]
        missing = connection.execute(_MISSING, [list(schema.names())]).fetchall()
        if missing:
            return [f"{SCHEMA}.{name} is missing" for (name,) in missing]
        unsound = connection.execute(_UNSOUND).fetchall()
        lost = connection.execute(PostgreSQLStatements().get(statements.dangling).sql).fetchall()
        return [text for (text,) in unsound] + [missing_text(*row) for row in lost]


def migrate(url: str | URL, settings: StoreSettings) -> tuple[int, int]:
    """Bring a store's schema up to date, alone among all who would; return its number before and after."""
    location = place_of(url, settings)
    patience_s = settings.lock_timeout.total_seconds()
    connections = Connections(location, patience_s, _NAME)
    engine = engine_on(location, patience_s, connections.watch)
    try:
        with closing(connections), _connected(location, settings), engine.begin() as connection:
            database = connection.connection.dbapi_connection
            schema.lock(database)
            before = schema.read_state(database)
            if before is None:
                raise StoreError(f"{location} holds no Crossdock store")
            needs_migration(before, str(location))
            if before.number < SCHEMA_NUMBER:
                upgrade_schema(connection, SCHEMA)
            after = schema.read_state(database)
    except errors.Error as error:
        raise errors.translate(error, location) from error
    finally:
        engine.dispose()
    return before.number, after.number if after else before.number


def info(url: str | URL, settings: StoreSettings) -> dict[str, Any]:
    """Describe a store: place, server, size, schema, messages by status, the processes of this host that use it.

    Raises:
        StoreError: There is no store.
    """
    location = place_of(url, settings)
    with _connected(location, settings) as (connection, facts):
        state = schema.read_state(connection)
        if state is None:
            raise StoreError(f"{location} holds no Crossdock store")
        store_id, created_at = connection.execute(
            f"SELECT store_id, {SCHEMA}.utc_text(created_at) FROM {SCHEMA}.crossdock_schema"  # noqa: S608 - our names
        ).fetchone()
        counts = connection.execute(
            f"SELECT status, count(*) FROM {SCHEMA}.data_staging GROUP BY status"  # noqa: S608 - our own names
        ).fetchall()
        ((archived,),) = connection.execute(f"SELECT count(*) FROM {SCHEMA}.data_archive").fetchall()  # noqa: S608
        counts += [("archived", archived)] if archived else []
        size, dead, oldest = connection.execute(_FACTS).fetchone()
        files = connection.execute(_FILES).fetchone()
    return {
        "url": str(location),
        "store_id": store_id,
        "created_at": created_at,
        "schema": state.number,
        "oldest_code": state.oldest_code,
        "postgresql": facts.version,
        "durable": facts.durable,
        "pooler": facts.pooled,
        "clock_ahead_s": round(facts.ahead.total_seconds(), 3),
        "bytes": size,
        "dead_rows": dead or 0,
        "oldest_transaction_s": round(oldest.total_seconds(), 3) if oldest else 0.0,
        "messages": dict(sorted(counts)),
        "archive_files": files[0],
        "filed_messages": files[1],
        "archive_bytes": files[2],
        "host_folder": str(location.folder),
        "processes_of_this_host": sorted(live_owners(location.folder)) if location.folder.is_dir() else [],
    }


@contextmanager
def _connected(location: DatabaseLocation, settings: StoreSettings) -> Iterator[tuple[Any, ServerFacts]]:
    connections = Connections(location, settings.lock_timeout.total_seconds(), _NAME)
    with closing(connections):
        database = connections.open()
        try:
            assert connections.facts is not None  # noqa: S101 - told by the connection that was made
            yield database.connection, connections.facts
        except errors.Error as error:
            raise errors.translate(error, location) from error
        finally:
            discard(database)
