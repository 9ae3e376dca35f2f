"""API keys, for those who have a queue open."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crossdock.hub.keys import KeyWish, MadeKey, creation, rotation

if TYPE_CHECKING:
    from crossdock.domain.key import ApiKey
    from crossdock.synchronous.queue import Queue


def create_key(queue: Queue, wish: KeyWish) -> MadeKey:
    """Make a key; what is returned is the only copy of its text."""
    return queue._store.write(creation(wish))


def list_keys(queue: Queue) -> list[tuple[ApiKey, bool]]:
    """Return every key, the oldest first, and whether it opens anything now."""
    now = queue._store.now()
    return [(key, key.is_valid(now)) for key in queue._store.read(lambda reader: reader.keys())]


def revoke_key(queue: Queue, key_id: str) -> ApiKey:
    """Let a key open nothing any more.

    Raises:
        KeyNotFound: There is none of that id.
    """
    revoked: ApiKey = queue._store.write(lambda tx: tx.revoke_key(key_id))
    return revoked


def rotate_key(queue: Queue, key_id: str, overlap: timedelta) -> MadeKey:
    """Make a key like another, which ends after ``overlap``.

    Raises:
        KeyNotFound: There is none of that id, or it was revoked.
    """
    return queue._store.write(rotation(key_id, overlap))
