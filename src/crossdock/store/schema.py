"""Sees whether this code and the schema of a store fit each other."""

from __future__ import annotations

from typing import NamedTuple

from crossdock.domain.errors import SchemaOutOfDate
from crossdock.store.tables import OLDEST_SCHEMA, SCHEMA_NUMBER


class SchemaState(NamedTuple):
    """What a store says of its schema.

    Attributes:
        oldest_code: The oldest schema number whose code may use the store.
        outside_writers: Whether a program with an affected SQLite build was ever to write to it.
    """

    number: int
    oldest_code: int
    outside_writers: bool = False


def needs_migration(state: SchemaState, place: str) -> bool:
    """Tell whether the store is older than this code wants.

    Raises:
        SchemaOutOfDate: A newer version of Crossdock made the store, and this one must not touch it.
    """
    if state.oldest_code > SCHEMA_NUMBER:
        raise SchemaOutOfDate(
            f"{place} has schema {state.number}, which needs a version of Crossdock that knows schema "
            f"{state.oldest_code}; this one knows {SCHEMA_NUMBER}. Upgrade Crossdock; nothing was changed"
        )
    return state.number < OLDEST_SCHEMA
