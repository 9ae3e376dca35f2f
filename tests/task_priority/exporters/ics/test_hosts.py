"""Which addresses are of the open network, and which names lead there."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from crossdock import PermanentError, TransientError
from task_priority.exporters.ics.hosts import address_of
from task_priority.exporters.ics.sources import Source


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_the_open_network_is_open(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve_to(monkeypatch, address)
    assert address_of("calendar.example", 443, private=False) == address


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("127.0.0.1", "loopback"), ("192.168.1.1", "private"), ("100.64.0.1", "CGNAT"), ("224.0.0.1", "multicast"),
        ("fe80::1%eth0", "link-local"), ("::ffff:10.0.0.1", "private"), ("64:ff9b::7f00:1", "loopback"),
        ("2002:808:808::1", "6to4"), ("4000::1", "reserved"),
    ],
)  # fmt: skip
def test_what_is_not_of_the_open_network_is_closed(
    address: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _resolve_to(monkeypatch, address)
    with pytest.raises(PermanentError, match=r"which is not on the open network") as caught:
        address_of("calendar.example", 443, private=False)
    assert what in str(caught.value)


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve_to(monkeypatch, "1.1.1.1", "10.0.0.1")
    with pytest.raises(PermanentError, match=r"calendar\.example leads to 10\.0\.0\.1 \(private\)"):
        address_of("calendar.example", 443, private=False)
    assert address_of("calendar.example", 443, private=True) == "1.1.1.1"


def test_a_name_that_is_not_found_is_asked_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(TransientError, match=r"calendar\.example is not found"):
        address_of("calendar.example", 443, private=False)


@pytest.mark.parametrize("scheme", ["webcal", "WEBCAL", "webcals", "https", "HTTPS"])
def test_webcal_means_https(scheme: str) -> None:
    assert Source("work", f"{scheme}://calendar.example/x.ics").url == "https://calendar.example/x.ics"


@pytest.mark.parametrize("address", ["ftp://calendar.example/s3cret", "https:///s3cret", "https://[s3cret"])
def test_an_address_that_is_none_is_refused_and_not_told(address: str) -> None:
    with pytest.raises(ValueError, match="address of 'work'") as caught:
        Source("work", address)
    assert "s3cret" not in str(caught.value)


def test_a_name_must_fit_into_an_id() -> None:
    with pytest.raises(ValueError, match="no name of a calendar"):
        Source("a:b", "x.ics")


def _resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
