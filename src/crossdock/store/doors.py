"""The verbs of the doors for programs: API keys, answers that are given again, and what is said of apps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.answer import KeptAnswer
from crossdock.domain.errors import KeyNotFound
from crossdock.domain.message import AppId
from crossdock.domain.retention import before
from crossdock.store import statements
from crossdock.store.codec import maybe_moment
from crossdock.store.transaction import TransactionCore
from crossdock.store.types import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from crossdock.domain.answer import AnswerKey
    from crossdock.domain.door_events import OfKey
    from crossdock.domain.key import ApiKey, KeySpec

_ADAPTERS: Final = ("inbound", "outbound")
"""What of an app may hold secrets, such as headers and passwords in addresses."""
_FORGOTTEN: Final = 10
"""So many old answers are removed when one is kept: more than come in, so that they become fewer."""


class Doors(TransactionCore):
    """Keeps keys, answers, and what is said of apps."""

    def has_keys(self) -> bool:
        """Tell whether there is any key, revoked ones included."""
        return bool(self.run(statements.any_key, {}))

    def create_key(self, spec: KeySpec) -> ApiKey:
        """Store a new key."""
        from crossdock.domain.door_events import KeyCreated  # noqa: PLC0415 - no sender or worker needs it

        columns = {
            "id": spec.id,
            "name": spec.name,
            "digest": spec.digest,
            "scopes": " ".join(sorted(spec.scopes)),
            "app": spec.app,
            "created_at": self.now_text,
            "created_by": self.who,
            "expires_at": None if spec.expires_at is None else to_text(spec.expires_at),
        }
        self.run(statements.insert_key, columns, columns=tuple(columns))
        words = f"key {spec.id} ({spec.name}) was made by {self.who}"
        self._tell_of_key(KeyCreated, spec.id, name=spec.name, words=words)
        found = self.run(statements.key_by_id, {"which": spec.id})
        return key_from(found[0])

    def key_held(self, key_id: str) -> ApiKey | None:
        """Return a key, and keep it from changing meanwhile."""
        return next((key_from(row) for row in self.run(statements.key_held, {"which": key_id})), None)

    def revoke_key(self, key_id: str) -> ApiKey:
        """Let a key open nothing any more, from now on.

        Raises:
            KeyNotFound: There is none of that id.
        """
        from crossdock.domain.door_events import KeyRevoked  # noqa: PLC0415 - likewise

        key = self._demand_key(
            self.run(statements.revoke_key, {"which": key_id, "now": self.now_text}), key_id
        )
        if key.revoked_at == self.now:
            words = f"key {key_id} ({key.name}) was revoked by {self.who}"
            self._tell_of_key(KeyRevoked, key_id, name=key.name, words=words)
        return key

    def expire_key(self, key_id: str, when: datetime) -> ApiKey:
        """Let a key end then, unless it ends earlier.

        Raises:
            KeyNotFound: There is none of that id.
        """
        from crossdock.domain.door_events import KeyExpires  # noqa: PLC0415 - likewise

        parameters = {"which": key_id, "until": to_text(when)}
        key = self._demand_key(self.run(statements.expire_key, parameters), key_id)
        words = f"key {key_id} ({key.name}) ends at {key.expires_at}, by {self.who}"
        self._tell_of_key(KeyExpires, key_id, name=key.name, words=words)
        return key

    def note_use(self, key_id: str) -> None:
        """Note that a key was used now."""
        self.run(statements.note_use, {"which": key_id, "now": self.now_text})

    def kept_answer(self, key: AnswerKey, keep: timedelta) -> KeptAnswer | None:
        """Return what was answered within that time."""
        rows = self.run(statements.find_answer, {**_named(key), "since": to_text(before(self.now, keep))})
        return KeptAnswer(*rows[0]) if rows else None

    def keep_answer(self, key: AnswerKey, answer: KeptAnswer, keep: timedelta) -> None:
        """Keep an answer, and forget some that are older than that."""
        since = to_text(before(self.now, keep))
        self.run(statements.forget_answers, {"since": since, "limit": _FORGOTTEN})
        self.run(statements.keep_answer, {**_named(key), **answer._asdict(), "now": self.now_text})

    def put_override(self, app: str, document: Mapping[str, Any], revision: int) -> bool:
        """Say something of an app; False: something else was said than what was read."""
        from crossdock.domain.door_events import AppChanged  # noqa: PLC0415 - likewise

        row = {"app": app, "document": json.dumps(document), "who": self.who, "now": self.now_text}
        if revision:
            rows = self.run(statements.update_override, {**row, "revision": revision})
        else:
            rows = self.run(statements.insert_override, row)
        if rows:
            self.log_action(app, AppChanged, **{name: _shown(name, said) for name, said in document.items()})
            self.tell(AppChanged(app=app, reason=f"{app!r} was changed by {self.who}"))
        return bool(rows)

    def drop_override(self, app: str, revision: int | None = None) -> bool:
        """Say nothing of an app any more; False: nothing was said, or something else than what was read."""
        from crossdock.domain.door_events import AppReset  # noqa: PLC0415 - likewise

        wanted = {"app": app} if revision is None else {"app": app, "revision": revision}
        rows = self.run(statements.drop_override, wanted, only_revision=revision is not None)
        if rows:
            self.log_action(app, AppReset)
            self.tell(AppReset(app=app, reason=f"{app!r} was reset by {self.who}"))
        return bool(rows)

    def _demand_key(self, rows: Sequence[Any], key_id: str) -> ApiKey:
        if not rows:
            raise KeyNotFound(f"no key {key_id}")
        return key_from(rows[0])

    def _tell_of_key(self, event: type[OfKey], key_id: str, *, name: str, words: str) -> None:
        """Write it to the audit log, and let it be told."""
        self.log_action("", event, key=key_id, name=name)
        self.tell(event(key=key_id, reason=words))


def key_from(row: Any) -> ApiKey:
    """Read a row of ``KEY_COLUMNS``; a scope that this version does not know gives nothing."""
    from crossdock.domain.key import ApiKey, Scope  # noqa: PLC0415 - likewise

    key_id, name, digest, scopes, app, created_at, created_by, expires_at, last_used_at, revoked_at = row
    known = {scope.value for scope in Scope}
    return ApiKey(
        id=key_id,
        name=name,
        digest=digest,
        scopes=frozenset(Scope(word) for word in scopes.split() if word in known),
        app=None if app is None else AppId(app),
        created_at=from_text(created_at),
        created_by=created_by,
        expires_at=maybe_moment(expires_at),
        last_used_at=maybe_moment(last_used_at),
        revoked_at=maybe_moment(revoked_at),
    )


def _shown(name: str, said: Any) -> Any:
    """Return what the audit log has of one key of an app: of an adapter's table, which may hold secrets, its names."""
    return sorted(said) if name in _ADAPTERS and isinstance(said, dict) else said


def _named(key: AnswerKey) -> dict[str, str]:
    return {"caller": key.caller, "operation": key.operation, "which": key.name}
