"""Which addresses a webhook may reach: those of the open network, and those that the configuration names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from crossdock.addresses import Address, Network, embedded

HOST: Final = re.compile(
    r"(?=.{1,253}\.?$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*\.?"
)
"""A host by name, in lower case."""


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


def _network(entry: str) -> Network | None:
    try:
        return ip_network(entry)
    except ValueError as error:
        if "host bits" in str(error):
            raise ValueError(
                f"{entry!r} is no network; did you mean {ip_network(entry, strict=False)}?"
            ) from error
        return None
