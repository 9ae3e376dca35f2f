"""The verbs of an operator: *cancel, replay, edit, delete*, and pausing a queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import IllegalMove
from crossdock.domain.events import (
    MessageCancelled,
    MessageDeleted,
    MessageEdited,
    MessageReplayed,
    QueuePaused,
    QueuePurged,
    QueueResumed,
    QueueRulesChanged,
)
from crossdock.domain.lifecycle import FailureCode, Status, Verb
from crossdock.domain.retry import Failure
from crossdock.store import statements
from crossdock.store.about import About
from crossdock.store.codec import edited_columns, failure_to_text, record_from
from crossdock.store.payloads import Payloads, columns_outside
from crossdock.store.rules_codec import rule_columns
from crossdock.store.types import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crossdock.domain.record import Record

CANCELLED: Final = Failure(FailureCode.CANCELLED, "cancelled by an operator")
_STEP: Final = 500


class Controlling(Payloads):
    """Changes messages and queues on an operator's word; each change is in the audit log."""

    def cancel(self, record: Record, *, waiting: bool = False) -> None:
        """Withdraw a message; a worker that holds it loses its lease.

        Args:
            record: The message.
            waiting: Only if nobody works on it.

        Raises:
            IllegalMove: It is finished, or worked on.
        """
        found = self._rows_of(record.row_id)
        parameters = {"row_id": record.row_id, "now": self.now_text, "error": failure_to_text(CANCELLED)}
        rows = self.run(statements.cancel, parameters, waiting=waiting)
        _demand(rows, Verb.CANCEL, record)
        held = record_from(found[0], self._payload_data)
        self.log(
            About.record(held),
            MessageCancelled,
            attempt=held.attempts if held.status is Status.PROCESSING else 0,
            code=FailureCode.CANCELLED,
            was=held.status.value,
            **_delivery_of(held),
        )
        self.release((app, key) for _, app, key, *_ in rows)

    def replay(self, record: Record, available_at: datetime | None = None) -> None:
        """Send a finished message again, with all counters at zero, now or later.

        Raises:
            IllegalMove: It is not finished.
        """
        when = to_text(available_at) if available_at is not None and available_at > self.now else ""
        rows = self.run(
            statements.replay, {"row_id": record.row_id, "now": self.now_text, "available_at": when}
        )
        _demand(rows, Verb.REPLAY, record)
        _, app, key, *_ = rows[0]
        if key is not None:
            self.lock_keys([(app, key)])
            self.run(statements.hold_key, {"app": app, "key": key, "row_id": record.row_id})
            self.release([(app, key)])
        self.woken.add(app)
        self.log(About.record(record), MessageReplayed, available_at=when or None, **_history(record))

    def edit(self, record: Record, changes: Mapping[str, Any]) -> None:
        """Change a message that waits or failed; the old values go to the audit log.

        Args:
            record: The message.
            changes: New values of ``data``, ``priority``, ``available_at``, ``expires_at``, ``max_attempts``.

        Raises:
            IllegalMove: It is claimed or completed.
        """
        if "available_at" in changes:
            changes = {**changes, "available_at": max(changes["available_at"], self.now)}
        payload = next(
            (name for (name,) in self.run(statements.payload_of_row, {"row_id": record.row_id})), None
        )
        columns, content = self._placed(edited_columns(changes, record.message.data))
        parameters = {**columns, "row_id": record.row_id, "now": self.now_text}
        rows = self.run(statements.edit, parameters, columns=tuple(columns))
        _demand(rows, Verb.EDIT, record)
        if content is not None:
            self.keep_payload(columns["payload"], content)
        if "payload" in columns:
            self.drop_payloads([payload])
        self.woken.add(record.app)
        self.log(About.record(record), MessageEdited, before=_before(record, changes, payload))

    def _placed(self, columns: dict[str, Any]) -> tuple[dict[str, Any], bytes | None]:
        """Return the columns of an edit as they are stored, and the data that goes out of the row, if it is large."""
        raw = columns.get("data_bytes")
        text = columns.get("data") if raw is None else None
        if "data" not in columns or not self.is_large_data(text, raw):
            return self._storable(columns), None
        placed, content = columns_outside(text, raw)
        return {**columns, "data_bytes": None, **placed}, content

    def _storable(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Return columns as this database can hold them."""
        return columns

    def revision_of(self, row_id: int) -> int | None:
        """Return how often a message was changed, and keep it from changing meanwhile; None: it is gone."""
        return next((revision for (revision,) in self.run(statements.revision_of, {"row_id": row_id})), None)

    def delete(self, record: Record) -> None:
        """Hide a finished message; purging removes it.

        Raises:
            IllegalMove: It is not finished.
        """
        rows = self.run(statements.delete_row, {"row_id": record.row_id, "now": self.now_text})
        _demand(rows, Verb.DELETE, record)
        self.log(About.record(record), MessageDeleted, was=record.status.value)
        self.release((app, key) for _, app, key in rows)

    def ids_of(self, app: str, status: Status, *, code: str | None, after: int, limit: int) -> list[int]:
        """Return row ids of an app's messages of one status, in order, after a given one."""
        parameters: dict[str, Any] = {"app": app, "after": after, "limit": limit}
        if code is not None:
            parameters["code"] = code
        rows = self.run(statements.of_app, parameters, status=status, with_code=code is not None)
        return [row_id for (row_id,) in rows]

    def _rows_of(self, row_id: int) -> list[Any]:
        """Return a row without what lies outside it, which ``_payload_data`` fetches if somebody looks at it."""
        return self.run(statements.by_row_id, {"row_id": row_id}, whole=False)

    def _payload_data(self, checksum: str) -> bytes | None:
        rows = self.run(statements.payload_data, {"checksum": checksum})
        return rows[0][0] if rows else None

    def purge(self, app: str, status: Status, before: datetime, limit: int) -> int:
        """Remove finished messages and their history for good; return how many."""
        parameters = {"app": app, "status": status.value, "before": to_text(before), "limit": limit}
        rows = self.run(statements.purge, parameters)
        self._forget([row_id for row_id, *_ in rows])
        self.release((target, key) for _, target, key, _ in rows)
        self.drop_payloads(payload for *_, payload in rows)
        if rows:
            self.log_action(app, QueuePurged, status=status.value, messages=len(rows))
            words = f"{len(rows)} {status.value} messages of {app!r} were removed by {self.who}"
            self.tell(QueuePurged(app=app, reason=words))
        return len(rows)

    def pause(self, app: str) -> None:
        """Let nothing more be claimed from a queue."""
        self.run(statements.set_paused, {"app": app, "paused_at": self.now_text, "who": self.who, "note": ""})
        self.log_action(app, QueuePaused)
        self.tell(QueuePaused(app=app, reason=f"{app!r} was paused by {self.who}"))

    def resume(self, app: str) -> None:
        """Let a paused or parked queue be claimed from again."""
        self.run(statements.set_paused, {"app": app, "paused_at": "", "who": "", "note": ""})
        self.woken.add(app)
        self.log_action(app, QueueResumed)
        self.tell(QueueResumed(app=app, reason=f"{app!r} was resumed by {self.who}"))

    def set_rules(self, app: str, rules: Mapping[str, Any]) -> None:
        """Put rules of a queue into force; None takes one away, what is not named stays."""
        columns = rule_columns(rules)
        self.run(statements.set_rules, {"app": app, **columns}, columns=tuple(columns))
        self.limits.forget()
        self.log_action(
            app, QueueRulesChanged, **{name: rules.get(name, text) for name, text in columns.items()}
        )
        words = f"{', '.join(rules)} of {app!r} changed, by {self.who}"
        self.tell(QueueRulesChanged(app=app, reason=words))
        self.woken.add(app)
        if rules.get("on_dead") == "release":
            keys = self.run(statements.dead_keys, {"app": app})
            self.run(statements.free_dead, {"app": app})
            self.release((app, key) for (key,) in keys)

    def next_generation(self) -> int:
        """Let every process read its configuration again; return the number that it then reports."""
        from crossdock.domain.process_events import ConfigReloaded  # noqa: PLC0415 - seldom needed

        generation = int(self.run(statements.next_generation, {})[0][0])
        self.log_action("", ConfigReloaded, generation=generation)
        return generation

    def report(self, owner: str, report: Mapping[str, Any]) -> None:
        """Note which generation of the configuration a process has applied, and what was the matter with it."""
        self.run(statements.report, {"owner": owner, "now": self.now_text, **report})

    def forget_process(self, owner: str) -> None:
        """Forget a process that has ended."""
        self.run(statements.forget_process, {"owner": owner})

    def put_position(self, app: str, key: str, value: str | None) -> None:
        """Note how far an app has come in something, as JSON; None forgets it."""
        if value is None:
            self.run(statements.drop_position, {"app": app, "key": key})
        else:
            parameters = {"app": app, "key": key, "value": value, "now": self.now_text}
            self.run(statements.put_position, parameters)

    def _forget(self, row_ids: Sequence[int]) -> None:
        for start in range(0, len(row_ids), _STEP):
            self.run(statements.purge_log, {"ids": json.dumps(row_ids[start : start + _STEP])})


def _demand(rows: Sequence[Any], verb: Verb, record: Record) -> None:
    if not rows:
        raise IllegalMove(
            f"cannot {verb.value} message {record.message.id} of {record.app}: it is {record.status.value}"
        )


def _delivery_of(record: Record) -> dict[str, Any]:
    """Return what the end of the delivery in progress overwrites in the row, so that the timeline keeps it."""
    if record.status is not Status.PROCESSING or record.claimed_at is None:
        return {}
    return {"claimed_at": to_text(record.claimed_at), "claimed_by": record.lease_owner}


def _history(record: Record) -> dict[str, Any]:
    """Return what a replay overwrites in the row, so that the timeline keeps it."""
    if record.status is not Status.COMPLETED or record.claimed_at is None or record.processed_at is None:
        return {"was": record.status.value}
    return {
        "was": record.status.value,
        "attempts": record.attempts,
        "claimed_at": to_text(record.claimed_at),
        "processed_at": to_text(record.processed_at),
        "claimed_by": record.lease_owner,
        "worker": record.lease_owner,
    }


def _before(record: Record, changes: Mapping[str, Any], payload: str | None) -> dict[str, Any]:
    """Return the old values of what an edit changes; of data that lies outside the row, its checksum."""
    olds: dict[str, Any] = {
        "data": payload or ("(bytes)" if isinstance(record.message.data, bytes) else record.message.data),
        "priority": record.message.priority,
        "available_at": None if record.available_at is None else to_text(record.available_at),
        "expires_at": None if record.message.expirytime is None else to_text(record.message.expirytime),
        "max_attempts": record.max_attempts,
    }
    return {name: olds[name] for name in changes}
