"""All verbs of a write transaction, together."""

from __future__ import annotations

from crossdock.store.archiving import Archiving
from crossdock.store.claiming import Claiming
from crossdock.store.controlling import Controlling
from crossdock.store.sending import Sending
from crossdock.store.settling import Settling


class SQLiteTransaction(Sending, Claiming, Settling, Controlling, Archiving):
    """One open write transaction of a SQLite store."""
