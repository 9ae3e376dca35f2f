"""The verbs of an operator for many messages of an app: *cancel* and *replay*, by statements about all of a step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.control import ChangedStep
from crossdock.domain.events import MessageCancelled, MessageEvent, MessageReplayed
from crossdock.domain.lifecycle import FailureCode, Status
from crossdock.store import statements
from crossdock.store.about import About
from crossdock.store.codec import failure_to_text
from crossdock.store.controlling import CANCELLED, Controlling
from crossdock.store.types import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crossdock.domain.control import Pace

_ID, _APP, _KEY = range(3)
_AT_ONCE: Final[Mapping[int, str]] = {}


class ControllingMany(Controlling):
    """Changes messages of an app that follow each other, with the outcome that it would have one by one."""

    def cancel_step(self, app: str, *, after: int, limit: int) -> ChangedStep:
        """Withdraw the waiting messages of an app behind a row."""
        row_ids = self.ids_of(app, Status.PENDING, code=None, after=after, limit=limit)
        parameters = {"ids": json.dumps(row_ids), "now": self.now_text, "error": failure_to_text(CANCELLED)}
        rows = self.run(statements.cancel_listed, parameters)
        self.release((row[_APP], row[_KEY]) for row in rows)
        if rows:
            self.log_action(app, MessageCancelled, messages=len(rows))
        self._log_all(rows, MessageCancelled, code=FailureCode.CANCELLED, was=Status.PENDING)
        return _step(rows, row_ids, limit)

    def replay_step(
        self, app: str, *, code: str | None, pace: Pace | None, after: int, limit: int
    ) -> ChangedStep:
        """Send the dead letters of an app behind a row again, now or at a pace."""
        row_ids = self.ids_of(app, Status.FAILED, code=code, after=after, limit=limit)
        instants = [] if pace is None else pace.instants(len(row_ids))
        later = {row_id: to_text(at) for row_id, at in zip(row_ids, instants, strict=False) if at > self.now}
        parameters = {"ids": json.dumps(row_ids), "now": self.now_text, "times": json.dumps(later)}
        rows = self.run(statements.replay_listed, parameters)
        self._put_in_order({row[_KEY] for row in rows} - {None}, app)
        if rows:
            self.woken.add(app)
            self.log_action(
                app, MessageReplayed, messages=len(rows), **({} if code is None else {"code": code})
            )
        self._log_all(rows, MessageReplayed, later, was=Status.FAILED)
        return _step(rows, row_ids, limit)

    def _put_in_order(self, keys: Iterable[str], app: str) -> None:
        """Let what came back under each key be claimed before what was sent after it."""
        pairs = [(app, key) for key in sorted(keys)]
        if pairs:
            self.lock_keys(pairs)
            self._hold(pairs)
            self.release(pairs)

    def _hold(self, keys: Iterable[tuple[str, str]]) -> None:
        for app, key in keys:
            self.run(statements.hold_waiting, {"app": app, "key": key})

    def _log_all(
        self,
        rows: Sequence[Any],
        event: type[MessageEvent],
        later: Mapping[int, str] = _AT_ONCE,
        *,
        code: str = "",
        **details: str,
    ) -> None:
        """Write a line of the audit log for each of these rows, and let the events be told."""
        if not rows:
            return
        for row in rows:
            self.tell_of(event, About.settled(row), attempt=None, code=code or None, who=None, reason=None)
        texts = {
            row[_ID]: json.dumps(
                details if row[_ID] not in later else {"available_at": later[row[_ID]], **details}
            )
            for row in rows
        }
        line = {"at": self.now_text, "event": event.name, "who": self.who, "code": code}
        ids = {"ids": json.dumps(list(texts)), "details": json.dumps(texts)}
        self.run(statements.log_listed, {**ids, **line})


def _step(rows: Sequence[Any], row_ids: Sequence[int], limit: int) -> ChangedStep:
    return ChangedStep(len(rows), row_ids[-1] if len(row_ids) == limit else None)
