"""The settings of a store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

_MIB: Final = 1024 * 1024
CLAIM_CHECK_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """How a store is opened.

    Attributes:
        outside_writers: True if programs with an affected SQLite build write to the file: the store then uses a
            rollback journal instead of a write-ahead log, which is slower and safe for them.
        claim_check_bytes: Data larger than this is stored once, outside the rows of its receivers.
        min_free_bytes: Nothing new is taken in while the disk has less free space than this.
        lock_timeout: How long a write waits for other processes, and on PostgreSQL for a server that is away, before
            it gives up.
        sqlite_module: The DB-API module to use; None: the best one installed.
        host_folder: On PostgreSQL: where the processes of this host that use the store find each other; None: a folder
            of this user, named after the database.
        password: On PostgreSQL: gives the password when the store is opened, unless its URL has one; None: libpq looks
            for it, in ``PGPASSWORD`` and ``~/.pgpass``.
    """

    outside_writers: bool = False
    claim_check_bytes: int = CLAIM_CHECK_BYTES
    min_free_bytes: int = 64 * _MIB
    lock_timeout: timedelta = timedelta(seconds=10)
    sqlite_module: Any = None
    host_folder: Path | None = None
    password: Callable[[], str] | None = None
