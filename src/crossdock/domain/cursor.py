"""Cursors: a place in the order of arrival, as the pages of the REST API name it."""

from __future__ import annotations

import base64
import binascii


def cursor_of(row_id: int) -> str:
    """Return the cursor of the page behind a row."""
    return base64.urlsafe_b64encode(str(row_id).encode()).decode().rstrip("=")


def row_of(cursor: str) -> int | None:
    """Return the row behind which a page begins; None: it is none of our cursors."""
    try:
        found = int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        return None
    return found if 0 < found < 2**63 else None
