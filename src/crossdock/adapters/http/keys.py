"""The keys that webhooks are signed and checked with, as people write them.

Source: Standard Webhooks 1.0.0, "Secret and key format".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crossdock.domain.webhook import CheckingKey, HmacKey, SigningKey, decoded

PRIVATE_PREFIX: Final = "whsk_"
PUBLIC_PREFIX: Final = "whpk_"
_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Ed25519Private:
    """The private half of a pair of keys: only its owner can sign."""

    version: ClassVar[str] = "v1a"
    key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Ed25519Private:
        """Read a key: ``whsk_`` and Base64 of 32 bytes, or of 64, behind which the public half is repeated.

        Raises:
            ValueError: It is none; the words do not tell it.
        """
        given = decoded(text.removeprefix(PRIVATE_PREFIX))
        if len(given) not in {_BYTES, 2 * _BYTES}:
            raise ValueError(
                f"has {len(given)} bytes; an ed25519 key has {_BYTES}, or {2 * _BYTES} with its public half"
            )
        key = Ed25519PrivateKey.from_private_bytes(given[:_BYTES])
        if given[_BYTES:] not in {b"", key.public_key().public_bytes_raw()}:
            raise ValueError("is no ed25519 key: its halves do not belong together")
        return cls(key)

    def sign(self, text: bytes) -> bytes:
        """Return the signature of a text."""
        return self.key.sign(text)


@dataclass(frozen=True, slots=True)
class Ed25519Public:
    """The public half of a pair of keys: anybody may check."""

    version: ClassVar[str] = "v1a"
    key: Ed25519PublicKey = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Ed25519Public:
        """Read a key: ``whpk_`` and Base64 of 32 bytes.

        Raises:
            ValueError: It is none.
        """
        given = decoded(text.removeprefix(PUBLIC_PREFIX))
        if len(given) != _BYTES:
            raise ValueError(f"has {len(given)} bytes; a public ed25519 key has {_BYTES}")
        return cls(Ed25519PublicKey.from_public_bytes(given))

    def has_signed(self, text: bytes, signature: bytes) -> bool:
        """Tell whether a signature of a text is right."""
        try:
            self.key.verify(signature, text)
        except InvalidSignature:
            return False
        return True


def signing_key(text: str) -> SigningKey:
    """Read what webhooks are signed with.

    Raises:
        ValueError: It is no key; the words do not tell it.
    """
    if text.startswith(PUBLIC_PREFIX):
        raise ValueError(
            f"is the public half, which cannot sign; the private one begins with {PRIVATE_PREFIX}"
        )
    return Ed25519Private.of(text) if text.startswith(PRIVATE_PREFIX) else HmacKey.of(text)


def checking_key(text: str) -> CheckingKey:
    """Read what webhooks are checked with.

    Raises:
        ValueError: It is no key; the words do not tell it.
    """
    if text.startswith(PRIVATE_PREFIX):
        raise ValueError(
            f"is the private half, which the sender keeps; the public one begins with {PUBLIC_PREFIX}"
        )
    return Ed25519Public.of(text) if text.startswith(PUBLIC_PREFIX) else HmacKey.of(text)
