"""Checks webhooks that others post, each against the secrets as they are now."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossdock.domain.errors import ConfigError
from crossdock.domain.message import DEFAULT_TYPE, text_issue
from crossdock.domain.webhook import ID_HEADER, CheckingKey, hmac_issue, webhook_issue
from crossdock.ports.webhook import Label

if TYPE_CHECKING:
    from crossdock.adapters.http.inbound_settings import HttpInbound
    from crossdock.config.secret import Secret


class Signed(ABC):
    """What both proofs share: where the secrets are, and what a webhook is called.

    Args:
        settings: What is believed.
        folder: Relative paths of secrets count from it.

    Raises:
        ConfigError: A secret is not there, or cannot be used.
    """

    def __init__(self, settings: HttpInbound, folder: Path) -> None:
        self._settings = settings
        self._secrets = [one.bound_to(folder) for one in settings.secrets]

    @abstractmethod
    def issue(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str | None:
        """Return why a webhook is not to be believed, or None."""

    def label(self, headers: Mapping[str, str], body: bytes, data: Any) -> Label:
        """Return what a webhook is called."""
        return Label(self._id(headers, body), self._type(headers, data))

    @abstractmethod
    def _id(self, headers: Mapping[str, str], body: bytes) -> str: ...

    def _type(self, headers: Mapping[str, str], data: Any) -> str:
        wanted = self._settings.type_header
        named = None if wanted is None else headers.get(wanted.lower())
        if not named and self._settings.type is None and isinstance(data, dict):
            named = data.get("type")
        if isinstance(named, str) and text_issue(named) is None:
            return named
        return self._settings.type or DEFAULT_TYPE


class StandardWebhook(Signed):
    """Believes what is signed by Standard Webhooks."""

    def __init__(self, settings: HttpInbound, folder: Path) -> None:
        super().__init__(settings, folder)
        self._known: dict[str, CheckingKey] = {}
        self._keys()

    def issue(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str | None:
        """Return why a webhook is not to be believed, or None."""
        return webhook_issue(headers, body, self._keys(), now=now, tolerance=self._settings.tolerance)

    def _id(self, headers: Mapping[str, str], body: bytes) -> str:
        del body
        return headers[ID_HEADER]

    def _keys(self) -> list[CheckingKey]:
        return [self._key(secret) for secret in self._secrets]

    def _key(self, secret: Secret) -> CheckingKey:
        from crossdock.adapters.http.keys import checking_key  # noqa: PLC0415 - needs the extra

        text = secret.text()
        if text not in self._known:
            try:
                self._known = {**self._known, text: checking_key(text)}
            except ValueError as error:
                raise ConfigError(
                    f"{secret.place} holds nothing that webhooks are checked with, whsec_… or whpk_…: it {error}"
                ) from None
        return self._known[text]


class HmacWebhook(Signed):
    """Believes what has an HMAC of its body in a header."""

    def __init__(self, settings: HttpInbound, folder: Path) -> None:
        super().__init__(settings, folder)
        self._texts()

    def issue(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str | None:
        """Return why a webhook is not to be believed, or None."""
        del now
        settings = self._settings
        return hmac_issue(
            headers,
            body,
            self._texts(),
            header=settings.header or "",
            prefix=settings.prefix,
            encoding=settings.encoding,
            digest=settings.digest,
        )

    def _id(self, headers: Mapping[str, str], body: bytes) -> str:
        wanted = self._settings.id_header
        named = None if wanted is None else headers.get(wanted.lower())
        return named or f"sha256:{hashlib.sha256(body).hexdigest()}"

    def _texts(self) -> list[bytes]:
        return [secret.text().encode() for secret in self._secrets]
