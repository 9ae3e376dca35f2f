"""The settings of every queue in the crash tests; the harness, which opens no store, needs them as well."""

from __future__ import annotations

from typing import Final

LEASE_S: Final = 1.0
MAX_ATTEMPTS: Final = 6
MAX_CRASHES: Final = 3
BACKOFF_MIN_S: Final = 0.02
BACKOFF_MAX_S: Final = 0.1
