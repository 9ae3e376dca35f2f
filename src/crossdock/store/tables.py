"""The tables of a store, as SQLAlchemy metadata: the queue, its archive, large payloads, the audit log, and states.

Every column but ``source_app``, ``target_app`` and ``data`` has a default in the database, so that a
three-column INSERT from any program is a complete send.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from crossdock.domain.lifecycle import Status
from crossdock.domain.message import DEFAULT_PRIORITY, DEFAULT_TYPE, JSON_TYPE
from crossdock.domain.schedule import Missed
from crossdock.store.types import (
    TIMESTAMP_GLOB,
    JsonData,
    JsonValue,
    RowId,
    UtcTimestamp,
    random_uuid,
    utc_now,
)

SCHEMA_NUMBER: Final = 1
"""The number of the newest migration; code compares it with the store's by one SELECT."""

OLDEST_SCHEMA: Final = 1
"""The oldest schema this code can work on without a migration."""

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def timestamp(name: str, *, default: bool = False) -> Column[Any]:
    """Return a column with an instant; with ``default``, it is never NULL and the present unless given."""
    extra: dict[str, Any] = {"nullable": False, "server_default": utc_now()} if default else {}
    return Column(name, UtcTimestamp, **extra)


def _message_columns() -> list[Column[Any]]:
    return [
        Column("source_app", Text, nullable=False),
        Column("target_app", Text, nullable=False),
        Column("data", JsonData, nullable=False),
        Column("data_bytes", LargeBinary),
        Column("payload", Text),
        Column("status", String(10), nullable=False, server_default=Status.PENDING),
        timestamp("created_at", default=True),
        timestamp("processed_at"),
        timestamp("updated_at", default=True),
        Column("created_by", Text, nullable=False, server_default="sql"),
        timestamp("deleted_at"),
        Column("message_id", Text, nullable=False, server_default=random_uuid()),
        Column("source", Text),
        Column("type", Text, nullable=False, server_default=DEFAULT_TYPE),
        Column("subject", Text),
        timestamp("time"),
        Column("content_type", Text, nullable=False, server_default=JSON_TYPE),
        Column("data_schema", Text),
        Column("partition_key", Text),
        Column("correlation_id", Text),
        Column("traceparent", Text),
        Column("extensions", JsonValue),
    ]


def _delivery_columns() -> list[Column[Any]]:
    return [
        Column("priority", Integer, nullable=False, server_default=str(DEFAULT_PRIORITY)),
        timestamp("available_at"),
        timestamp("expires_at"),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("crashes", Integer, nullable=False, server_default="0"),
        Column("max_attempts", Integer),
        Column("retry", JsonValue),
        timestamp("due_at"),
        timestamp("replayed_at"),
        timestamp("claimed_at"),
        Column("lease_owner", Text),
        Column("lease_token", Text),
        timestamp("lease_until"),
        Column("lease_keep_s", Float),
        Column("blocked", Integer, nullable=False, server_default="0"),
        Column("result", JsonValue),
        Column("error", JsonValue),
        Column("revision", Integer, nullable=False, server_default="0"),
    ]


def none_but(*statuses: Status) -> str:
    """Return the condition that a row has one of these statuses, as SQLite finds out fastest.

    Not as a list: for each row that it stores, SQLite fills a table in memory with each list of more than two that
    stands in the condition of an index.
    """
    return " AND ".join(f"status <> '{other}'" for other in Status if other not in statuses)


def _timestamp_checks(names: str) -> list[CheckConstraint]:
    return [
        CheckConstraint(
            text(f"{name} IS NULL OR {name} GLOB '{TIMESTAMP_GLOB}'"), name=f"{name}_utc_text"
        ).ddl_if(dialect="sqlite")
        for name in names.split()
    ]


data_staging: Final = Table(
    "data_staging",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    *_message_columns(),
    *_delivery_columns(),
    CheckConstraint(text(" OR ".join(f"status = '{status}'" for status in Status)), name="status"),
    CheckConstraint(text("priority BETWEEN 0 AND 9"), name="priority"),
    CheckConstraint(text("blocked IN (0, 1)"), name="blocked"),
    CheckConstraint(text("attempts >= 0 AND crashes >= 0"), name="counters"),
    CheckConstraint(text("max_attempts IS NULL OR max_attempts >= 1"), name="max_attempts"),
    CheckConstraint(text("source_app <> '' AND target_app <> '' AND message_id <> ''"), name="names"),
    *_timestamp_checks(
        "created_at processed_at updated_at deleted_at time available_at expires_at due_at replayed_at claimed_at"
        " lease_until"
    ),
    sqlite_autoincrement=True,
)

data_archive: Final = Table(
    "data_archive",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),
    *_message_columns(),
    *_delivery_columns(),
    timestamp("archived_at", default=True),
    Index("idx_archive_message", "message_id", "target_app", "source_app", "archived_at"),
    Index("idx_archive_app", "target_app", "id"),
    Index("idx_archive_age", "target_app", "archived_at", "id"),
)

payload: Final = Table(
    "payload",
    metadata,
    Column("checksum", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    timestamp("created_at", default=True),
)
"""Data that is too large for its row, once for all rows that have it; their column ``payload`` names it."""

archive_file: Final = Table(
    "archive_file",
    metadata,
    Column("name", Text, primary_key=True),
    Column("folder", Text, nullable=False),
    Column("app", Text, nullable=False),
    timestamp("created_at", default=True),
    Column("created_by", Text, nullable=False),
    timestamp("finished_at"),
    Column("row_count", Integer),
    Column("file_size", RowId),
    Column("checksum", Text),
)
"""The files that archived messages went to. One that is not finished was begun by a process that may have died."""

audit_log: Final = Table(
    "audit_log",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("row_id", RowId, nullable=False),
    timestamp("at", default=True),
    Column("event", Text, nullable=False),
    Column("attempt", Integer),
    Column("who", Text),
    Column("code", Text),
    Column("details", JsonValue),
    Column("app", Text),
    Index("idx_audit_row", "row_id"),
    sqlite_autoincrement=True,
)

queue_state: Final = Table(
    "queue_state",
    metadata,
    Column("app", Text, primary_key=True),
    timestamp("paused_at"),
    Column("paused_by", Text),
    timestamp("parked_until"),
    Column("note", Text),
    Column("on_dead", Text, nullable=False, server_default="release"),
    Column("fallback", Text),
    Column("max_depth", Integer),
    Column("max_processing", Integer),
    Column("rate_count", Integer),
    Column("rate_period_s", Float),
    timestamp("rate_next_at"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failed_row", RowId),
    Column("trips", Integer, nullable=False, server_default="0"),
    timestamp("stopped_at"),
    Column("stopped_by", Text),
    Column("restarts", Integer, nullable=False, server_default="0"),
    CheckConstraint(text("on_dead IN ('release', 'block')"), name="on_dead"),
    CheckConstraint(text("fallback IS NULL OR fallback <> app"), name="fallback"),
    CheckConstraint(text("max_depth IS NULL OR max_depth >= 1"), name="max_depth"),
    CheckConstraint(text("max_processing IS NULL OR max_processing >= 1"), name="max_processing"),
    CheckConstraint(text("rate_count IS NULL OR (rate_count >= 1 AND rate_period_s > 0)"), name="rate"),
    CheckConstraint(text("failures >= 0 AND trips >= 0"), name="breaker"),
)

schedule: Final = Table(
    "schedule",
    metadata,
    Column("name", Text, primary_key=True),
    Column("target_app", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("data_bytes", LargeBinary),
    Column("options", Text, nullable=False, server_default="{}"),
    Column("cron", Text),
    Column("timezone", Text),
    Column("interval_s", Float),
    timestamp("at"),
    timestamp("start_at"),
    Column("missed", String(10), nullable=False, server_default=Missed.LATEST),
    Column("configured", Integer, nullable=False, server_default="0"),
    timestamp("decided_until", default=True),
    timestamp("next_at"),
    timestamp("last_slot"),
    Column("sent", RowId, nullable=False, server_default="0"),
    timestamp("paused_at"),
    Column("paused_by", Text),
    timestamp("created_at", default=True),
    Column("declared_by", Text, nullable=False, server_default="sql"),
    timestamp("updated_at", default=True),
    Column("revision", Integer, nullable=False, server_default="0"),
    CheckConstraint(
        text(
            "(cron IS NOT NULL AND timezone IS NOT NULL AND interval_s IS NULL AND at IS NULL)"
            " OR (cron IS NULL AND interval_s IS NOT NULL AND start_at IS NOT NULL AND at IS NULL)"
            " OR (cron IS NULL AND interval_s IS NULL AND at IS NOT NULL)"
        ),
        name="timing",
    ),
    CheckConstraint(text(f"missed IN ({', '.join(repr(m.value) for m in Missed)})"), name="missed"),
    CheckConstraint(text("name <> '' AND target_app <> ''"), name="names"),
    *_timestamp_checks("at start_at decided_until next_at last_slot paused_at created_at updated_at"),
)

crossdock_schema: Final = Table(
    "crossdock_schema",
    metadata,
    Column("number", Integer, nullable=False),
    Column("oldest_code", Integer, nullable=False),
    Column("outside_writers", Integer, nullable=False, server_default="0"),
    Column("store_id", Text, nullable=False, server_default=random_uuid()),
    Column("generation", Integer, nullable=False, server_default="0"),
    timestamp("created_at", default=True),
)

hub_process: Final = Table(
    "hub_process",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("problem", Text),
    timestamp("updated_at", default=True),
)

adapter_position: Final = Table(
    "adapter_position",
    metadata,
    Column("app", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    timestamp("updated_at", default=True),
)
"""How far inbound adapters have come in what they read, as JSON."""

api_key: Final = Table(
    "api_key",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("app", Text),
    timestamp("created_at", default=True),
    Column("created_by", Text, nullable=False, server_default="sql"),
    timestamp("expires_at"),
    timestamp("last_used_at"),
    timestamp("revoked_at"),
)
"""Who may use the API. Of the secret of a key there is the SHA-256 alone; its scopes are words with blanks between."""

app_override: Final = Table(
    "app_override",
    metadata,
    Column("app", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
    timestamp("updated_at", default=True),
    Column("updated_by", Text, nullable=False, server_default="sql"),
)
"""What was said of apps through the API, over what their configuration says: tables of the configuration, as JSON."""

kept_answer: Final = Table(
    "kept_answer",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("caller", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("location", Text, nullable=False, server_default=""),
    Column("body", Text, nullable=False),
    timestamp("created_at", default=True),
    Index("uq_kept_answer_request", "caller", "operation", "name", unique=True),
    Index("idx_kept_answer_age", "created_at"),
)
"""What was answered to requests that name themselves, for those that are made again."""

COPIED_COLUMNS: Final = (
    "data", "data_bytes", "payload", "message_id", "type", "subject", "content_type", "data_schema", "partition_key",
    "traceparent", "priority",
)  # fmt: skip
"""What the fallback of an app receives of a message as it is."""

_t = data_staging.c
FINISHED_STATUSES: Final = (Status.COMPLETED, Status.FAILED, Status.ARCHIVED)
KEY_STATUSES: Final = (Status.PENDING, Status.PROCESSING, Status.FAILED)
"""The statuses in which a message has a place in the order of its partition key."""
_READY: Final = "status = 'pending' AND available_at IS NULL AND blocked = 0"


def _partial(name: str, *columns: Any, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where))


Index("uq_data_staging_message", _t.message_id, _t.target_app, _t.source_app, unique=True)
_partial("idx_claim", _t.target_app, _t.priority.desc(), _t.id, _t.due_at, where=f"{_READY} AND crashes = 0")
_partial(
    "idx_suspect", _t.target_app, _t.priority.desc(), _t.id, _t.due_at, where=f"{_READY} AND crashes > 0"
)
_partial("idx_due", _t.target_app, _t.available_at, where="status = 'pending' AND available_at IS NOT NULL")
_partial("idx_expiry", _t.target_app, _t.expires_at, where="status = 'pending' AND expires_at IS NOT NULL")
_partial(
    "idx_partition_key",
    _t.target_app,
    _t.partition_key,
    _t.status,
    _t.id,
    where=f"partition_key IS NOT NULL AND {none_but(*KEY_STATUSES)}",
)
_partial(
    "idx_blocked", _t.target_app, _t.id, where="status = 'pending' AND available_at IS NULL AND blocked = 1"
)
_partial("idx_status_created", _t.status, _t.created_at, where="status IN ('processing', 'failed')")
_partial("idx_target_app", _t.target_app, _t.status, _t.id, where=none_but(*FINISHED_STATUSES))
_partial("idx_audit_app", audit_log.c.app, audit_log.c.id, where="app IS NOT NULL")
_partial("idx_deleted", _t.target_app, _t.status, where="deleted_at IS NOT NULL")
_partial("idx_payload", _t.payload, where="payload IS NOT NULL")
_partial("idx_archive_payload", data_archive.c.payload, where="payload IS NOT NULL")
_partial("idx_schedule_next", schedule.c.next_at, where="next_at IS NOT NULL AND paused_at IS NULL")
