"""``crossdock file``: exchange files as the adapter does, by hand or from a script."""

from __future__ import annotations

from crossdock.cli.files import list_, replay, take, verify, write
from crossdock.cli.files.group import app

__all__ = ["app", "list_", "replay", "take", "verify", "write"]
