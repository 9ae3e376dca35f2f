"""The URL that messages are posted to, read strictly: what is odd in it is refused, never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from crossdock.adapters.http.addresses import HOST, ends_as_number
from crossdock.addresses import Address

PORTS: Final = {"https": 443, "http": 80}
_ODD: Final = re.compile(r"[^!-~]|[\\\"<>^`{|}]")
OTHER_PROTOCOLS: Final = frozenset({
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
    111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
    540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
    6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
})  # fmt: skip
"""Ports that no HTTP is spoken at. Source: Fetch Standard, "bad port"."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where messages are posted to.

    Attributes:
        tls: Whether it is reached by TLS.
        host: Its name in lower case, or its address.
        resource: The path and the query.
        address: The host, if it is given by address.
    """

    tls: bool
    host: str
    port: int
    resource: str
    address: Address | None

    @property
    def authority(self) -> str:
        """What the header Host says."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == PORTS["https" if self.tls else "http"] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """The URL for people; without its query, which may hold what is nobody's business."""
        return f"{'https' if self.tls else 'http'}://{self.authority}{self.resource.partition('?')[0]}"


def target_of(url: str) -> Target:
    """Read a URL.

    Raises:
        ValueError: It cannot be used; the words say why.
    """
    if odd := _ODD.search(url):
        raise ValueError(f"has {odd[0]!r}, which no URL has; write it as %XX, and a name as xn--…")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"cannot be read: {error}") from error
    _check(parts, port)
    host = parts.hostname or ""
    address = _address(host, bracketed="[" in parts.netloc)
    resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(
        tls=parts.scheme == "https",
        host=host if address is None else str(address),
        port=PORTS[parts.scheme] if port is None else port,
        resource=resource,
        address=address,
    )


def _check(parts: SplitResult, port: int | None) -> None:
    if parts.scheme not in PORTS:
        raise ValueError(
            f"begins with {parts.scheme or 'no'}:, and webhooks are posted by https:// or http://"
        )
    if "@" in parts.netloc:
        raise ValueError("has a user or a password in it; give the header Authorization by secret_headers")
    if parts.fragment:
        raise ValueError("has a fragment (#…), which is never sent")
    if not parts.hostname:
        raise ValueError("names no host")
    if port == 0:
        raise ValueError("has port 0, which is none")
    if port in OTHER_PROTOCOLS:
        raise ValueError(f"has port {port}, at which another protocol than HTTP is spoken")


def _address(host: str, *, bracketed: bool) -> Address | None:
    if bracketed:
        try:
            return IPv6Address(host) if "%" not in host else _refuse(host)
        except ValueError:
            _refuse(host)
    if ends_as_number(host):
        try:
            return ip_address(host)
        except ValueError:
            _refuse(host)
    if not HOST.fullmatch(host):
        raise ValueError(f"names a host {host!r}, which is no name")
    return None


def _refuse(host: str) -> Address:
    raise ValueError(
        f"names a host {host!r}, which is no address: write an IPv4 as four numbers, an IPv6 as [2001:…]"
    )
