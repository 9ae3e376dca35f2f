"""Webhooks keep the contract of adapters, in every form of the body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from crossdock.testing.outbound_contract import OutboundContract
from tests.adapters.http.receiving import Receiver, data_of
from tests.guarantees import of_road


class Endpoint:
    """Where webhooks are posted to."""

    def __init__(self, form: str) -> None:
        self.receiver = Receiver()
        self.carries_attributes = form != "webhook"
        self.carries_bytes = form != "webhook"
        self.table: Mapping[str, Any] = {
            "http": self.receiver.url("/hooks"), "allow": ["127.0.0.1"], "format": form,
        }  # fmt: skip
        self.wrong: Sequence[tuple[Mapping[str, Any], str]] = [
            ({"http": "https://127.0.0.1/hooks"}, "127.0.0.1 is loopback, and such an address is reached only"),
            ({"http": "https://a.example/", "format": "json"}, 'expected "webhook", "binary" or "structured", given'),
            ({"http": "https://a.example/", "secret": []}, "unknown key; did you mean secrets?"),
            ({"http": "https://a.example/", "secrets": [{"env": "NONE"}]}, "the variable NONE is not set"),
        ]  # fmt: skip

    def received(self) -> list[Any]:
        return [data_of(event) for event in self.events()]

    def events(self) -> list[Mapping[str, Any]]:
        return [
            {
                name: int(value) if name == "level" else value for name, value in event.items()
            }  # text in headers
            for event in self.receiver.arrived["/hooks"]
        ]

    def go_away(self) -> bool:
        self.receiver.close()
        return True

    def come_back(self) -> None:
        self.receiver.open_again()


@of_road("http")
class TestOutbound(OutboundContract):
    @pytest.fixture(params=["webhook", "binary", "structured"])
    def far_side(self, request: pytest.FixtureRequest) -> Iterator[Endpoint]:
        endpoint = Endpoint(request.param)
        yield endpoint
        endpoint.receiver.close()
