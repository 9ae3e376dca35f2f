"""What an address is: of the open network, or of a block set aside for something else.

Who reaches far sides that others name must not be led into a private network, or to this machine.
"""

from __future__ import annotations

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
