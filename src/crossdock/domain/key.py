"""API keys: what one may do, and how its text is made and read."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import AppId

PREFIX: Final = "cdk"
"""What every key begins with, so that scanners of leaked secrets recognise one."""
_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 32
_KEY: Final = re.compile(rf"{PREFIX}_([0-9a-f]{{{2 * _ID_BYTES}}})_([A-Za-z0-9_-]{{43}})")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Scope(StrEnum):
    """One thing that a key may do."""

    MESSAGES_SEND = "messages:send"
    MESSAGES_READ = "messages:read"
    MESSAGES_CONTROL = "messages:control"
    QUEUE_WORK = "queue:work"
    QUEUE_READ = "queue:read"
    QUEUE_CONTROL = "queue:control"
    APPS_READ = "apps:read"
    APPS_ADMIN = "apps:admin"
    SCHEDULES_ADMIN = "schedules:admin"
    EVENTS_READ = "events:read"
    METRICS_READ = "metrics:read"
    KEYS_ADMIN = "keys:admin"
    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    EXPORTERS_RUN = "exporters:run"
    HOST_ADMIN = "host:admin"

    @property
    def meaning(self) -> str:
        """Say what it allows, for people."""
        return _MEANINGS[self]


_MEANINGS: Final = {
    Scope.MESSAGES_SEND: "send messages and jobs",
    Scope.MESSAGES_READ: "read messages, their timelines and results",
    Scope.MESSAGES_CONTROL: "replay, edit and cancel messages",
    Scope.QUEUE_WORK: "claim messages and settle them",
    Scope.QUEUE_READ: "read how queues stand",
    Scope.QUEUE_CONTROL: "pause and resume queues, replay their dead letters",
    Scope.APPS_READ: "read apps and how they are reached",
    Scope.APPS_ADMIN: "change apps, start and stop them",
    Scope.SCHEDULES_ADMIN: "make, change and remove schedules",
    Scope.EVENTS_READ: "follow the stream of events",
    Scope.METRICS_READ: "read metrics and the details of health",
    Scope.KEYS_ADMIN: "make, list and revoke keys",
    Scope.TASKS_READ: "read the ranked list of tasks and the plan",
    Scope.TASKS_WRITE: "complete tasks and put them off, in the services that they come from",
    Scope.EXPORTERS_RUN: "let exporters run",
    Scope.HOST_ADMIN: "change what is executed, where the configuration allows that at all",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What the store knows of a key; its secret is not among it. Instants are aware UTC.

    Attributes:
        id: Stands in the key itself, and names it in logs.
        name: For people; not unique, since a rotated key keeps it.
        app: The app as which it sends and whose queue it works on; None: any.
        last_used_at: Within a minute; None: never.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    app: AppId | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    digest: str

    def is_valid(self, now: datetime) -> bool:
        """Tell whether it opens anything now."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def has_secret(self, secret: str) -> bool:
        """Compare in a time that tells nothing."""
        return hmac.compare_digest(self.digest, digest_of(secret))


class KeySpec(NamedTuple):
    """What is stored of a new key."""

    id: str
    name: str
    digest: str
    scopes: frozenset[Scope]
    app: AppId | None = None
    expires_at: datetime | None = None


class KeyText(NamedTuple):
    """The two parts of a key that somebody shows."""

    id: str
    secret: str

    def __str__(self) -> str:
        """Return the whole key."""
        return f"{PREFIX}_{self.id}_{self.secret}"


def new_key_text() -> KeyText:
    """Return a new key: 48 bits of name, 256 bits of secret."""
    return KeyText(secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES))


def parse_key(text: str) -> KeyText | None:
    """Read a key that somebody shows; None: it cannot be one."""
    found = _KEY.fullmatch(text)
    return None if found is None else KeyText(found[1], found[2])


def digest_of(secret: str) -> str:
    """Return what is kept of a secret. It is random, so that a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def check_scopes(names: list[str] | tuple[str, ...]) -> frozenset[Scope]:
    """Return the scopes that words name.

    Raises:
        InvalidMessage: There are none, or a word names none.
    """
    known = {scope.value for scope in Scope}
    wrong = [name for name in names if name not in known]
    if wrong or not names:
        what = f"{wrong[0]!r} is none of" if wrong else "name at least one of"
        raise InvalidMessage.of("scopes", f"{what} {', '.join(known_scope for known_scope in sorted(known))}")
    return frozenset(Scope(name) for name in names)


def check_key_name(name: str) -> str:
    """Return ``name`` if it may name a key.

    Raises:
        InvalidMessage: Not 1 to 64 letters, digits, dots, underscores or dashes, a letter or digit first.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidMessage.of(
            "name",
            f"{name!r} is not a name: use 1 to 64 letters, digits, '.', '_' or '-', a letter or digit first",
        )
    return name
