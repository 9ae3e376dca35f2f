"""API8:2023, security misconfiguration: what is set up by default is safe, and what is not safe does not start.

Addresses that others reach are in ``tests/cli/test_api.py``, headers and names in ``tests/api/test_door.py``.
"""

from __future__ import annotations

import pytest

from crossdock.config.api_table import ApiTable
from tests.api.served import Served


def test_the_defaults_are_for_this_machine_alone_and_open_nothing() -> None:
    table = ApiTable()
    assert (table.host, table.behind_proxy, table.allow_definitions) == ("127.0.0.1", False, False)
    assert table.allowed_hosts == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
def test_no_page_of_another_origin_may_read_an_answer(shared_api: Served, origin: str) -> None:
    answer = shared_api.ask("GET", "/queues", headers={"Origin": origin})
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    asked = shared_api.ask(
        "OPTIONS", "/queues", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
    )
    assert asked.status == 405
    assert not [name for name in asked.headers if name.lower().startswith("access-control-")]


def test_answers_are_kept_by_no_cache_and_set_no_cookie(shared_api: Served) -> None:
    answer = shared_api.ask("GET", "/queues")
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("Set-Cookie") is None


@pytest.mark.parametrize(
    "path", ["/../x", "/%2e%2e/x", "/messages/..%2f..%2fetc%2fpasswd", "//health", "/health/"]
)
def test_paths_lead_nowhere_else(shared_api: Served, path: str) -> None:
    assert shared_api.ask("GET", path).status in {404, 409}


def test_no_error_shows_what_the_server_is_made_of(shared_api: Served) -> None:
    for body in (b"{", b"[]", b"\xff", b'{"limit": "x"}'):
        answer = shared_api.ask(
            "POST", "/queues/app/claim", body, headers={"Content-Type": "application/json"}
        )
        for word in (b"Traceback", b"pydantic", b"fastapi", b"site-packages", b"sqlite"):
            assert word not in answer.body
