"""What a stale worker tries, and what has become of the message meanwhile; the test's side of the roles."""

from __future__ import annotations

STALE_VERBS = ("ack", "nack", "fail", "extend", "hand_back", "ack_many", "transaction")
STATES = ("completed", "held", "pending")
