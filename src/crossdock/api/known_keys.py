"""Finds the keys that callers show, and notes when each was used."""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from crossdock.domain.key import ApiKey, parse_key

if TYPE_CHECKING:
    from crossdock.ports.store import Store, Transaction

FRESH_S: Final = 1.0
"""A key that was revoked opens nothing after this time at the latest, in every process."""
_MOST: Final = 10_000
_NOTE_EVERY: Final = timedelta(minutes=1)


class KnownKeys:
    """The keys of a store, each remembered for a second.

    Args:
        store: Where they are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[str, tuple[float, ApiKey | None]] = OrderedDict()
        self._noted: dict[str, datetime] = {}
        self._to_note: set[str] = set()

    async def find(self, shown: str) -> ApiKey | None:
        """Return the valid key that somebody shows; None: it is none."""
        text = parse_key(shown)
        if text is None:
            return None
        key = await self._key(text.id)
        if key is None:
            return None
        now = self._store.now()
        if not key.has_secret(text.secret) or not key.is_valid(now):
            return None
        self._note_use(key, now)
        return key

    async def note_uses(self) -> None:
        """Write down which keys were used."""
        used, self._to_note = self._to_note, set()
        for key_id in used:
            await self._store.write_async(partial(_note, key_id=key_id))

    async def _key(self, key_id: str) -> ApiKey | None:
        known = self._known.get(key_id)
        if known is not None and time.monotonic() - known[0] < FRESH_S:
            return known[1]
        read_at = time.monotonic()
        key = await self._store.read_async(lambda reader: reader.key(key_id))
        self._known[key_id] = read_at, key
        self._known.move_to_end(key_id)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return key

    def _note_use(self, key: ApiKey, now: datetime) -> None:
        last = self._noted.get(key.id) or key.last_used_at
        if last is None or now - last >= _NOTE_EVERY:
            self._noted[key.id] = now
            self._to_note.add(key.id)


def _note(tx: Transaction, key_id: str) -> None:
    tx.note_use(key_id)
