"""All verbs of a write transaction, together."""

from __future__ import annotations

from crossdock.store.archiving import Archiving
from crossdock.store.claiming import Claiming
from crossdock.store.controlling_many import ControllingMany
from crossdock.store.scheduling import Scheduling
from crossdock.store.settling import Settling


class SQLiteTransaction(Scheduling, Claiming, Settling, ControllingMany, Archiving):
    """One open write transaction of a SQLite store."""
