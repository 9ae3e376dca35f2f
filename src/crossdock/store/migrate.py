"""Brings an older store up to date with Alembic, which is imported for that alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

if TYPE_CHECKING:
    from sqlalchemy import Connection


def upgrade(connection: Connection) -> None:
    """Run every migration that a store lacks, in the transaction of a connection that is alone among all processes."""
    _upgrade(connection)


def upgrade_schema(connection: Connection, schema: str) -> None:
    """Run every migration that a store lacks, in the transaction of a connection to PostgreSQL."""
    _upgrade(connection, schema=schema)


def _upgrade(connection: Connection, **attributes: str) -> None:
    config = Config()
    config.set_main_option("script_location", "crossdock:store/migrations")
    config.set_main_option("path_separator", "os")
    config.attributes.update(attributes, connection=connection)
    command.upgrade(config, "head")
