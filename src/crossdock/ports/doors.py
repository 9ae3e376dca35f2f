"""What the doors for programs ask of the store, beside messages: keys, and answers that were given before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import builtins
    from datetime import datetime, timedelta

    from crossdock.domain.answer import AnswerKey, KeptAnswer
    from crossdock.domain.key import ApiKey, KeySpec


class KeyVerbs(Protocol):
    """What is done with API keys in a transaction; each but ``note_use`` is in the audit log."""

    def has_keys(self) -> bool:
        """Tell whether there is any key, revoked ones included."""

    def create_key(self, spec: KeySpec) -> ApiKey:
        """Store a new key."""

    def revoke_key(self, key_id: str) -> ApiKey:
        """Let a key open nothing any more, from now on; raises KeyNotFound."""

    def expire_key(self, key_id: str, when: datetime) -> ApiKey:
        """Let a key end then, unless it ends earlier; raises KeyNotFound."""

    def note_use(self, key_id: str) -> None:
        """Note that a key was used now."""


class AnswerVerbs(Protocol):
    """How a request that is made again is answered alike."""

    def kept_answer(self, key: AnswerKey, keep: timedelta) -> KeptAnswer | None:
        """Return what was answered within that time."""

    def keep_answer(self, key: AnswerKey, answer: KeptAnswer, keep: timedelta) -> None:
        """Keep an answer, and forget some that are older than that."""


class KeyReading(Protocol):
    """What is asked of keys."""

    def key(self, key_id: str) -> ApiKey | None:
        """Return one key."""

    def keys(self) -> builtins.list[ApiKey]:
        """Return every key, the oldest first."""
