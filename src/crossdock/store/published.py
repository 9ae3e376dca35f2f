"""The statements that programs of others use to work on a queue, as documented in ``docs/reference/sql.md``.

They run on any SQLite of version 3.35 or newer, by themselves or inside a transaction begun IMMEDIATE.
Parameters are named; each has its meaning beside it.
"""

from __future__ import annotations

from typing import Final

SEND_SQL: Final = """\
INSERT INTO data_staging (source_app, target_app, data)
VALUES (:source_app, :target_app, :data)"""
"""A complete send: ``data`` is JSON text, everything else has a default."""

CLAIM_SQL: Final = """\
UPDATE data_staging
SET status = 'processing', lease_owner = :worker, lease_token = lower(hex(randomblob(16))),
    lease_until = strftime('%Y-%m-%d %H:%M:%f000', 'now', '+' || :lease_seconds || ' seconds')
WHERE id = (
  SELECT id FROM data_staging
  WHERE target_app = :app AND status = 'pending' AND blocked = 0 AND deleted_at IS NULL
    AND (available_at IS NULL OR available_at <= strftime('%Y-%m-%d %H:%M:%f000', 'now'))
    AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%d %H:%M:%f000', 'now'))
    AND NOT EXISTS (SELECT 1 FROM queue_state WHERE app = :app
      AND (paused_at IS NOT NULL OR parked_until > strftime('%Y-%m-%d %H:%M:%f000', 'now')))
  ORDER BY priority DESC, id LIMIT 1)
RETURNING id, message_id, data, lease_token, CASE WHEN payload IS NULL THEN data_bytes
  ELSE (SELECT p.data FROM payload AS p WHERE p.checksum = payload) END AS data_bytes"""
"""Take the next message of ``app`` for ``lease_seconds``; no row: there is none. Fetch all rows before you commit."""

COMPLETE_SQL: Final = """\
UPDATE data_staging SET status = 'completed'
WHERE id = :id AND status = 'processing' AND lease_token = :lease_token"""
"""Complete it. No row changed: the lease was lost, and another worker has the message."""

FAIL_SQL: Final = """\
UPDATE data_staging SET status = 'failed', error = json_object('code', 'PERMANENT', 'message', :reason)
WHERE id = :id AND status = 'processing' AND lease_token = :lease_token"""
"""Make it a dead letter, with the reason."""

RETURN_SQL: Final = """\
UPDATE data_staging SET status = 'pending'
WHERE id = :id AND status = 'processing' AND lease_token = :lease_token"""
"""Give it back, to be tried again at once; the attempt is spent."""
