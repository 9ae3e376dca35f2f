"""The documents of API keys."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from crossdock.api.models import Given, Instant, Number, example
from crossdock.api.operations import APP_PATTERN
from crossdock.domain.key import Scope

_ID: Final = "5f0c3a9e1b7d"
_KEY: Final[dict[str, Any]] = {
    "id": _ID, "name": "shop", "scopes": ["messages:send"], "app": "shop", "created_by": "api:operator",
    "created_at": "2031-05-17T08:30:00Z", "expires_at": None, "last_used_at": None, "revoked_at": None,
}  # fmt: skip


class KeyRequest(Given):
    """What a new key is to be."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "shop", "scopes": ["messages:send"], "app": "shop"}]},
    )
    name: str = Field(
        description="What it is called where it is written down what it did.",
        json_schema_extra={"pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},
    )
    scopes: list[Scope] = Field(min_length=1, description="What it may do: nothing that yours may not.")
    app: str | None = Field(default=None, pattern=APP_PATTERN, description="It works as this app only.")
    expires_at: Instant | None = Field(default=None, description="It opens nothing from then on.")


class KeyDocument(BaseModel):
    """What may be told of a key."""

    model_config = example(**_KEY)
    id: str
    name: str
    scopes: list[str]
    app: str | None
    created_by: str
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    revoked_at: Instant | None


class NewKey(KeyDocument):
    """A new key, with its text: it is told this once."""

    model_config = example(**_KEY, key=f"cdk_{_ID}_…")
    key: str


class Keys(BaseModel):
    """Every key, the oldest first."""

    model_config = example(keys=[_KEY])
    keys: list[KeyDocument]


class RotationWish(Given):
    """How a key is to be replaced."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"overlap_s": 86400}]})
    overlap_s: Number = Field(
        default=86_400, ge=0, le=31_536_000, description="The old one ends so long from now."
    )
