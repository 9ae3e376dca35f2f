"""API keys: making, listing, revoking and replacing them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from crossdock.domain.errors import InvalidMessage, KeyNotFound
from crossdock.domain.key import (
    ApiKey,
    KeySpec,
    KeyText,
    Scope,
    check_key_name,
    digest_of,
    new_key_text,
)
from crossdock.domain.message import check_app, instant_issue

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.domain.message import AppId
    from crossdock.ports.store import Transaction


class MadeKey(NamedTuple):
    """A new key, and the only copy of its text."""

    key: ApiKey
    text: KeyText


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWish:
    """What a new key is to be.

    Raises:
        InvalidMessage: Something about it is wrong.
    """

    name: str
    scopes: frozenset[Scope]
    app: str | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if self.app is not None:
            check_app(self.app)
        if self.expires_at is not None and (issue := instant_issue(self.expires_at)):
            raise InvalidMessage.of("expires_at", issue)

    def spec(self, text: KeyText) -> KeySpec:
        """Return what is stored of it."""
        app: AppId | None = None if self.app is None else check_app(self.app)
        return KeySpec(text.id, self.name, digest_of(text.secret), self.scopes, app, self.expires_at)


def creation(wish: KeyWish) -> Callable[[Transaction], MadeKey]:
    """Return the work of a transaction that makes a key."""
    text = new_key_text()
    spec = wish.spec(text)
    return lambda tx: MadeKey(tx.create_key(spec), text)


def first_creation(text: KeyText, name: str) -> Callable[[Transaction], ApiKey | None]:
    """Return the work of a transaction that makes a key that may do everything, unless there is one already."""
    spec = KeyWish(name=name, scopes=frozenset(Scope)).spec(text)

    def create(tx: Transaction) -> ApiKey | None:
        return None if tx.has_keys() else tx.create_key(spec)

    return create


def rotation(key_id: str, overlap: timedelta) -> Callable[[Transaction], MadeKey]:
    """Return the work of a transaction that makes a key like another, which ends after ``overlap``.

    Raises:
        InvalidMessage: ``overlap`` is less than nothing.
    """
    if overlap < timedelta(0):
        raise InvalidMessage.of("overlap", f"{overlap} is less than 0")
    text = new_key_text()

    def rotate(tx: Transaction) -> MadeKey:
        old = tx.expire_key(key_id, tx.now + overlap)
        if old.revoked_at is not None:
            raise KeyNotFound(f"key {key_id} was revoked; make a new one")
        return MadeKey(
            tx.create_key(KeySpec(text.id, old.name, digest_of(text.secret), old.scopes, old.app)), text
        )

    return rotate
