"""Webhooks of Todoist: signed, with the same id when sent again, and to this machine only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from task_priority.sandbox import Sandbox
from tests.task_priority.sandbox.conftest import Time


class _Receiver:
    """Takes webhooks, and answers what it is told to."""

    def __init__(self) -> None:
        self.arrived: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.arrived.append((dict(self.headers.items()), body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[_Receiver]:
    made = _Receiver()
    yield made
    made.close()


@pytest.fixture
def own() -> Iterator[Sandbox]:
    with Sandbox(demo=False, clock=Time()) as made:
        yield made


def test_what_happens_is_told_and_signed(own: Sandbox, receiver: _Receiver) -> None:
    own.todoist.webhooks.send_to(receiver.url, secret="s3cret")
    task = own.todoist.tasks.add("Told", due_string="every day")
    own.todoist.tasks.close(task["id"])
    own.todoist.webhooks.settle()
    bodies = []
    for headers, body in receiver.arrived:
        signature = base64.b64encode(hmac.digest(b"s3cret", body, hashlib.sha256)).decode()
        assert headers["X-Todoist-Hmac-SHA256"] == signature
        assert headers["User-Agent"] == "Todoist-Webhooks"
        bodies.append(json.loads(body))
    assert [one["event_name"] for one in bodies] == ["item:added", "item:updated"]
    assert bodies[1]["event_data_extra"]["update_intent"] == "item_completed"
    assert bodies[1]["event_data_extra"]["old_item"]["due"] != bodies[1]["event_data"]["due"]


@pytest.mark.parametrize("status", [204, 500])
def test_only_200_counts_and_sending_again_keeps_the_id(
    own: Sandbox, receiver: _Receiver, status: int
) -> None:
    webhooks = own.todoist.webhooks
    webhooks.send_to(receiver.url, secret="s3cret", events=["project:added"])
    receiver.status = status
    own.todoist.tasks.add("Not told")
    own.todoist.projects.add("Told")
    webhooks.settle()
    receiver.status = 200
    webhooks.send_again()
    webhooks.settle()
    webhooks.send_again()
    webhooks.settle()
    assert [(one.attempts, one.arrived) for one in webhooks.deliveries] == [(2, True)]
    assert len({headers["X-Todoist-Delivery-ID"] for headers, _ in receiver.arrived}) == 1


def test_a_receiver_that_is_away_loses_nothing_for_good(own: Sandbox, receiver: _Receiver) -> None:
    webhooks = own.todoist.webhooks
    webhooks.send_to("http://127.0.0.1:9/", secret="s3cret")
    own.todoist.tasks.add("Told later")
    webhooks.settle()
    assert not webhooks.deliveries[0].arrived
    webhooks.send_to(receiver.url, secret="s3cret")
    webhooks.send_again()
    webhooks.settle()
    assert webhooks.deliveries[0].arrived


def test_other_machines_get_nothing(own: Sandbox) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        own.todoist.webhooks.send_to("http://example.com/hook", secret="s3cret")
    answer = httpx.post(f"{own.url}/sandbox/webhook", json={"url": "http://example.com", "secret": "s"})
    assert answer.status_code == 400


def test_they_can_be_asked_for_over_http(own: Sandbox, receiver: _Receiver) -> None:
    answer = httpx.post(f"{own.url}/sandbox/webhook", json={"url": receiver.url, "secret": "s"})
    assert answer.status_code == 204
    own.todoist.tasks.add("Told")
    own.todoist.webhooks.settle()
    assert len(receiver.arrived) == 1
