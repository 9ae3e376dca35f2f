"""Who lives, when the store is shared by hosts: the lock files tell of the processes of our host alone."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING, Final, Literal

from crossdock.store.liveness import Presence

if TYPE_CHECKING:
    from pathlib import Path

_DIGITS: Final = 12


class HostPresence(Presence):
    """This process's lock file in the folder of its host, and a look at everyone else's there.

    A boot id begins with the id that the folder got when it was made: processes that share the folder, and so the
    kernel that keeps its locks, are one host, whatever the names of their machines or containers.
    """

    def __init__(self, folder: Path, name: str) -> None:
        host = host_id(folder)
        self.ours = f"%/{host}%"
        """A pattern of the owners on this host."""
        self._host = f"/{host}"
        super().__init__(folder, name, host + uuid.uuid4().hex[len(host) :])

    def condition(self, owner: str) -> Literal["running", "stopped", "gone", "unknown"]:
        """Tell how the process that owns a lease does; unknown: it is not on this host."""
        if self._host not in owner:
            return "unknown"
        return super().condition(owner)


def host_id(folder: Path) -> str:
    """Return the id of the host that a folder stands for; made at its first use."""
    path = folder / "host"
    made = folder / f".host-{uuid.uuid4().hex}"
    if not path.exists():
        made.write_text(uuid.uuid4().hex[:_DIGITS], encoding="ascii")
        try:
            os.link(made, path)  # unlike a rename, it replaces nothing: the first one counts
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text(encoding="ascii").strip()
