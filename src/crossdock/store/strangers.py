"""What other programs find alike in both stores, whatever the language of the triggers and views that tell it."""

from __future__ import annotations

from typing import Final

from crossdock.store.tables import data_staging

DEFAULT_LEASE_S: Final = 30
"""The lease, in seconds, that a stranger's claim gets if it sets none."""


def message_columns(payloads: str) -> str:
    """Return the columns of a message ``m`` for a view: ``data_bytes`` has what lies outside the row, too."""
    outside = f"(SELECT p.data FROM {payloads} AS p WHERE p.checksum = m.payload)"  # noqa: S608 - our own names
    whole = f"CASE WHEN payload IS NULL THEN data_bytes ELSE {outside} END AS data_bytes"
    return ", ".join(whole if column.name == "data_bytes" else column.name for column in data_staging.columns)
