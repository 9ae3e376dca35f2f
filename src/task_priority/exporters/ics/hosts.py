"""To which addresses a host leads, and whether a feed may be fetched from there."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

from crossdock import PermanentError, TransientError

Address: TypeAlias = IPv4Address | IPv6Address

_NAT64: Final = IPv6Network("64:ff9b::/96")
_FOUR_BYTES: Final = 0xFFFF_FFFF


def address_of(host: str, port: int, *, private: bool) -> str:
    """Return the address to connect to; connecting to it and to no name keeps the name from leading elsewhere.

    Args:
        host: A name or an address.
        port: At which it is asked.
        private: Whether it may be one that the open network does not lead to.

    Raises:
        TransientError: The name cannot be found now.
        PermanentError: It leads to a private network or to this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransientError(f"{host} is not found: is the network there, and the address right?") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not private:
        for address in addresses:
            if not is_open(ip_address(address.partition("%")[0])):
                raise PermanentError(
                    f"{host} leads to {address}, which is on a private network or this machine; "
                    "if the calendar is there, say so when connecting it"
                )
    return addresses[0]


def is_open(address: Address) -> bool:
    """Tell whether an address is one of the open network; one that stands for an IPv4 address is what that is."""
    if isinstance(address, IPv6Address):
        within = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if within is None and address in _NAT64:
            within = IPv4Address(int(address) & _FOUR_BYTES)
        if within is not None:
            return is_open(within)
    return address.is_global and not address.is_multicast
