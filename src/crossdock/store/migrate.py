"""Brings an older store up to date with Alembic, which is imported for that alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

if TYPE_CHECKING:
    from crossdock.store.open_store import OpenStore


def upgrade(store: OpenStore) -> None:
    """Run every migration that the store lacks, in one transaction, alone among all processes."""
    config = Config()
    config.set_main_option("script_location", "crossdock:store/migrations")
    config.set_main_option("path_separator", "os")
    with store.writing_alone(), store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
