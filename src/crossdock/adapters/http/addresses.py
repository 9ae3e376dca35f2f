"""Which addresses a webhook may reach: those of the open network, and those that the configuration names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

HOST: Final = re.compile(
    r"(?=.{1,253}\.?$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*\.?"
)
"""A host by name, in lower case."""

_SPECIAL: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ip_network(block), what)
    for block, what in (
        ("0.0.0.0/8", "of this host"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by customers of a carrier (CGNAT)"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "for documents"),
        ("192.88.99.0/24", "a relay of 6to4"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documents"),
        ("203.0.113.0/24", "for documents"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "of this host"),
        ("::1/128", "loopback"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "reserved for protocols, Teredo among them"),
        ("2001:db8::/32", "for documents"),
        ("2002::/16", "of 6to4"),
        ("3fff::/20", "for documents"),
    )
)
"""Source: the IANA registries of special-purpose addresses for IPv4 and IPv6, RFC 6890, as of 2026."""
_OPEN_IPV6: Final = ip_network("2000::/3")
"""All of IPv6 that is given out for the open network."""
_MAPPED: Final = ip_network("::ffff:0:0/96")
_NAT64: Final = ip_network("64:ff9b::/96")
_FOUR_BYTES: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the configuration names besides the open network.

    Attributes:
        hosts: Names; whatever addresses they have.
        networks: Of addresses; a single one is a network, too.
    """

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> Allowed:
        """Read what is named.

        Raises:
            ValueError: An entry is neither an address, nor a network, nor the name of a host; the words say which.
        """
        hosts, networks = set[str](), list[Network]()
        for entry in entries:
            network = _network(entry)
            if network is not None:
                networks.append(network)
            elif HOST.fullmatch(entry.lower()) and not ends_as_number(entry):
                hosts.add(entry.lower().rstrip("."))
            else:
                raise ValueError(f"{entry!r} is no address, no network and no name of a host")
        return cls(frozenset(hosts), tuple(networks))

    def names(self, host: str, address: Address) -> bool:
        """Tell whether a host, or the address that it has, is named."""
        if host.rstrip(".") in self.hosts:
            return True
        within = embedded(address)
        return any(
            address in network or (within is not None and within in network) for network in self.networks
        )


def ends_as_number(host: str) -> bool:
    """Tell whether the last part of a name is a number: then libraries take all of it for an address."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    return re.fullmatch(r"[0-9]+|0x[0-9a-f]*", last) is not None


def special(address: Address) -> str | None:
    """Return what an address is that is not of the open network, or None if it is of that.

    One that stands for an address of IPv4 (IPv4-mapped, NAT64) is what that is.
    """
    within = embedded(address)
    if within is not None:
        what = special(within)
        return None if what is None else f"{what} (it stands for {within})"
    for network, what in _SPECIAL:
        if address in network:
            return what
    if isinstance(address, IPv6Address) and address not in _OPEN_IPV6:
        return "reserved"
    return None


def embedded(address: Address) -> IPv4Address | None:
    """Return the address of IPv4 that one of IPv6 stands for."""
    if address in _MAPPED or address in _NAT64:
        return IPv4Address(int(address) & _FOUR_BYTES)
    return None


def bare(text: str) -> Address:
    """Read an address, without the zone that the system may write behind it."""
    return ip_address(text.partition("%")[0])


def _network(entry: str) -> Network | None:
    try:
        return ip_network(entry)
    except ValueError as error:
        if "host bits" in str(error):
            raise ValueError(
                f"{entry!r} is no network; did you mean {ip_network(entry, strict=False)}?"
            ) from error
        return None
