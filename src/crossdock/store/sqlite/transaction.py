"""All verbs of a write transaction, together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crossdock.domain.events import MessageCompleted
from crossdock.store import statements
from crossdock.store.archiving import Archiving
from crossdock.store.claiming import Claiming
from crossdock.store.codec import plain_row
from crossdock.store.controlling_many import ControllingMany
from crossdock.store.doors import Doors
from crossdock.store.exporting import Exporting
from crossdock.store.scheduling import Scheduling
from crossdock.store.settling import Settling
from crossdock.store.switching import Switching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.domain.message import AppId


class SQLiteTransaction(
    Scheduling, Claiming, Settling, ControllingMany, Archiving, Doors, Exporting, Switching
):
    """One open write transaction of a SQLite store."""

    def _complete_each(self, results: Sequence[tuple[int, str]], token: str) -> list[Any]:
        """Complete messages that have results of their own, all in one statement."""
        if len(results) == 1:
            return super()._complete_each(results, token)
        parameters = {"results": json.dumps(results), "token": token, "now": self.now_text}
        heard = self._hears(MessageCompleted.level)
        rows = self.run(statements.complete_each, parameters, heard=heard)
        return self.tell_completed(rows, heard=heard)

    def _whole(self, rows: list[Any], app: AppId) -> list[Any]:
        """Fill in what plain messages have by default, and ask for the rows of the others."""
        special = [row[0] for row in rows if not row[-1]]
        if not special:
            return [plain_row(row, app) for row in rows]
        whole = {row[0]: row for row in self.run(statements.whole, {"ids": json.dumps(special)})}
        return [whole[row[0]] if not row[-1] else plain_row(row, app) for row in rows]
