"""The first tables: queue, archive, large payloads, audit log, state of queues, schedules, API keys, kept answers.

Revision 0001. Never edited once released: what it made is what later revisions change.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from crossdock.store.migrations.first_tables_postgresql import STATEMENTS as ON_POSTGRESQL

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None

_STATEMENTS: Final = (
    """\
CREATE TABLE audit_log (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  row_id INTEGER NOT NULL,
  at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  event TEXT NOT NULL,
  attempt INTEGER,
  who TEXT,
  code TEXT,
  details TEXT,
  app TEXT
)""",
    """\
CREATE INDEX idx_audit_app ON audit_log (app, id) WHERE app IS NOT NULL""",
    """\
CREATE INDEX idx_audit_row ON audit_log (row_id)""",
    """\
CREATE TABLE archive_file (
  name TEXT NOT NULL,
  folder TEXT NOT NULL,
  app TEXT NOT NULL,
  created_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  created_by TEXT NOT NULL,
  finished_at VARCHAR(26),
  row_count INTEGER,
  file_size INTEGER,
  checksum TEXT,
  CONSTRAINT pk_archive_file PRIMARY KEY (name)
)""",
    """\
CREATE TABLE crossdock_schema (
  number INTEGER NOT NULL,
  oldest_code INTEGER NOT NULL,
  outside_writers INTEGER DEFAULT '0' NOT NULL,
  store_id TEXT DEFAULT (lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(2))) || '-4' || substr(lower(hex(randomblob(2))), 2) || '-' || substr('89ab', 1 + abs(random() % 4), 1) || substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6)))) NOT NULL,
  generation INTEGER DEFAULT '0' NOT NULL,
  created_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL
)""",
    """\
CREATE TABLE data_archive (
  id INTEGER NOT NULL,
  source_app TEXT NOT NULL,
  target_app TEXT NOT NULL,
  data TEXT NOT NULL,
  data_bytes BLOB,
  payload TEXT,
  status VARCHAR(10) DEFAULT 'pending' NOT NULL,
  created_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  processed_at VARCHAR(26),
  updated_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  created_by TEXT DEFAULT 'sql' NOT NULL,
  deleted_at VARCHAR(26),
  message_id TEXT DEFAULT (lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(2))) || '-4' || substr(lower(hex(randomblob(2))), 2) || '-' || substr('89ab', 1 + abs(random() % 4), 1) || substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6)))) NOT NULL,
  source TEXT,
  type TEXT DEFAULT 'crossdock.message' NOT NULL,
  subject TEXT,
  time VARCHAR(26),
  content_type TEXT DEFAULT 'application/json' NOT NULL,
  data_schema TEXT,
  partition_key TEXT,
  correlation_id TEXT,
  traceparent TEXT,
  extensions TEXT,
  priority INTEGER DEFAULT '4' NOT NULL,
  available_at VARCHAR(26),
  expires_at VARCHAR(26),
  attempts INTEGER DEFAULT '0' NOT NULL,
  crashes INTEGER DEFAULT '0' NOT NULL,
  max_attempts INTEGER,
  retry TEXT,
  due_at VARCHAR(26),
  replayed_at VARCHAR(26),
  claimed_at VARCHAR(26),
  lease_owner TEXT,
  lease_token TEXT,
  lease_until VARCHAR(26),
  lease_keep_s FLOAT,
  blocked INTEGER DEFAULT '0' NOT NULL,
  result TEXT,
  error TEXT,
  revision INTEGER DEFAULT '0' NOT NULL,
  archived_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT pk_data_archive PRIMARY KEY (id)
)""",
    """\
CREATE INDEX idx_archive_age ON data_archive (target_app, archived_at, id)""",
    """\
CREATE INDEX idx_archive_app ON data_archive (target_app, id)""",
    """\
CREATE INDEX idx_archive_message ON data_archive (message_id, target_app, source_app, archived_at)""",
    """\
CREATE TABLE data_staging (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  source_app TEXT NOT NULL,
  target_app TEXT NOT NULL,
  data TEXT NOT NULL,
  data_bytes BLOB,
  payload TEXT,
  status VARCHAR(10) DEFAULT 'pending' NOT NULL,
  created_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  processed_at VARCHAR(26),
  updated_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  created_by TEXT DEFAULT 'sql' NOT NULL,
  deleted_at VARCHAR(26),
  message_id TEXT DEFAULT (lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(2))) || '-4' || substr(lower(hex(randomblob(2))), 2) || '-' || substr('89ab', 1 + abs(random() % 4), 1) || substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6)))) NOT NULL,
  source TEXT,
  type TEXT DEFAULT 'crossdock.message' NOT NULL,
  subject TEXT,
  time VARCHAR(26),
  content_type TEXT DEFAULT 'application/json' NOT NULL,
  data_schema TEXT,
  partition_key TEXT,
  correlation_id TEXT,
  traceparent TEXT,
  extensions TEXT,
  priority INTEGER DEFAULT '4' NOT NULL,
  available_at VARCHAR(26),
  expires_at VARCHAR(26),
  attempts INTEGER DEFAULT '0' NOT NULL,
  crashes INTEGER DEFAULT '0' NOT NULL,
  max_attempts INTEGER,
  retry TEXT,
  due_at VARCHAR(26),
  replayed_at VARCHAR(26),
  claimed_at VARCHAR(26),
  lease_owner TEXT,
  lease_token TEXT,
  lease_until VARCHAR(26),
  lease_keep_s FLOAT,
  blocked INTEGER DEFAULT '0' NOT NULL,
  result TEXT,
  error TEXT,
  revision INTEGER DEFAULT '0' NOT NULL,
  CONSTRAINT ck_data_staging_status CHECK (status = 'pending' OR status = 'processing' OR status = 'completed' OR status = 'failed' OR status = 'archived'),
  CONSTRAINT ck_data_staging_priority CHECK (priority BETWEEN 0 AND 9),
  CONSTRAINT ck_data_staging_blocked CHECK (blocked IN (0, 1)),
  CONSTRAINT ck_data_staging_counters CHECK (attempts >= 0 AND crashes >= 0),
  CONSTRAINT ck_data_staging_max_attempts CHECK (max_attempts IS NULL OR max_attempts >= 1),
  CONSTRAINT ck_data_staging_names CHECK (source_app <> '' AND target_app <> '' AND message_id <> ''),
  CONSTRAINT ck_data_staging_created_at_utc_text CHECK (created_at IS NULL OR created_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_data_staging_processed_at_utc_text CHECK (processed_at IS NULL OR processed_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_data_staging_updated_at_utc_text CHECK (updated_at IS NULL OR updated_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_data_staging_deleted_at_utc_text CHECK (deleted_at IS NULL OR deleted_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_data_staging_time_utc_text CHECK (time IS NULL OR time GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_data_staging_available_at_utc_text CHECK (available_at IS NULL OR available_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_data_staging_expires_at_utc_text CHECK (expires_at IS NULL OR expires_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_data_staging_due_at_utc_text CHECK (due_at IS NULL OR due_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_data_staging_replayed_at_utc_text CHECK (replayed_at IS NULL OR replayed_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_data_staging_claimed_at_utc_text CHECK (claimed_at IS NULL OR claimed_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_data_staging_lease_until_utc_text CHECK (lease_until IS NULL OR lease_until GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]')
)""",
    """\
CREATE INDEX idx_blocked ON data_staging (target_app, id) WHERE status = 'pending' AND available_at IS NULL AND blocked = 1""",
    """\
CREATE INDEX idx_claim ON data_staging (target_app, priority DESC, id, due_at) WHERE status = 'pending' AND available_at IS NULL AND blocked = 0 AND crashes = 0""",
    """\
CREATE INDEX idx_deleted ON data_staging (target_app, status) WHERE deleted_at IS NOT NULL""",
    """\
CREATE INDEX idx_due ON data_staging (target_app, available_at) WHERE status = 'pending' AND available_at IS NOT NULL""",
    """\
CREATE INDEX idx_expiry ON data_staging (target_app, expires_at) WHERE status = 'pending' AND expires_at IS NOT NULL""",
    """\
CREATE INDEX idx_partition_key ON data_staging (target_app, partition_key, status, id) WHERE partition_key IS NOT NULL AND status <> 'completed' AND status <> 'archived'""",
    """\
CREATE INDEX idx_status_created ON data_staging (status, created_at) WHERE status IN ('processing', 'failed')""",
    """\
CREATE INDEX idx_suspect ON data_staging (target_app, priority DESC, id, due_at) WHERE status = 'pending' AND available_at IS NULL AND blocked = 0 AND crashes > 0""",
    """\
CREATE INDEX idx_target_app ON data_staging (target_app, status, id) WHERE status <> 'pending' AND status <> 'processing'""",
    """\
CREATE UNIQUE INDEX uq_data_staging_message ON data_staging (message_id, target_app, source_app)""",
    """\
CREATE TABLE api_key (
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  scopes TEXT NOT NULL,
  app TEXT,
  created_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  created_by TEXT DEFAULT 'sql' NOT NULL,
  expires_at VARCHAR(26),
  last_used_at VARCHAR(26),
  revoked_at VARCHAR(26),
  CONSTRAINT pk_api_key PRIMARY KEY (id)
)""",
    """\
CREATE TABLE app_override (
  app TEXT NOT NULL,
  document TEXT NOT NULL,
  revision INTEGER DEFAULT '1' NOT NULL,
  updated_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  updated_by TEXT DEFAULT 'sql' NOT NULL,
  CONSTRAINT pk_app_override PRIMARY KEY (app)
)""",
    """\
CREATE TABLE kept_answer (
  id INTEGER NOT NULL,
  caller TEXT NOT NULL,
  operation TEXT NOT NULL,
  name TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL,
  location TEXT DEFAULT '' NOT NULL,
  body TEXT NOT NULL,
  created_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT pk_kept_answer PRIMARY KEY (id)
)""",
    """\
CREATE INDEX idx_kept_answer_age ON kept_answer (created_at)""",
    """\
CREATE UNIQUE INDEX uq_kept_answer_request ON kept_answer (caller, operation, name)""",
    """\
CREATE TABLE exporter (
  name TEXT NOT NULL,
  kinds TEXT NOT NULL,
  every_s FLOAT,
  pulls INTEGER DEFAULT '0' NOT NULL,
  revision INTEGER DEFAULT '0' NOT NULL,
  fetched_at VARCHAR(26),
  created_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT pk_exporter PRIMARY KEY (name)
)""",
    """\
CREATE TABLE exporter_object (
  exporter TEXT NOT NULL,
  kind TEXT NOT NULL,
  object_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  data TEXT NOT NULL,
  digest TEXT NOT NULL,
  changed_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  gone_at VARCHAR(26),
  CONSTRAINT pk_exporter_object PRIMARY KEY (exporter, kind, object_id)
)""",
    """\
CREATE INDEX idx_exporter_object_changed ON exporter_object (exporter, kind, changed_at, object_id)""",
    """\
CREATE TABLE exporter_run (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  exporter TEXT NOT NULL,
  is_full INTEGER NOT NULL,
  started_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  ended_at VARCHAR(26),
  outcome TEXT DEFAULT 'running' NOT NULL,
  counts TEXT DEFAULT '{}' NOT NULL,
  remarks TEXT DEFAULT '[]' NOT NULL,
  error_code TEXT,
  error TEXT
)""",
    """\
CREATE INDEX idx_exporter_run ON exporter_run (exporter, id)""",
    """\
CREATE TABLE exporter_set_aside (
  exporter TEXT NOT NULL,
  scope TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  object_id TEXT,
  reason TEXT NOT NULL,
  data TEXT NOT NULL,
  since VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT pk_exporter_set_aside PRIMARY KEY (exporter, scope, kind, name)
)""",
    """\
CREATE TABLE exporter_state (
  exporter TEXT NOT NULL,
  scope TEXT NOT NULL,
  state TEXT NOT NULL,
  pulled_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  whole_at VARCHAR(26),
  CONSTRAINT pk_exporter_state PRIMARY KEY (exporter, scope)
)""",
    """\
CREATE TABLE adapter_position (
  app TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  updated_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT pk_adapter_position PRIMARY KEY (app, name)
)""",
    """\
CREATE TABLE hub_process (
  owner TEXT NOT NULL,
  pid INTEGER NOT NULL,
  host TEXT NOT NULL,
  generation INTEGER NOT NULL,
  problem TEXT,
  updated_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT pk_hub_process PRIMARY KEY (owner)
)""",
    """\
CREATE TABLE payload (
  checksum TEXT NOT NULL,
  data BLOB NOT NULL,
  created_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  CONSTRAINT pk_payload PRIMARY KEY (checksum)
)""",
    """\
CREATE INDEX idx_archive_payload ON data_archive (payload) WHERE payload IS NOT NULL""",
    """\
CREATE INDEX idx_payload ON data_staging (payload) WHERE payload IS NOT NULL""",
    """\
CREATE TABLE queue_state (
  app TEXT NOT NULL,
  paused_at VARCHAR(26),
  paused_by TEXT,
  parked_until VARCHAR(26),
  note TEXT,
  on_dead TEXT DEFAULT 'release' NOT NULL,
  fallback TEXT,
  max_depth INTEGER,
  max_processing INTEGER,
  rate_count INTEGER,
  rate_period_s FLOAT,
  rate_next_at VARCHAR(26),
  failures INTEGER DEFAULT '0' NOT NULL,
  failed_row INTEGER,
  trips INTEGER DEFAULT '0' NOT NULL,
  stopped_at VARCHAR(26),
  stopped_by TEXT,
  restarts INTEGER DEFAULT '0' NOT NULL,
  CONSTRAINT pk_queue_state PRIMARY KEY (app),
  CONSTRAINT ck_queue_state_on_dead CHECK (on_dead IN ('release', 'block')),
  CONSTRAINT ck_queue_state_fallback CHECK (fallback IS NULL OR fallback <> app),
  CONSTRAINT ck_queue_state_max_depth CHECK (max_depth IS NULL OR max_depth >= 1),
  CONSTRAINT ck_queue_state_max_processing CHECK (max_processing IS NULL OR max_processing >= 1),
  CONSTRAINT ck_queue_state_rate CHECK (rate_count IS NULL OR (rate_count >= 1 AND rate_period_s > 0)),
  CONSTRAINT ck_queue_state_breaker CHECK (failures >= 0 AND trips >= 0)
)""",
    """\
CREATE TABLE schedule (
  name TEXT NOT NULL,
  target_app TEXT NOT NULL,
  data TEXT NOT NULL,
  data_bytes BLOB,
  options TEXT DEFAULT '{}' NOT NULL,
  cron TEXT,
  timezone TEXT,
  interval_s FLOAT,
  at VARCHAR(26),
  start_at VARCHAR(26),
  missed VARCHAR(10) DEFAULT 'latest' NOT NULL,
  configured INTEGER DEFAULT '0' NOT NULL,
  decided_until VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  next_at VARCHAR(26),
  last_slot VARCHAR(26),
  sent INTEGER DEFAULT '0' NOT NULL,
  paused_at VARCHAR(26),
  paused_by TEXT,
  created_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  declared_by TEXT DEFAULT 'sql' NOT NULL,
  updated_at VARCHAR(26) DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
  revision INTEGER DEFAULT '0' NOT NULL,
  CONSTRAINT pk_schedule PRIMARY KEY (name),
  CONSTRAINT ck_schedule_timing CHECK ((cron IS NOT NULL AND timezone IS NOT NULL AND interval_s IS NULL AND at IS NULL) OR (cron IS NULL AND interval_s IS NOT NULL AND start_at IS NOT NULL AND at IS NULL) OR (cron IS NULL AND interval_s IS NULL AND at IS NOT NULL)),
  CONSTRAINT ck_schedule_missed CHECK (missed IN ('latest', 'all', 'skip')),
  CONSTRAINT ck_schedule_names CHECK (name <> '' AND target_app <> ''),
  CONSTRAINT ck_schedule_at_utc_text CHECK (at IS NULL OR at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_schedule_start_at_utc_text CHECK (start_at IS NULL OR start_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_schedule_decided_until_utc_text CHECK (decided_until IS NULL OR decided_until GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_schedule_next_at_utc_text CHECK (next_at IS NULL OR next_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_schedule_last_slot_utc_text CHECK (last_slot IS NULL OR last_slot GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_schedule_paused_at_utc_text CHECK (paused_at IS NULL OR paused_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_schedule_created_at_utc_text CHECK (created_at IS NULL OR created_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'),
  CONSTRAINT ck_schedule_updated_at_utc_text CHECK (updated_at IS NULL OR updated_at GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]')
)""",
    """\
CREATE INDEX idx_schedule_next ON schedule (next_at) WHERE next_at IS NOT NULL AND paused_at IS NULL""",
    """\
CREATE TRIGGER data_staging_guard_insert BEFORE INSERT ON data_staging
WHEN NEW.revision = 0 AND NEW.status <> 'pending' BEGIN
  SELECT RAISE(ABORT, 'crossdock: a new message has status pending; leave the column out');
END""",
    """\
CREATE TRIGGER data_staging_after_insert AFTER INSERT ON data_staging
WHEN NEW.revision = 0 AND NEW.partition_key IS NOT NULL BEGIN
  UPDATE data_staging SET blocked = 1, revision = revision + 1 WHERE id = NEW.id;
  UPDATE data_staging SET blocked = 0, due_at = strftime('%Y-%m-%d %H:%M:%f000', 'now'), revision = revision + 1 WHERE id = (SELECT id FROM data_staging WHERE target_app = NEW.target_app AND partition_key = NEW.partition_key AND partition_key IS NOT NULL AND status <> 'completed' AND status <> 'archived' AND status = 'pending' ORDER BY id LIMIT 1) AND blocked = 1 AND NOT EXISTS (SELECT 1 FROM data_staging WHERE target_app = NEW.target_app AND partition_key = NEW.partition_key AND partition_key IS NOT NULL AND status <> 'completed' AND status <> 'archived' AND status = 'processing') AND NOT EXISTS (SELECT 1 FROM data_staging WHERE target_app = NEW.target_app AND partition_key = NEW.partition_key AND partition_key IS NOT NULL AND status <> 'completed' AND status <> 'archived' AND status = 'failed' AND blocked = 1);
END""",
    """\
CREATE TRIGGER data_staging_after_status AFTER UPDATE OF status ON data_staging
WHEN NEW.revision = OLD.revision AND NEW.status <> OLD.status BEGIN
  SELECT RAISE(ABORT, 'crossdock: illegal change of status; see the lifecycle in the documentation')
    WHERE OLD.status <> NEW.status AND NOT ((OLD.status = 'completed' AND NEW.status = 'archived') OR (OLD.status = 'completed' AND NEW.status = 'pending') OR (OLD.status = 'failed' AND NEW.status = 'pending') OR (OLD.status = 'pending' AND NEW.status = 'failed') OR (OLD.status = 'pending' AND NEW.status = 'processing') OR (OLD.status = 'processing' AND NEW.status = 'completed') OR (OLD.status = 'processing' AND NEW.status = 'failed') OR (OLD.status = 'processing' AND NEW.status = 'pending'));
  UPDATE data_staging SET
    attempts = OLD.attempts + 1,
    claimed_at = strftime('%Y-%m-%d %H:%M:%f000', 'now'),
    lease_owner = coalesce(NEW.lease_owner, 'sql'),
    lease_token = coalesce(NEW.lease_token, lower(hex(randomblob(16)))),
    lease_until = coalesce(NEW.lease_until, strftime('%Y-%m-%d %H:%M:%f000', 'now', '+30 seconds')),
    available_at = NULL
  WHERE id = NEW.id AND NEW.status = 'processing';
  UPDATE data_staging SET
    attempts = 0, crashes = 0, result = NULL, replayed_at = strftime('%Y-%m-%d %H:%M:%f000', 'now'),
    available_at = CASE WHEN NEW.available_at IS NOT OLD.available_at THEN NEW.available_at END,
    expires_at = CASE WHEN NEW.expires_at IS NOT OLD.expires_at THEN NEW.expires_at END
  WHERE id = NEW.id AND NEW.status = 'pending' AND OLD.status IN ('failed', 'completed');
  UPDATE data_staging SET
    processed_at = CASE WHEN NEW.status = 'pending' THEN NULL ELSE coalesce(NEW.processed_at, strftime('%Y-%m-%d %H:%M:%f000', 'now')) END,
    lease_owner = CASE WHEN NEW.status = 'completed' THEN NEW.lease_owner END,
    lease_token = NULL, lease_until = NULL,
    due_at = CASE WHEN NEW.status = 'pending' THEN strftime('%Y-%m-%d %H:%M:%f000', 'now') ELSE NEW.due_at END,
    blocked = CASE
      WHEN NEW.partition_key IS NULL OR NEW.status = 'completed' THEN 0
      WHEN NEW.status = 'pending' THEN 1
      ELSE EXISTS (SELECT 1 FROM queue_state WHERE app = NEW.target_app AND on_dead = 'block') END,
    error = CASE WHEN NEW.status = 'failed' THEN coalesce(NEW.error,
      '{"code":"PERMANENT","message":"set to failed by another program"}') ELSE NEW.error END
  WHERE id = NEW.id AND NEW.status <> 'processing';
  UPDATE data_staging SET updated_at = strftime('%Y-%m-%d %H:%M:%f000', 'now'), lease_keep_s = NULL, revision = revision + 1 WHERE id = NEW.id;
  INSERT INTO audit_log (row_id, event, attempt, who, code, details)
    SELECT NEW.id, CASE
        WHEN NEW.status = 'failed' THEN 'message.failed'
        WHEN OLD.status = 'processing' THEN 'message.nacked'
        ELSE 'message.replayed' END,
      CASE WHEN NEW.status = 'pending' AND OLD.status IN ('failed', 'completed') THEN NULL ELSE nullif(NEW.attempts, 0) END,
      CASE WHEN OLD.status = 'processing' THEN coalesce(OLD.lease_owner, 'sql') ELSE 'sql' END,
      CASE WHEN NEW.status = 'failed' THEN 'PERMANENT' END,
      CASE
        WHEN OLD.status = 'processing' THEN json_object('claimed_at', OLD.claimed_at)
        WHEN OLD.status = 'completed' THEN json_object('was', OLD.status, 'attempts', OLD.attempts,
          'claimed_at', OLD.claimed_at, 'claimed_by', OLD.lease_owner, 'worker', OLD.lease_owner,
          'processed_at', OLD.processed_at) END
    WHERE NEW.status IN ('failed', 'pending');
  UPDATE data_staging SET blocked = 1, revision = revision + 1
    WHERE target_app = NEW.target_app AND partition_key = NEW.partition_key AND partition_key IS NOT NULL AND status <> 'completed' AND status <> 'archived' AND status = 'pending' AND blocked = 0 AND id <> NEW.id AND NEW.status = 'pending' AND OLD.status IN ('failed', 'completed');
  UPDATE data_staging SET blocked = 0, due_at = strftime('%Y-%m-%d %H:%M:%f000', 'now'), revision = revision + 1 WHERE id = (SELECT id FROM data_staging WHERE target_app = NEW.target_app AND partition_key = NEW.partition_key AND partition_key IS NOT NULL AND status <> 'completed' AND status <> 'archived' AND status = 'pending' ORDER BY id LIMIT 1) AND blocked = 1 AND NOT EXISTS (SELECT 1 FROM data_staging WHERE target_app = NEW.target_app AND partition_key = NEW.partition_key AND partition_key IS NOT NULL AND status <> 'completed' AND status <> 'archived' AND status = 'processing') AND NOT EXISTS (SELECT 1 FROM data_staging WHERE target_app = NEW.target_app AND partition_key = NEW.partition_key AND partition_key IS NOT NULL AND status <> 'completed' AND status <> 'archived' AND status = 'failed' AND blocked = 1);
END""",
    """\
CREATE TRIGGER data_staging_after_failed AFTER UPDATE OF status ON data_staging
WHEN NEW.revision = OLD.revision AND NEW.status = 'failed' AND OLD.status = 'processing'
  AND EXISTS (SELECT 1 FROM queue_state WHERE app = NEW.target_app AND fallback IS NOT NULL) BEGIN
  INSERT INTO data_staging (data, data_bytes, payload, message_id, type, subject, content_type, data_schema, partition_key, traceparent, priority,
      source_app, target_app, source, time, correlation_id, extensions, expires_at)
    SELECT NEW.data, NEW.data_bytes, NEW.payload, NEW.message_id, NEW.type, NEW.subject, NEW.content_type, NEW.data_schema, NEW.partition_key, NEW.traceparent, NEW.priority,
      NEW.target_app, fallback, coalesce(NEW.source, NEW.source_app), coalesce(NEW.time, NEW.created_at),
      coalesce(NEW.correlation_id, NEW.message_id),
      json_set(CASE WHEN json_valid(NEW.extensions) THEN NEW.extensions ELSE '{}' END,
        '$.failedapp', NEW.target_app, '$.failedattempts', NEW.attempts,
        '$.failedcode', coalesce(CASE WHEN json_valid(NEW.error) THEN json_extract(NEW.error, '$.code') END, 'PERMANENT'),
        '$.failedreason', substr(coalesce(CASE WHEN json_valid(NEW.error) THEN json_extract(NEW.error, '$.message') END, NEW.error,
          'set to failed by another program'), 1, 1000)),
      CASE WHEN NEW.expires_at > strftime('%Y-%m-%d %H:%M:%f000', 'now') THEN NEW.expires_at END
    FROM queue_state WHERE app = NEW.target_app AND fallback IS NOT NULL
    ON CONFLICT (message_id, target_app, source_app) DO NOTHING;
  INSERT INTO audit_log (row_id, event, who, details)
    SELECT NEW.id, 'message.fell_back', 'sql', json_object('to', fallback)
    FROM queue_state WHERE app = NEW.target_app;
END""",
    """\
CREATE TRIGGER data_staging_after_edit
AFTER UPDATE OF data, data_bytes, priority, available_at, expires_at, max_attempts ON data_staging
WHEN NEW.revision = OLD.revision AND NEW.status = OLD.status BEGIN
  UPDATE data_staging SET updated_at = strftime('%Y-%m-%d %H:%M:%f000', 'now'), revision = revision + 1,
    payload = CASE WHEN NEW.data IS OLD.data AND NEW.data_bytes IS OLD.data_bytes THEN NEW.payload END
  WHERE id = NEW.id;
END""",
    """\
CREATE TRIGGER data_staging_after_delete AFTER DELETE ON data_staging
WHEN OLD.partition_key IS NOT NULL AND OLD.status IN ('pending', 'processing', 'failed') BEGIN
  UPDATE data_staging SET blocked = 0, due_at = strftime('%Y-%m-%d %H:%M:%f000', 'now'), revision = revision + 1 WHERE id = (SELECT id FROM data_staging WHERE target_app = OLD.target_app AND partition_key = OLD.partition_key AND partition_key IS NOT NULL AND status <> 'completed' AND status <> 'archived' AND status = 'pending' ORDER BY id LIMIT 1) AND blocked = 1 AND NOT EXISTS (SELECT 1 FROM data_staging WHERE target_app = OLD.target_app AND partition_key = OLD.partition_key AND partition_key IS NOT NULL AND status <> 'completed' AND status <> 'archived' AND status = 'processing') AND NOT EXISTS (SELECT 1 FROM data_staging WHERE target_app = OLD.target_app AND partition_key = OLD.partition_key AND partition_key IS NOT NULL AND status <> 'completed' AND status <> 'archived' AND status = 'failed' AND blocked = 1);
END""",
    """\
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
  WHERE status <> 'pending' AND status <> 'processing' GROUP BY target_app, status""",
    """\
CREATE VIEW oldest_due AS
SELECT app, min(due_at) AS due_at, (julianday('now') - julianday(min(due_at))) * 86400.0 AS age_s FROM (
  SELECT target_app AS app, coalesce(due_at, created_at) AS due_at FROM data_staging
    WHERE status = 'pending' AND available_at IS NULL AND blocked = 0 AND crashes = 0
  UNION ALL SELECT target_app, coalesce(due_at, created_at) FROM data_staging
    WHERE status = 'pending' AND available_at IS NULL AND blocked = 0 AND crashes > 0
  UNION ALL SELECT target_app, max(available_at, created_at) FROM data_staging
    WHERE status = 'pending' AND available_at IS NOT NULL AND blocked = 0 AND available_at <= strftime('%Y-%m-%d %H:%M:%f000', 'now')
) GROUP BY app""",
    """\
CREATE VIEW dead_letters AS
SELECT id, target_app AS app, source_app, message_id, type, attempts, crashes, processed_at,
  CASE WHEN json_valid(error) THEN json_extract(error, '$.code') END AS code,
  CASE WHEN json_valid(error) THEN json_extract(error, '$.message') ELSE error END AS reason, data
FROM data_staging WHERE status = 'failed' AND deleted_at IS NULL""",
    """\
CREATE VIEW latency AS
SELECT target_app AS app, count(*) AS messages,
  avg((julianday(claimed_at) - julianday(created_at)) * 86400.0) AS mean_wait_s,
  avg((julianday(processed_at) - julianday(claimed_at)) * 86400.0) AS mean_work_s
FROM data_staging WHERE status = 'completed' AND claimed_at IS NOT NULL GROUP BY target_app""",
    """\
CREATE VIEW all_messages AS
SELECT id, source_app, target_app, data, CASE WHEN payload IS NULL THEN data_bytes ELSE (SELECT p.data FROM payload AS p WHERE p.checksum = m.payload) END AS data_bytes, payload, status, created_at, processed_at, updated_at, created_by, deleted_at, message_id, source, type, subject, time, content_type, data_schema, partition_key, correlation_id, traceparent, extensions, priority, available_at, expires_at, attempts, crashes, max_attempts, retry, due_at, replayed_at, claimed_at, lease_owner, lease_token, lease_until, lease_keep_s, blocked, result, error, revision, NULL AS archived_at FROM data_staging AS m
UNION ALL SELECT id, source_app, target_app, data, CASE WHEN payload IS NULL THEN data_bytes ELSE (SELECT p.data FROM payload AS p WHERE p.checksum = m.payload) END AS data_bytes, payload, status, created_at, processed_at, updated_at, created_by, deleted_at, message_id, source, type, subject, time, content_type, data_schema, partition_key, correlation_id, traceparent, extensions, priority, available_at, expires_at, attempts, crashes, max_attempts, retry, due_at, replayed_at, claimed_at, lease_owner, lease_token, lease_until, lease_keep_s, blocked, result, error, revision, archived_at FROM data_archive AS m""",
)


def upgrade() -> None:
    """Make everything, in an empty file."""
    connection = op.get_bind()
    on_postgresql = connection.dialect.name == "postgresql"
    for statement in ON_POSTGRESQL if on_postgresql else _STATEMENTS:
        connection.exec_driver_sql(statement)
    schema = "integration." if on_postgresql else ""
    connection.exec_driver_sql(f"INSERT INTO {schema}crossdock_schema (number, oldest_code) VALUES (1, 1)")  # noqa: S608


def downgrade() -> None:
    """There is nothing before the first revision."""
    raise NotImplementedError("a store without its tables is no store; restore a backup instead")
