"""What the doors for programs ask of the store, beside messages: keys, and answers that were given before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from crossdock.domain.answer import AnswerKey, KeptAnswer
    from crossdock.domain.key import ApiKey, KeySpec
    from crossdock.domain.record import AppOverride


class KeyVerbs(Protocol):
    """What is done with API keys in a transaction; each but ``note_use`` is in the audit log."""

    def has_keys(self) -> bool:
        """Tell whether there is any key, revoked ones included."""

    def create_key(self, spec: KeySpec) -> ApiKey:
        """Store a new key."""

    def key_held(self, key_id: str) -> ApiKey | None:
        """Return a key, which no other transaction changes before ours has ended."""

    def revoke_key(self, key_id: str) -> ApiKey:
        """Let a key open nothing any more, from now on; raises KeyNotFound."""

    def expire_key(self, key_id: str, when: datetime) -> ApiKey:
        """Let a key end then, unless it ends earlier; raises KeyNotFound."""

    def note_use(self, key_id: str) -> None:
        """Note that a key was used now."""


class AppVerbs(Protocol):
    """How the API says something of apps; each is in the audit log. A new generation lets every process apply it."""

    def put_override(self, app: str, document: Mapping[str, Any], revision: int) -> bool:
        """Say something of an app, if ``revision`` still stands (0: nothing is said); tell whether it was done."""

    def override_revision(self, app: str) -> int:
        """Return the revision of what is said of an app, which no other transaction changes before ours has ended.

        0: nothing is said.
        """

    def drop_override(self, app: str, revision: int | None = None) -> bool:
        """Say nothing of an app any more, if ``revision`` still stands (None: any); tell whether anything was said."""


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


class AppReading(Protocol):
    """What is asked of what the API said of apps."""

    def overrides(self) -> dict[str, AppOverride]:
        """Return it by app."""
