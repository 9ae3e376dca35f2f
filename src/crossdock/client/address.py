"""Where the API is, and the key that opens it."""

from __future__ import annotations

import ipaddress
import os
import ssl
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from crossdock.domain.errors import ConfigError

KEY_VARIABLE: Final = "CROSSDOCK_KEY"
_PLACE: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Address:
    """A server of the API.

    Attributes:
        place: The path that all others begin with.
        key: Never shown.
        tls: None: plain HTTP.
    """

    host: str
    named_port: int | None
    place: str
    key: str = field(repr=False)
    tls: ssl.SSLContext | None = None

    @property
    def authority(self) -> str:
        """The host, and the port if one was given."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.named_port}" if self.named_port is not None else host

    @property
    def url(self) -> str:
        """Where the API is; it can be shown."""
        return f"{'http' if self.tls is None else 'https'}://{self.authority}{self.place}"

    @property
    def port(self) -> int:
        """Where to connect to."""
        if self.named_port is not None:
            return self.named_port
        return 443 if self.tls is not None else 80


def address_of(url: str, *, key: str | None, tls: ssl.SSLContext | None, plain_http: bool) -> Address:
    """Read the URL of a server.

    Raises:
        ConfigError: It is none, it would show the key to the network, or there is no key. No message repeats a secret.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise ConfigError("the URL of the API has a port that is no number from 0 to 65535") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(
            "the URL of the API must be such as https://crossdock.example or http://127.0.0.1:8765"
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            f"the URL of the API holds a name or password; give the key as key= or in {KEY_VARIABLE}"
        )
    if parts.scheme == "http" and not plain_http and not _is_this_machine(parts.hostname):
        raise ConfigError(
            f"http://{parts.hostname} would show the key and all messages to the network; use https, or say "
            f"plain_http=True if the way there is protected otherwise"
        )
    place = parts.path.rstrip("/")
    return Address(
        host=parts.hostname,
        named_port=port,
        place=place if place.endswith(_PLACE) else place + _PLACE,
        key=_key(key),
        tls=(tls or ssl.create_default_context()) if parts.scheme == "https" else None,
    )


def _key(given: str | None) -> str:
    key = (given or os.environ.get(KEY_VARIABLE, "")).strip()
    if not key:
        raise ConfigError(
            f"there is no key: give key=, or set {KEY_VARIABLE}; crossdock key create makes one"
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigError("the key has characters that no key has")
    return key


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
