"""To which addresses a host leads, and whether a feed may be fetched from there."""

from __future__ import annotations

import socket

from crossdock import PermanentError, TransientError
from crossdock.addresses import bare, special


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
            what = special(bare(address))
            if what is not None:
                raise PermanentError(
                    f"{host} leads to {address} ({what}), which is not on the open network; "
                    "if the calendar is there, say so (--private) when connecting it"
                )
    return addresses[0]
