"""The tables of exporters: what they have found, from where they go on, and how they did."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Float, Index, Integer, Table, Text

from crossdock.store.tables import metadata, timestamp
from crossdock.store.types import RowId

exporter: Final = Table(
    "exporter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kinds", Text, nullable=False),
    Column("every_s", Float),
    Column("pulls", RowId, nullable=False, server_default="0"),
    Column("revision", RowId, nullable=False, server_default="0"),
    timestamp("fetched_at"),
    timestamp("created_at", default=True),
)
"""Every exporter that has run or is to run. ``pulls`` counts what was stored, ``revision`` what changed anything."""

exporter_object: Final = Table(
    "exporter_object",
    metadata,
    Column("exporter", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("object_id", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("digest", Text, nullable=False),
    timestamp("changed_at", default=True),
    timestamp("gone_at"),
    Index("idx_exporter_object_changed", "exporter", "kind", "changed_at", "object_id"),
)
"""What exporters have found; of what is gone, as it was last."""

exporter_state: Final = Table(
    "exporter_state",
    metadata,
    Column("exporter", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("state", Text, nullable=False),
    timestamp("pulled_at", default=True),
    timestamp("whole_at"),
)
"""What exporters go on from, as JSON."""

exporter_run: Final = Table(
    "exporter_run",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("exporter", Text, nullable=False),
    Column("is_full", Integer, nullable=False),
    timestamp("started_at", default=True),
    timestamp("ended_at"),
    Column("outcome", Text, nullable=False, server_default="running"),
    Column("counts", Text, nullable=False, server_default="{}"),
    Column("remarks", Text, nullable=False, server_default="[]"),
    Column("error_code", Text),
    Column("error", Text),
    Index("idx_exporter_run", "exporter", "id"),
    sqlite_autoincrement=True,
)
"""The newest runs of each exporter; counts and remarks are JSON."""

exporter_set_aside: Final = Table(
    "exporter_set_aside",
    metadata,
    Column("exporter", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("object_id", Text),
    Column("reason", Text, nullable=False),
    Column("data", Text, nullable=False),
    timestamp("since", default=True),
)
"""What exporters could not take and was not taken since; ``name`` is the id, or a digest of what has none."""
