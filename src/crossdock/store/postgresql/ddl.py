"""Functions, triggers, views and storage settings of a PostgreSQL store.

As on SQLite, Crossdock's own statements raise ``revision`` by one with every change. A statement of another program
leaves it as it is; the triggers complete such a change (times, lease, history) and raise it by two, by which the
trigger that keeps the order of partition keys knows it. Ours cost one comparison.
"""

from __future__ import annotations

from typing import Final

from crossdock.domain.events import MessageFailed, MessageFellBack, MessageNacked, MessageReplayed
from crossdock.domain.lifecycle import Status, legal_changes
from crossdock.store.strangers import DEFAULT_LEASE_S, message_columns
from crossdock.store.tables import COPIED_COLUMNS

_OF_KEY: Final = (
    "target_app = an_app AND partition_key = a_key AND partition_key IS NOT NULL"
    " AND status IN ('pending', 'processing', 'failed')"
)
_REPLAYED: Final = (
    f"NEW.status = '{Status.PENDING}' AND OLD.status IN ('{Status.FAILED}', '{Status.COMPLETED}')"
)


def _is_legal() -> str:
    return " OR ".join(f"(OLD.status = '{a}' AND NEW.status = '{b}')" for a, b in sorted(legal_changes()))


_FAILURE_CODE: Final = """
CREATE FUNCTION integration.failure_code(error json) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE WHEN json_typeof(error) = 'object' THEN error ->> 'code' END;
EXCEPTION WHEN others THEN RETURN NULL;
END $$"""

_FAILURE_REASON: Final = """
CREATE FUNCTION integration.failure_reason(error json) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE WHEN json_typeof(error) = 'object' THEN error ->> 'message' ELSE error #>> '{}' END;
EXCEPTION WHEN others THEN RETURN error::text;
END $$"""

_LOCK_KEY: Final = """
CREATE FUNCTION integration.lock_key(an_app text, a_key text) RETURNS void LANGUAGE sql AS $$
  SELECT pg_advisory_xact_lock(hashtextextended(an_app || '/' || a_key, 7))
$$"""

_RELEASE_KEY: Final = f"""
CREATE FUNCTION integration.release_key(an_app text, a_key text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE integration.data_staging SET blocked = 0, due_at = now(), revision = revision + 1
  WHERE id = (SELECT min(id) FROM integration.data_staging WHERE {_OF_KEY} AND status = 'pending')
    AND blocked = 1 AND status = 'pending'
    AND NOT EXISTS (SELECT 1 FROM (VALUES ('processing', 0), ('failed', 1)) AS w (status, blocked)
      CROSS JOIN LATERAL (SELECT 1 FROM integration.data_staging AS b
        WHERE {_OF_KEY} AND b.status = w.status AND b.blocked >= w.blocked LIMIT 1) AS before);
END $$"""

# Not before the insert: a table with such a trigger takes in the rows of a COPY one by one, and not by the page.
_AFTER_INSERT: Final = f"""
CREATE FUNCTION integration.data_staging_after_insert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  an_app text := NEW.target_app;
  a_key text := NEW.partition_key;
BEGIN
  IF NEW.status <> 'pending' THEN
    RAISE EXCEPTION 'crossdock: a new message has status pending; leave the column out'
      USING ERRCODE = 'check_violation';
  END IF;
  PERFORM integration.lock_key(an_app, a_key);
  -- Whoever had the lock before us may have a later id than ours: what was the first to wait is it no longer.
  UPDATE integration.data_staging SET blocked = 1, revision = revision + CAST(id <> NEW.id AS INTEGER)
  WHERE id IN (NEW.id, (SELECT min(id) FROM integration.data_staging
      WHERE {_OF_KEY} AND status = 'pending' AND id > NEW.id))
    AND blocked = 0 AND status = 'pending';
  PERFORM integration.release_key(an_app, a_key);
  RETURN NULL;
END $$"""

_BEFORE_STATUS: Final = f"""
CREATE FUNCTION integration.data_staging_before_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT ({_is_legal()}) THEN
    RAISE EXCEPTION 'crossdock: illegal change of status; see the lifecycle in the documentation'
      USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.status = '{Status.PROCESSING}' THEN
    NEW.attempts := OLD.attempts + 1;
    NEW.claimed_at := now();
    NEW.lease_owner := coalesce(NEW.lease_owner, 'sql');
    NEW.lease_token := coalesce(NEW.lease_token, replace(CAST(gen_random_uuid() AS TEXT), '-', ''));
    NEW.lease_until := coalesce(NEW.lease_until, now() + INTERVAL '{DEFAULT_LEASE_S} seconds');
    NEW.available_at := NULL;
  ELSE
    IF {_REPLAYED} THEN
      NEW.attempts := 0;
      NEW.crashes := 0;
      NEW.result := NULL;
      NEW.replayed_at := now();
      IF NEW.available_at IS NOT DISTINCT FROM OLD.available_at THEN NEW.available_at := NULL; END IF;
      IF NEW.expires_at IS NOT DISTINCT FROM OLD.expires_at THEN NEW.expires_at := NULL; END IF;
    END IF;
    NEW.processed_at := CASE WHEN NEW.status <> '{Status.PENDING}' THEN coalesce(NEW.processed_at, now()) END;
    NEW.lease_owner := CASE WHEN NEW.status = '{Status.COMPLETED}' THEN NEW.lease_owner END;
    NEW.lease_token := NULL;
    NEW.lease_until := NULL;
    NEW.due_at := CASE WHEN NEW.status = '{Status.PENDING}' THEN now() ELSE NEW.due_at END;
    NEW.blocked := CASE
      WHEN NEW.partition_key IS NULL OR NEW.status = '{Status.COMPLETED}' THEN 0
      WHEN NEW.status = '{Status.PENDING}' THEN 1
      ELSE CAST(EXISTS (SELECT 1 FROM integration.queue_state
        WHERE app = NEW.target_app AND on_dead = 'block') AS INTEGER) END;
    IF NEW.status = '{Status.FAILED}' AND NEW.error IS NULL THEN
      NEW.error := '{{"code": "PERMANENT", "message": "set to failed by another program"}}';
    END IF;
  END IF;
  NEW.updated_at := now();
  NEW.lease_keep_s := NULL;
  NEW.revision := OLD.revision + 2;
  IF NEW.status IN ('{Status.FAILED}', '{Status.PENDING}') THEN
    INSERT INTO integration.audit_log (row_id, event, attempt, who, code, details) VALUES (
      NEW.id,
      CASE WHEN NEW.status = '{Status.FAILED}' THEN '{MessageFailed.name}'
        WHEN OLD.status = '{Status.PROCESSING}' THEN '{MessageNacked.name}' ELSE '{MessageReplayed.name}' END,
      CASE WHEN NOT ({_REPLAYED}) THEN nullif(NEW.attempts, 0) END,
      CASE WHEN OLD.status = '{Status.PROCESSING}' THEN coalesce(OLD.lease_owner, 'sql') ELSE 'sql' END,
      CASE WHEN NEW.status = '{Status.FAILED}' THEN 'PERMANENT' END,
      CASE
        WHEN OLD.status = '{Status.PROCESSING}' THEN
          json_build_object('claimed_at', integration.utc_text(OLD.claimed_at))
        WHEN OLD.status = '{Status.COMPLETED}' THEN json_build_object('was', OLD.status, 'attempts', OLD.attempts,
          'claimed_at', integration.utc_text(OLD.claimed_at), 'claimed_by', OLD.lease_owner,
          'worker', OLD.lease_owner, 'processed_at', integration.utc_text(OLD.processed_at)) END);
  END IF;
  RETURN NEW;
END $$"""

_UTC_TEXT: Final = """
CREATE FUNCTION integration.utc_text(moment timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')
$$"""

_AFTER_STATUS: Final = f"""
CREATE FUNCTION integration.data_staging_after_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM integration.lock_key(NEW.target_app, NEW.partition_key);
  IF {_REPLAYED} THEN
    UPDATE integration.data_staging SET blocked = 1, revision = revision + 1
    WHERE target_app = NEW.target_app AND partition_key = NEW.partition_key AND partition_key IS NOT NULL
      AND status IN ('pending', 'processing', 'failed')
      AND status = '{Status.PENDING}' AND blocked = 0 AND id <> NEW.id;
  END IF;
  PERFORM integration.release_key(NEW.target_app, NEW.partition_key);
  RETURN NULL;
END $$"""

_AFTER_FAILED: Final = f"""
CREATE FUNCTION integration.data_staging_after_failed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  other text := (SELECT fallback FROM integration.queue_state WHERE app = NEW.target_app);
BEGIN
  IF other IS NULL THEN RETURN NULL; END IF;
  INSERT INTO integration.data_staging ({", ".join(COPIED_COLUMNS)},
      source_app, target_app, source, time, correlation_id, extensions, expires_at)
    VALUES ({", ".join(f"NEW.{name}" for name in COPIED_COLUMNS)},
      NEW.target_app, other, coalesce(NEW.source, NEW.source_app), coalesce(NEW.time, NEW.created_at),
      coalesce(NEW.correlation_id, NEW.message_id),
      CAST(CASE WHEN json_typeof(NEW.extensions) = 'object' THEN CAST(NEW.extensions AS JSONB) ELSE '{{}}' END
        || jsonb_build_object('failedapp', NEW.target_app, 'failedattempts', NEW.attempts,
          'failedcode', coalesce(integration.failure_code(NEW.error), 'PERMANENT'),
          'failedreason', left(coalesce(integration.failure_reason(NEW.error), 'set to failed by another program'),
            1000)) AS JSON),
      CASE WHEN NEW.expires_at > now() THEN NEW.expires_at END)
    ON CONFLICT (message_id, target_app, source_app) DO NOTHING;
  INSERT INTO integration.audit_log (row_id, event, who, details)
    VALUES (NEW.id, '{MessageFellBack.name}', 'sql', json_build_object('to', other));
  RETURN NULL;
END $$"""

_BEFORE_EDIT: Final = """
CREATE FUNCTION integration.data_staging_before_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.data IS DISTINCT FROM OLD.data OR NEW.data_bytes IS DISTINCT FROM OLD.data_bytes THEN
    NEW.payload := NULL;
  END IF;
  NEW.updated_at := now();
  NEW.revision := OLD.revision + 1;
  RETURN NEW;
END $$"""

_AFTER_DELETE: Final = """
CREATE FUNCTION integration.data_staging_after_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM integration.lock_key(OLD.target_app, OLD.partition_key);
  PERFORM integration.release_key(OLD.target_app, OLD.partition_key);
  RETURN NULL;
END $$"""

_TRIGGERS: Final = (
    """
CREATE TRIGGER after_insert AFTER INSERT ON integration.data_staging FOR EACH ROW
WHEN (NEW.revision = 0 AND (NEW.status <> 'pending' OR NEW.partition_key IS NOT NULL))
EXECUTE FUNCTION integration.data_staging_after_insert()""",
    """
CREATE TRIGGER before_status BEFORE UPDATE OF status ON integration.data_staging FOR EACH ROW
WHEN (NEW.revision = OLD.revision AND NEW.status <> OLD.status)
EXECUTE FUNCTION integration.data_staging_before_status()""",
    """
CREATE TRIGGER after_status AFTER UPDATE OF status ON integration.data_staging FOR EACH ROW
WHEN (NEW.revision = OLD.revision + 2 AND NEW.status <> OLD.status AND NEW.partition_key IS NOT NULL)
EXECUTE FUNCTION integration.data_staging_after_status()""",
    f"""
CREATE TRIGGER after_failed AFTER UPDATE OF status ON integration.data_staging FOR EACH ROW
WHEN (NEW.revision = OLD.revision + 2 AND NEW.status = '{Status.FAILED}' AND OLD.status = '{Status.PROCESSING}')
EXECUTE FUNCTION integration.data_staging_after_failed()""",
    """
CREATE TRIGGER before_edit
BEFORE UPDATE OF data, data_bytes, priority, available_at, expires_at, max_attempts
ON integration.data_staging FOR EACH ROW
WHEN (NEW.revision = OLD.revision AND NEW.status = OLD.status)
EXECUTE FUNCTION integration.data_staging_before_edit()""",
    """
CREATE TRIGGER after_delete AFTER DELETE ON integration.data_staging FOR EACH ROW
WHEN (OLD.partition_key IS NOT NULL AND OLD.status IN ('pending', 'processing', 'failed'))
EXECUTE FUNCTION integration.data_staging_after_delete()""",
)

_QUEUE_DEPTH: Final = """
CREATE VIEW integration.queue_depth AS
SELECT target_app AS app, 'ready' AS state, count(*) AS messages FROM integration.data_staging
  WHERE status = 'pending' AND available_at IS NULL AND blocked = 0 AND crashes = 0 GROUP BY target_app
UNION ALL SELECT target_app, 'suspect', count(*) FROM integration.data_staging
  WHERE status = 'pending' AND available_at IS NULL AND blocked = 0 AND crashes > 0 GROUP BY target_app
UNION ALL SELECT target_app, 'scheduled', count(*) FROM integration.data_staging
  WHERE status = 'pending' AND available_at IS NOT NULL GROUP BY target_app
UNION ALL SELECT target_app, 'blocked', count(*) FROM integration.data_staging
  WHERE status = 'pending' AND available_at IS NULL AND blocked = 1 GROUP BY target_app
UNION ALL SELECT target_app, 'processing', count(*) FROM integration.data_staging
  WHERE status IN ('processing', 'failed') AND status = 'processing' GROUP BY target_app
UNION ALL SELECT target_app, status, count(*) FROM integration.data_staging
  WHERE status IN ('completed', 'failed', 'archived') GROUP BY target_app, status"""

_OLDEST_DUE: Final = """
CREATE VIEW integration.oldest_due AS
SELECT app, min(due_at) AS due_at, CAST(extract(epoch FROM now() - min(due_at)) AS DOUBLE PRECISION) AS age_s FROM (
  SELECT target_app AS app, coalesce(due_at, created_at) AS due_at FROM integration.data_staging
    WHERE status = 'pending' AND available_at IS NULL AND blocked = 0 AND crashes = 0
  UNION ALL SELECT target_app, coalesce(due_at, created_at) FROM integration.data_staging
    WHERE status = 'pending' AND available_at IS NULL AND blocked = 0 AND crashes > 0
  UNION ALL SELECT target_app, greatest(available_at, created_at) FROM integration.data_staging
    WHERE status = 'pending' AND available_at IS NOT NULL AND blocked = 0 AND available_at <= now()
) AS due GROUP BY app"""

_DEAD_LETTERS: Final = """
CREATE VIEW integration.dead_letters AS
SELECT id, target_app AS app, source_app, message_id, type, attempts, crashes, processed_at,
  integration.failure_code(error) AS code, integration.failure_reason(error) AS reason, data
FROM integration.data_staging WHERE status = 'failed' AND deleted_at IS NULL"""

_LATENCY: Final = """
CREATE VIEW integration.latency AS
SELECT target_app AS app, count(*) AS messages,
  CAST(avg(extract(epoch FROM claimed_at - created_at)) AS DOUBLE PRECISION) AS mean_wait_s,
  CAST(avg(extract(epoch FROM processed_at - claimed_at)) AS DOUBLE PRECISION) AS mean_work_s
FROM integration.data_staging WHERE status = 'completed' AND claimed_at IS NOT NULL GROUP BY target_app"""

_STORAGE: Final = (
    # Rows change two or three times within seconds and are then left alone: room for the next version on the same
    # page, vacuum by a number of changes and not by a share of the table, and at full speed, for the dead versions
    # lie in front of the living ones in every index that a claim reads.
    """
ALTER TABLE integration.data_staging SET (fillfactor = 85,
  autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
  autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)""",
)


def _all_messages() -> str:
    columns = message_columns("integration.payload")
    return (
        f"CREATE VIEW integration.all_messages AS\n"
        f"SELECT {columns}, CAST(NULL AS TIMESTAMPTZ) AS archived_at FROM integration.data_staging AS m\n"
        f"UNION ALL SELECT {columns}, archived_at FROM integration.data_archive AS m"
    )


def statements() -> list[str]:
    """Return the CREATE statements of all functions, triggers and views, in an order that works."""
    functions = [
        _FAILURE_CODE, _FAILURE_REASON, _UTC_TEXT, _LOCK_KEY, _RELEASE_KEY, _AFTER_INSERT,
        _BEFORE_STATUS, _AFTER_STATUS, _AFTER_FAILED, _BEFORE_EDIT, _AFTER_DELETE,
    ]  # fmt: skip
    views = [_QUEUE_DEPTH, _OLDEST_DUE, _DEAD_LETTERS, _LATENCY, _all_messages()]
    return [statement.strip() for statement in (*functions, *_TRIGGERS, *views, *_STORAGE)]
