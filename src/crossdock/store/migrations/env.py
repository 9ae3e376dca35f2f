"""Run by Alembic: uses the connection that ``crossdock.store.migrate`` holds, inside its transaction."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table_schema=context.config.attributes.get("schema"),
    transactional_ddl=True,
)
context.run_migrations()
