"""The operations of Task Priority Lite, all of which look at one home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from task_priority.api import changing, feeding, showing, waking
from task_priority.api.watching import Watch

if TYPE_CHECKING:
    from crossdock.api import Operations
    from task_priority.home import Home


def operations_of(home: Home) -> list[Operations]:
    """Return the operations on a home."""
    watch = Watch(home)
    return [one.operations.giving(watch=watch) for one in (showing, changing, feeding, waking)]
