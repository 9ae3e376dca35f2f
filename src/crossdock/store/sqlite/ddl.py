"""Triggers and views of a SQLite store: what keeps other programs honest, and what they read.

Crossdock's own statements raise ``revision`` with every change; a statement of another program leaves it as
it is, and that is how the triggers tell the two apart: they complete a stranger's change (times, lease, order
per key, history) and cost ours one comparison.
"""

from __future__ import annotations

from typing import Final

from crossdock.domain.events import MessageFailed, MessageFellBack, MessageNacked, MessageReplayed
from crossdock.domain.lifecycle import Status, legal_changes
from crossdock.store.strangers import DEFAULT_LEASE_S, message_columns
from crossdock.store.tables import COPIED_COLUMNS, FINISHED_STATUSES, KEY_STATUSES, none_but

_NOW: Final = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
_STRANGER: Final = "NEW.revision = OLD.revision"
_REPLAYED: Final = (
    f"NEW.status = '{Status.PENDING}' AND OLD.status IN ('{Status.FAILED}', '{Status.COMPLETED}')"
)


def _illegal_change() -> str:
    legal = " OR ".join(f"(OLD.status = '{a}' AND NEW.status = '{b}')" for a, b in sorted(legal_changes()))
    return f"OLD.status <> NEW.status AND NOT ({legal})"


def _of_key(row: str) -> str:
    """Return what finds the messages of a row's key; the condition of ``idx_partition_key`` is spelled out in it."""
    return (
        f"target_app = {row}.target_app AND partition_key = {row}.partition_key"
        f" AND partition_key IS NOT NULL AND {none_but(*KEY_STATUSES)}"
    )


def _release_key(row: str) -> str:
    """Let the first waiting message of a row's partition key go, unless one of its key is still processing."""
    same = _of_key(row)
    return (
        f"UPDATE data_staging SET blocked = 0, due_at = {_NOW}, revision = revision + 1 WHERE id = ("
        f"SELECT id FROM data_staging WHERE {same} AND status = 'pending' ORDER BY id LIMIT 1"
        f") AND blocked = 1 AND NOT EXISTS (SELECT 1 FROM data_staging WHERE {same} AND status = 'processing')"
        f" AND NOT EXISTS (SELECT 1 FROM data_staging WHERE {same} AND status = 'failed' AND blocked = 1)"
    )


def _of_error(field: str) -> str:
    """Return what reads a field of the error that another program has set."""
    return f"CASE WHEN json_valid(NEW.error) THEN json_extract(NEW.error, '$.{field}') END"


_GUARD_INSERT: Final = """
CREATE TRIGGER data_staging_guard_insert BEFORE INSERT ON data_staging
WHEN NEW.revision = 0 AND NEW.status <> 'pending' BEGIN
  SELECT RAISE(ABORT, 'crossdock: a new message has status pending; leave the column out');
END"""

_AFTER_INSERT: Final = f"""
CREATE TRIGGER data_staging_after_insert AFTER INSERT ON data_staging
WHEN NEW.revision = 0 AND NEW.partition_key IS NOT NULL BEGIN
  UPDATE data_staging SET blocked = 1, revision = revision + 1 WHERE id = NEW.id;
  {_release_key("NEW")};
END"""

_AFTER_STATUS: Final = f"""
CREATE TRIGGER data_staging_after_status AFTER UPDATE OF status ON data_staging
WHEN {_STRANGER} AND NEW.status <> OLD.status BEGIN
  SELECT RAISE(ABORT, 'crossdock: illegal change of status; see the lifecycle in the documentation')
    WHERE {_illegal_change()};
  UPDATE data_staging SET
    attempts = OLD.attempts + 1,
    claimed_at = {_NOW},
    lease_owner = coalesce(NEW.lease_owner, 'sql'),
    lease_token = coalesce(NEW.lease_token, lower(hex(randomblob(16)))),
    lease_until = coalesce(NEW.lease_until, strftime('%Y-%m-%d %H:%M:%f000', 'now', '+{DEFAULT_LEASE_S} seconds')),
    available_at = NULL
  WHERE id = NEW.id AND NEW.status = '{Status.PROCESSING}';
  UPDATE data_staging SET
    attempts = 0, crashes = 0, result = NULL, replayed_at = {_NOW},
    available_at = CASE WHEN NEW.available_at IS NOT OLD.available_at THEN NEW.available_at END,
    expires_at = CASE WHEN NEW.expires_at IS NOT OLD.expires_at THEN NEW.expires_at END
  WHERE id = NEW.id AND {_REPLAYED};
  UPDATE data_staging SET
    processed_at = CASE WHEN NEW.status = '{Status.PENDING}' THEN NULL ELSE coalesce(NEW.processed_at, {_NOW}) END,
    lease_owner = CASE WHEN NEW.status = '{Status.COMPLETED}' THEN NEW.lease_owner END,
    lease_token = NULL, lease_until = NULL,
    due_at = CASE WHEN NEW.status = '{Status.PENDING}' THEN {_NOW} ELSE NEW.due_at END,
    blocked = CASE
      WHEN NEW.partition_key IS NULL OR NEW.status = '{Status.COMPLETED}' THEN 0
      WHEN NEW.status = '{Status.PENDING}' THEN 1
      ELSE EXISTS (SELECT 1 FROM queue_state WHERE app = NEW.target_app AND on_dead = 'block') END,
    error = CASE WHEN NEW.status = '{Status.FAILED}' THEN coalesce(NEW.error,
      '{{"code":"PERMANENT","message":"set to failed by another program"}}') ELSE NEW.error END
  WHERE id = NEW.id AND NEW.status <> '{Status.PROCESSING}';
  UPDATE data_staging SET updated_at = {_NOW}, lease_keep_s = NULL, revision = revision + 1 WHERE id = NEW.id;
  INSERT INTO audit_log (row_id, event, attempt, who, code, details)
    SELECT NEW.id, CASE
        WHEN NEW.status = '{Status.FAILED}' THEN '{MessageFailed.name}'
        WHEN OLD.status = '{Status.PROCESSING}' THEN '{MessageNacked.name}'
        ELSE '{MessageReplayed.name}' END,
      CASE WHEN {_REPLAYED} THEN NULL ELSE nullif(NEW.attempts, 0) END,
      CASE WHEN OLD.status = '{Status.PROCESSING}' THEN coalesce(OLD.lease_owner, 'sql') ELSE 'sql' END,
      CASE WHEN NEW.status = '{Status.FAILED}' THEN 'PERMANENT' END,
      CASE
        WHEN OLD.status = '{Status.PROCESSING}' THEN json_object('claimed_at', OLD.claimed_at)
        WHEN OLD.status = '{Status.COMPLETED}' THEN json_object('was', OLD.status, 'attempts', OLD.attempts,
          'claimed_at', OLD.claimed_at, 'claimed_by', OLD.lease_owner, 'worker', OLD.lease_owner,
          'processed_at', OLD.processed_at) END
    WHERE NEW.status IN ('{Status.FAILED}', '{Status.PENDING}');
  UPDATE data_staging SET blocked = 1, revision = revision + 1
    WHERE {_of_key("NEW")} AND status = '{Status.PENDING}' AND blocked = 0 AND id <> NEW.id AND {_REPLAYED};
  {_release_key("NEW")};
END"""

_AFTER_FAILED: Final = f"""
CREATE TRIGGER data_staging_after_failed AFTER UPDATE OF status ON data_staging
WHEN {_STRANGER} AND NEW.status = '{Status.FAILED}' AND OLD.status = '{Status.PROCESSING}'
  AND EXISTS (SELECT 1 FROM queue_state WHERE app = NEW.target_app AND fallback IS NOT NULL) BEGIN
  INSERT INTO data_staging ({", ".join(COPIED_COLUMNS)},
      source_app, target_app, source, time, correlation_id, extensions, expires_at)
    SELECT {", ".join(f"NEW.{name}" for name in COPIED_COLUMNS)},
      NEW.target_app, fallback, coalesce(NEW.source, NEW.source_app), coalesce(NEW.time, NEW.created_at),
      coalesce(NEW.correlation_id, NEW.message_id),
      json_set(CASE WHEN json_valid(NEW.extensions) THEN NEW.extensions ELSE '{{}}' END,
        '$.failedapp', NEW.target_app, '$.failedattempts', NEW.attempts,
        '$.failedcode', coalesce({_of_error("code")}, 'PERMANENT'),
        '$.failedreason', substr(coalesce({_of_error("message")}, NEW.error,
          'set to failed by another program'), 1, 1000)),
      CASE WHEN NEW.expires_at > {_NOW} THEN NEW.expires_at END
    FROM queue_state WHERE app = NEW.target_app AND fallback IS NOT NULL
    ON CONFLICT (message_id, target_app, source_app) DO NOTHING;
  INSERT INTO audit_log (row_id, event, who, details)
    SELECT NEW.id, '{MessageFellBack.name}', 'sql', json_object('to', fallback)
    FROM queue_state WHERE app = NEW.target_app;
END"""

_AFTER_EDIT: Final = f"""
CREATE TRIGGER data_staging_after_edit
AFTER UPDATE OF data, data_bytes, priority, available_at, expires_at, max_attempts ON data_staging
WHEN {_STRANGER} AND NEW.status = OLD.status BEGIN
  UPDATE data_staging SET updated_at = {_NOW}, revision = revision + 1,
    payload = CASE WHEN NEW.data IS OLD.data AND NEW.data_bytes IS OLD.data_bytes THEN NEW.payload END
  WHERE id = NEW.id;
END"""

_AFTER_DELETE: Final = f"""
CREATE TRIGGER data_staging_after_delete AFTER DELETE ON data_staging
WHEN OLD.partition_key IS NOT NULL AND OLD.status IN ('pending', 'processing', 'failed') BEGIN
  {_release_key("OLD")};
END"""

_QUEUE_DEPTH: Final = f"""
CREATE VIEW queue_depth AS
SELECT target_app AS app, 'ready' AS state, count(*) AS messages FROM data_staging
  WHERE status = 'pending' AND available_at IS NULL AND blocked = 0 AND crashes = 0 GROUP BY target_app
UNION ALL SELECT target_app, 'suspect', count(*) FROM data_staging
  WHERE status = 'pending' AND available_at IS NULL AND blocked = 0 AND crashes > 0 GROUP BY target_app
UNION ALL SELECT target_app, 'scheduled', count(*) FROM data_staging
  WHERE status = 'pending' AND available_at IS NOT NULL GROUP BY target_app
UNION ALL SELECT target_app, 'blocked', count(*) FROM data_staging
  WHERE status = 'pending' AND available_at IS NULL AND blocked = 1 GROUP BY target_app
UNION ALL SELECT target_app, 'processing', count(*) FROM data_staging
  WHERE status IN ('processing', 'failed') AND status = 'processing' GROUP BY target_app
UNION ALL SELECT target_app, status, count(*) FROM data_staging
  WHERE {none_but(*FINISHED_STATUSES)} GROUP BY target_app, status"""

_OLDEST_DUE: Final = f"""
CREATE VIEW oldest_due AS
SELECT app, min(due_at) AS due_at, (julianday('now') - julianday(min(due_at))) * 86400.0 AS age_s FROM (
  SELECT target_app AS app, coalesce(due_at, created_at) AS due_at FROM data_staging
    WHERE status = 'pending' AND available_at IS NULL AND blocked = 0 AND crashes = 0
  UNION ALL SELECT target_app, coalesce(due_at, created_at) FROM data_staging
    WHERE status = 'pending' AND available_at IS NULL AND blocked = 0 AND crashes > 0
  UNION ALL SELECT target_app, max(available_at, created_at) FROM data_staging
    WHERE status = 'pending' AND available_at IS NOT NULL AND blocked = 0 AND available_at <= {_NOW}
) GROUP BY app"""

_DEAD_LETTERS: Final = """
CREATE VIEW dead_letters AS
SELECT id, target_app AS app, source_app, message_id, type, attempts, crashes, processed_at,
  CASE WHEN json_valid(error) THEN json_extract(error, '$.code') END AS code,
  CASE WHEN json_valid(error) THEN json_extract(error, '$.message') ELSE error END AS reason, data
FROM data_staging WHERE status = 'failed' AND deleted_at IS NULL"""

_LATENCY: Final = """
CREATE VIEW latency AS
SELECT target_app AS app, count(*) AS messages,
  avg((julianday(claimed_at) - julianday(created_at)) * 86400.0) AS mean_wait_s,
  avg((julianday(processed_at) - julianday(claimed_at)) * 86400.0) AS mean_work_s
FROM data_staging WHERE status = 'completed' AND claimed_at IS NOT NULL GROUP BY target_app"""


def _all_messages() -> str:
    columns = message_columns("payload")
    return (
        f"CREATE VIEW all_messages AS\nSELECT {columns}, NULL AS archived_at FROM data_staging AS m\n"
        f"UNION ALL SELECT {columns}, archived_at FROM data_archive AS m"
    )


def statements() -> list[str]:
    """Return the CREATE statements of all triggers and views, in an order that works."""
    triggers = [_GUARD_INSERT, _AFTER_INSERT, _AFTER_STATUS, _AFTER_FAILED, _AFTER_EDIT, _AFTER_DELETE]
    views = [_QUEUE_DEPTH, _OLDEST_DUE, _DEAD_LETTERS, _LATENCY, _all_messages()]
    return [statement.strip() for statement in (*triggers, *views)]
