"""The statements that programs of others use on PostgreSQL, as documented in ``docs/reference/sql.md``.

Parameters are named as psycopg names them; each has its meaning beside it.
"""

from __future__ import annotations

from typing import Final

SEND_SQL: Final = """\
INSERT INTO integration.data_staging (source_app, target_app, data)
VALUES (%(source_app)s, %(target_app)s, %(data)s)"""
"""A complete send: ``data`` is JSON, everything else has a default."""

CLAIM_SQL: Final = """\
UPDATE integration.data_staging
SET status = 'processing', lease_owner = %(worker)s, lease_until = now() + make_interval(secs => %(lease_seconds)s)
WHERE id = (
  SELECT id FROM integration.data_staging
  WHERE target_app = %(app)s AND status = 'pending' AND blocked = 0 AND deleted_at IS NULL
    AND (available_at IS NULL OR available_at <= now())
    AND (expires_at IS NULL OR expires_at > now())
    AND NOT EXISTS (SELECT 1 FROM integration.queue_state
      WHERE app = %(app)s AND (paused_at IS NOT NULL OR parked_until > now()))
  ORDER BY priority DESC, id LIMIT 1
  FOR UPDATE SKIP LOCKED)
RETURNING id, message_id, data, lease_token, CASE WHEN payload IS NULL THEN data_bytes
  ELSE (SELECT p.data FROM integration.payload AS p WHERE p.checksum = payload) END AS data_bytes"""
"""Take the next message of ``app`` for ``lease_seconds``; no row: there is none. Commit before you begin to work."""

COMPLETE_SQL: Final = """\
UPDATE integration.data_staging SET status = 'completed'
WHERE id = %(id)s AND status = 'processing' AND lease_token = %(lease_token)s"""
"""Complete it. No row changed: the lease was lost, and another worker has the message."""

FAIL_SQL: Final = """\
UPDATE integration.data_staging
SET status = 'failed', error = json_build_object('code', 'PERMANENT', 'message', %(reason)s::text)
WHERE id = %(id)s AND status = 'processing' AND lease_token = %(lease_token)s"""
"""Make it a dead letter, with the reason."""

RETURN_SQL: Final = """\
UPDATE integration.data_staging SET status = 'pending'
WHERE id = %(id)s AND status = 'processing' AND lease_token = %(lease_token)s"""
"""Give it back, to be tried again at once; the attempt is spent."""
