"""ORM classes on a store, for applications that speak SQLAlchemy.

Through them messages are created and read, and one that still waits may get another priority, time or number of
attempts. Every other move goes through the verbs of ``Queue``: the classes refuse it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import object_session, registry

from crossdock.domain.errors import IllegalMove, StoreError
from crossdock.domain.ids import new_message_id
from crossdock.domain.lifecycle import Status
from crossdock.store.codec import JSON_IN_BYTES, data_from_bytes
from crossdock.store.tables import audit_log, data_staging
from crossdock.store.tables import payload as payload_table

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Mapper

CHANGEABLE: Final = frozenset({"priority", "available_at", "expires_at", "max_attempts"})
_OURS: Final = frozenset({"updated_at", "revision"})
_registry: Final = registry()


class StagedMessage:
    """One message at one app: a row of ``data_staging``, its columns as attributes.

    Raises:
        IllegalMove: At the flush, if anything but ``priority``, ``available_at``, ``expires_at`` or
            ``max_attempts`` was changed, or the message does not wait any more, or it was deleted.
    """

    def __init__(self, *, source_app: str, target_app: str, data: Any, **columns: Any) -> None:
        columns.setdefault("message_id", new_message_id())
        for name, value in {
            "source_app": source_app,
            "target_app": target_app,
            "data": data,
            **columns,
        }.items():
            setattr(self, name, value)

    @property
    def whole_data(self) -> Any:
        """The data as its receiver gets it: a JSON value, or bytes; ``data`` and ``data_bytes`` are the columns alone.

        Raises:
            StoreError: It is large data that is missing or damaged, or the message is in no session.
        """
        payload, session = self.payload, object_session(self)  # type: ignore[attr-defined]  # a column
        raw = self.data_bytes  # type: ignore[attr-defined]  # a column
        if payload is not None and session is not None:
            raw = session.scalar(select(payload_table.c.data).where(payload_table.c.checksum == payload))
        if raw is None and payload is None:
            return self.data  # type: ignore[attr-defined]  # a column
        try:
            marker = JSON_IN_BYTES if self.data == json.loads(JSON_IN_BYTES) else None  # type: ignore[attr-defined]
            return data_from_bytes(marker, raw or b"", payload)
        except (ValueError, TypeError) as error:
            raise StoreError(f"the data of message {self.message_id} cannot be read: {error}") from error  # type: ignore[attr-defined]


class AuditEntry:
    """One line of the audit log; to be read only."""


def _next_revision(revision: int | None) -> int:
    """Begin at 0, so that the triggers give a new row its place behind others of its partition key."""
    return 0 if revision is None else revision + 1


_registry.map_imperatively(
    StagedMessage, data_staging, version_id_col=data_staging.c.revision, version_id_generator=_next_revision
)
_registry.map_imperatively(AuditEntry, audit_log)


@event.listens_for(StagedMessage, "before_update")
def _guard_update(_: Mapper[Any], __: Connection, target: Any) -> None:
    state = inspect(target)
    changed = {attribute.key for attribute in state.attrs if attribute.history.has_changes()} - _OURS
    if not changed:
        return
    if changed - CHANGEABLE:
        names = ", ".join(sorted(changed - CHANGEABLE))
        raise IllegalMove(
            f"{names} of a message cannot be set; use the verbs of Queue (edit, cancel, replay, …)"
        )
    if target.status != Status.PENDING:
        raise IllegalMove(
            f"message {target.message_id} is {target.status}; only one that waits can be changed"
        )
    target.updated_at = datetime.now(UTC)


@event.listens_for(StagedMessage, "before_delete")
@event.listens_for(AuditEntry, "before_delete")
@event.listens_for(AuditEntry, "before_insert")
@event.listens_for(AuditEntry, "before_update")
def _refuse(_: Mapper[Any], __: Connection, target: Any) -> None:
    raise IllegalMove(
        f"{type(target).__name__} rows are not changed or deleted by hand; use Queue.delete and Queue.purge"
    )
