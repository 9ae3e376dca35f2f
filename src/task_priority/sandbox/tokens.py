"""Opaque tokens that clients carry for us: pages, cursors, sync tokens. Nobody can make one up."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

_MAC_BYTES = 9


class BadToken(Exception):
    """A token was not made here, or for something else."""


class Sealer:
    """Packs JSON values into tokens, and unpacks them.

    Args:
        secret: The same secret opens what it sealed, also in another process.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, purpose: str, value: Any) -> str:
        """Make a token that only ``open`` with the same purpose understands."""
        body = json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
        return base64.urlsafe_b64encode(self._mac(purpose, body) + body).decode().rstrip("=")

    def open(self, purpose: str, token: str) -> Any:
        """Return what was sealed.

        Raises:
            BadToken: It was changed, or made for another purpose or by somebody else.
        """
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadToken(f"{token!r} is no token of this sandbox") from error
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(purpose, body)):
            raise BadToken(f"{token!r} is no {purpose} token of this sandbox")
        return json.loads(body)

    def _mac(self, purpose: str, body: bytes) -> bytes:
        return hmac.digest(self._secret, purpose.encode() + b"\0" + body, hashlib.sha256)[:_MAC_BYTES]
