"""Which addresses are of the open network, and what the others are."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from crossdock.addresses import special

PUBLIC = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.32.0.1", "2606:4700::1111", "2a00::1"]
SPECIAL = {
    "0.0.0.0": "of this host",  # noqa: S104 - nothing is bound to it
    "0.1.2.3": "of this host", "10.0.0.1": "private", "100.64.0.1": "CGNAT",
    "127.0.0.1": "loopback", "127.255.255.254": "loopback", "169.254.169.254": "link-local", "172.16.0.1": "private",
    "172.31.255.255": "private", "192.0.0.8": "reserved", "192.0.2.1": "documents", "192.168.1.1": "private",
    "198.18.0.1": "benchmarks", "203.0.113.7": "documents", "224.0.0.1": "multicast", "239.255.255.255": "multicast",
    "240.0.0.1": "reserved", "255.255.255.255": "reserved",
    "::": "of this host", "::1": "loopback", "fe80::1": "link-local", "fd00::1": "private", "ff02::1": "multicast",
    "fec0::1": "reserved", "::127.0.0.1": "reserved", "100::1": "reserved", "64:ff9b:1::7f00:1": "reserved",
    "2001::1": "Teredo", "2001:db8::1": "documents", "2002:7f00:1::": "6to4", "3fff::1": "documents",
    "4000::1": "reserved",
    "::ffff:127.0.0.1": "loopback (it stands for 127.0.0.1)", "::ffff:10.1.2.3": "private (it stands for 10.1.2.3)",
    "64:ff9b::a9fe:a9fe": "link-local (it stands for 169.254.169.254)",
}  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_open_network_is_nothing_special(address: str) -> None:
    assert special(ip_address(address)) is None


def test_an_address_of_the_open_network_behind_nat64_is_nothing_special() -> None:
    assert special(ip_address("64:ff9b::101:101")) is None


@pytest.mark.parametrize(("address", "what"), SPECIAL.items())
def test_other_addresses_are_told_by_what_they_are(address: str, what: str) -> None:
    assert what in (special(ip_address(address)) or "")
