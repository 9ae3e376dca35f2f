"""How the API is served: without waiting for what nobody needs."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.dependencies import utils

from crossdock.api.listener import listening

if TYPE_CHECKING:
    from tests.api.served import Served


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_what_is_answered_does_not_wait_for_the_client_to_acknowledge_what_was_before(host: str) -> None:
    with listening(host, 0) as listener:
        there = listener.getsockname()[:2]
        with socket.create_connection(there), listener.accept()[0] as connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_no_operation_goes_by_way_of_another_thread(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """FastAPI calls a dependency that is a plain function in one; it takes longer than most operations."""

    async def refused(call: Any, *_: Any, **__: Any) -> Any:
        raise AssertionError(f"{call} is called in another thread")

    monkeypatch.setattr(utils, "run_in_threadpool", refused)
    assert api.send({"n": 1}).status == 202
    (one,) = api.ask("POST", "/queues/validator/claim", {}).json["deliveries"]
    settled = api.ask("POST", "/queues/validator/ack", {"deliveries": [{"delivery": one["delivery"]}]})
    assert settled.status == 200
