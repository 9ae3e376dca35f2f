"""Signatures of webhooks: those of Standard Webhooks are made and checked, an HMAC in any other header is checked.

What is signed is bytes that were sent or received, never a value that was written or read again.

Source: Standard Webhooks 1.0.0, "Signature scheme" and "Webhook headers".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, Literal, Protocol, TypeAlias

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"
TOLERANCE: Final = timedelta(minutes=5)
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what secrets begin with

SHORTEST_SECRET: Final = 24
LONGEST_SECRET: Final = 64
_MOST_SIGNATURES: Final = 16
"""More than a rotation has; checking each costs time, and a stranger writes them."""
_TIMESTAMP: Final = re.compile(r"[0-9]{1,11}")

Encoding: TypeAlias = Literal["hex", "base64"]
Digest: TypeAlias = Literal["sha256", "sha384", "sha512"]


class SigningKey(Protocol):
    """Makes signatures."""

    @property
    def version(self) -> str:
        """What its signatures are marked with, such as ``v1``."""

    def sign(self, text: bytes) -> bytes:
        """Return the signature of a text."""


class CheckingKey(Protocol):
    """Checks signatures."""

    @property
    def version(self) -> str:
        """What the signatures that it can check are marked with."""

    def has_signed(self, text: bytes, signature: bytes) -> bool:
        """Tell whether a signature of a text is right."""


@dataclass(frozen=True, slots=True)
class HmacKey:
    """A secret that both sides know: HMAC-SHA256.

    Attributes:
        secret: The bytes themselves.
    """

    version: ClassVar[str] = "v1"
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, text: str) -> HmacKey:
        """Read a secret as people write it: ``whsec_`` and Base64 of 24 to 64 bytes; the prefix may be missing.

        Raises:
            ValueError: It is none; the words do not tell it.
        """
        secret = decoded(text.removeprefix(SECRET_PREFIX))
        if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
            raise ValueError(f"has {len(secret)} bytes; {SHORTEST_SECRET} to {LONGEST_SECRET} are allowed")
        return cls(secret)

    def sign(self, text: bytes) -> bytes:
        """Return the signature of a text."""
        return hmac.digest(self.secret, text, hashlib.sha256)

    def has_signed(self, text: bytes, signature: bytes) -> bool:
        """Tell whether a signature of a text is right; takes the same time however much of it is."""
        return hmac.compare_digest(self.sign(text), signature)


def new_secret() -> str:
    """Return a secret that nobody has: ``whsec_`` and Base64 of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(os.urandom(32)).decode()


def decoded(text: str) -> bytes:
    """Return what Base64 says.

    Raises:
        ValueError: It is none; the words do not tell what it is.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise ValueError("is not Base64") from None  # the cause could show a part of it


def signed_headers(
    keys: Iterable[SigningKey], *, id: str, at: datetime, body: bytes
) -> list[tuple[str, str]]:
    """Return the headers of a webhook, signed with each of the keys; with none it has no signature.

    Args:
        keys: Several while one takes the place of another.
        id: Of the message; the same at each attempt. Printable ASCII.
        at: When this attempt is made, aware.
        body: The very bytes that are sent.
    """
    timestamp = str(int(at.timestamp()))
    text = _signed_text(id, timestamp, body)
    signatures = [f"{key.version},{base64.b64encode(key.sign(text)).decode()}" for key in keys]
    headers = [(ID_HEADER, id), (TIMESTAMP_HEADER, timestamp)]
    return [*headers, (SIGNATURE_HEADER, " ".join(signatures))] if signatures else headers


def webhook_issue(
    headers: Mapping[str, str],
    body: bytes,
    keys: Sequence[CheckingKey],
    *,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> str | None:
    """Return why a webhook is not to be believed, or None if one of the keys has signed it a short while ago.

    Args:
        headers: By their names in lower case.
        body: The very bytes that came.
        keys: Any of them may have signed it.
        now: Aware.
        tolerance: Its timestamp may be so far in the past, or in the future.
    """
    for name in (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER):
        if not headers.get(name):
            return f"{name} is missing"
    timestamp = headers[TIMESTAMP_HEADER]
    if not _TIMESTAMP.fullmatch(timestamp):
        return f"{TIMESTAMP_HEADER} is not a number of seconds"
    if abs(now - datetime.fromtimestamp(int(timestamp), UTC)) > tolerance:
        return f"{TIMESTAMP_HEADER} is more than {tolerance.total_seconds():g} s away from the time here"
    text = _signed_text(headers[ID_HEADER], timestamp, body)
    signatures = headers[SIGNATURE_HEADER].split()[:_MOST_SIGNATURES]
    if any(_is_signed(text, signature, keys) for signature in signatures):
        return None
    return f"{SIGNATURE_HEADER} has no signature that is right"


def hmac_issue(  # noqa: PLR0913 - all but three by keyword
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[bytes],
    *,
    header: str,
    prefix: str = "",
    encoding: Encoding = "hex",
    digest: Digest = "sha256",
) -> str | None:
    """Return why a body is not to be believed, or None if its HMAC with one of the secrets stands in a header.

    Nothing in such a signature tells when it was made: what came before can come again. Know it by its id.

    Args:
        headers: By their names in lower case.
        body: The very bytes that came.
        secrets: Any of them may have signed it.
        header: Its name, in any case.
        prefix: Stands before the signature in the header, as ``sha256=`` does.
        encoding: How the signature is written.
        digest: Of the HMAC.
    """
    given = headers.get(header.lower())
    if not given:
        return f"{header} is missing"
    if not given.startswith(prefix):
        return f"{header} does not begin with {prefix}"
    try:
        signature = _DECODERS[encoding](given.removeprefix(prefix))
    except ValueError:
        return f"{header} has no signature in {encoding}"
    if any(hmac.compare_digest(hmac.digest(secret, body, digest), signature) for secret in secrets):
        return None
    return f"{header} has no signature that is right"


def _signed_text(id: str, timestamp: str, body: bytes) -> bytes:
    return b".".join((id.encode(), timestamp.encode(), body))


def _is_signed(text: bytes, marked: str, keys: Iterable[CheckingKey]) -> bool:
    version, _, written = marked.partition(",")
    try:
        signature = decoded(written)
    except ValueError:
        return False
    return any(key.version == version and key.has_signed(text, signature) for key in keys)


_DECODERS: Final[Mapping[Encoding, Callable[[str], bytes]]] = {"hex": bytes.fromhex, "base64": decoded}
