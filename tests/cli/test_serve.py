"""``crossdock serve --stdio``: a program in any language starts Crossdock and speaks frames with it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from crossdock import Queue
from tests.cli.command import TIME_LIMIT_S, Shell

Store = Callable[[], AbstractContextManager[Queue]]


class Client:
    """The side of the program: asks, and waits for the answer."""

    def __init__(self, shell: Shell) -> None:
        self.process = shell.start(
            "serve", "--stdio", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self._last = 0

    def write(self, line: bytes) -> None:
        self.stdin.write(line + b"\n")
        self.stdin.flush()

    def begin(self, method: str, **params: Any) -> int:
        self._last += 1
        frame = {"jsonrpc": "2.0", "id": self._last, "method": method, "params": params}
        self.write(json.dumps(frame).encode())
        return self._last

    def read(self) -> Any:
        return json.loads(self.stdout.readline())

    def ask(self, method: str, **params: Any) -> Any:
        number = self.begin(method, **params)
        answer = self.read()
        assert answer["id"] == number, answer
        return answer.get("result", answer.get("error"))

    def end(self) -> int:
        self.stdin.close()
        return self.process.wait(TIME_LIMIT_S)


@contextmanager
def serving(shell: Shell) -> Iterator[Client]:
    client = Client(shell)
    try:
        assert client.ask("initialize", protocol=1, app="shop")["protocol"] == 1
        yield client
    finally:
        client.stdin.close()
        client.process.wait(TIME_LIMIT_S)
        client.stdout.close()


def test_a_message_is_sent_claimed_and_settled(shell: Shell, store: Store) -> None:
    with serving(shell) as client:
        sent = client.ask("send", app="till", data={"order": 17}, type="order.placed", priority=7)
        assert client.ask("send", app="till", data={"order": 17}, message_id=sent["id"])["duplicate"]
        [taken] = client.ask("claim", app="till", wait=10)["deliveries"]
        assert (taken["event"]["id"], taken["event"]["data"]) == (sent["id"], {"order": 17})
        assert (taken["event"]["source"], taken["event"]["type"], taken["attempt"]) == (
            "shop",
            "order.placed",
            1,
        )
        assert client.ask("extend", delivery=taken["delivery"], lease=60) is None
        assert client.ask("ack", delivery=taken["delivery"], result=[1]) is None
        assert client.ask("ack", delivery=taken["delivery"])["data"]["code"] == "LEASE_LOST"
        assert client.ask("stats", app="till")["queues"]["till"]["completed"] == 1
    with store() as queue:
        assert queue.get(sent["id"]).result == [1]


def test_many_are_sent_together_as_data_bytes_and_events(shell: Shell, store: Store) -> None:
    event = {"specversion": "1.0", "id": "e-1", "source": "x", "type": "t", "data": 3}
    with serving(shell) as client:
        found = client.ask(
            "send_many", app="till", items=[{"data": 1}, {"data_base64": "AP8="}, {"event": event}]
        )
        assert [one["duplicate"] for one in found["sent"]] == [False] * 3
        assert client.ask("send", app="till", event=event, wait=1)["duplicate"]
        wrong = client.ask("send_many", app="till", items=[{"data": 1}, {}])
        assert wrong["data"]["details"][0]["field"] == "items[1].data"
    with store() as queue:
        assert [record.message.data for record in queue.list("till")] == [1, b"\x00\xff", 3]


def test_a_delivery_that_fails_says_how(shell: Shell, store: Store) -> None:
    with serving(shell) as client:
        client.ask("send_many", app="till", items=[{"data": number} for number in range(4)])
        names = [one["delivery"] for one in client.ask("claim", app="till", limit=4)["deliveries"]]
        assert client.ask("nack", delivery=names[0], error="not yet", retry_in=3600) is None
        assert client.ask("fail", delivery=names[1], error="never") is None
        limited = {"message": "slow", "data": {"code": "RATE_LIMITED", "retry_after": 60}}
        assert client.ask("nack", delivery=names[2], error=limited) is None
        assert client.ask("hand_back", delivery=names[3]) is None
        [again] = client.ask("claim", app="till", limit=9)["deliveries"]
        assert (again["event"]["data"], again["attempt"]) == (3, 1)
    with store() as queue:
        codes = [record.error and record.error.code for record in queue.list("till")]
        assert codes == ["TRANSIENT", "PERMANENT", "RATE_LIMITED", None]


def test_requests_run_side_by_side_and_a_call_is_answered(shell: Shell) -> None:
    with serving(shell) as client:
        call = client.begin("call", app="till", data="question", timeout=20)
        claim = client.begin("claim", app="till", wait=10)
        claimed = client.read()
        assert claimed["id"] == claim
        client.begin("ack", delivery=claimed["result"]["deliveries"][0]["delivery"], result={"n": 42})
        found = {answer["id"]: answer for answer in (client.read(), client.read())}
        assert found[call]["result"] == {"answer": {"n": 42}}


def test_a_call_without_an_answer_says_so(shell: Shell) -> None:
    with serving(shell) as client:
        assert client.ask("call", app="nobody", data=1, timeout=0.05)["data"]["code"] == "CALL_TIMED_OUT"


def test_the_end_of_the_input_hands_everything_back(shell: Shell, store: Store) -> None:
    client = Client(shell)
    client.ask("initialize", protocol=1)
    client.ask("send", app="till", data=1)
    assert len(client.ask("claim", app="till")["deliveries"]) == 1
    client.begin("claim", app="till", wait=1000)
    assert client.end() == 0
    client.stdout.close()
    with store() as queue:
        [delivery] = queue.claim("till")
        assert delivery.attempt == 1


def test_a_killed_client_loses_nothing(shell: Shell, store: Store) -> None:
    client = Client(shell)
    client.ask("initialize", protocol=1)
    client.ask("send", app="till", data=1)
    client.ask("claim", app="till")
    client.process.kill()
    client.process.wait()
    client.stdin.close()
    client.stdout.close()
    with store() as queue:
        deadline = time.monotonic() + TIME_LIMIT_S
        while not (found := queue.claim("till", wait=queue._gateway.policies.lease)):
            assert time.monotonic() < deadline
        assert found[0].crashes == 1


def test_shutdown_is_answered_and_ends_it(shell: Shell) -> None:
    with serving(shell) as client:
        assert client.ask("shutdown") is None
        assert client.process.wait(TIME_LIMIT_S) == 0


@pytest.mark.parametrize(
    ("method", "params", "code", "words"),
    [
        ("nothing", {}, -32601, "there is no method 'nothing'"),
        ("send", {"data": 1}, -32602, "app: is missing; it takes text"),
        ("send", {"app": "till"}, -32602, "data: give either data or data_base64"),
        ("send", {"app": "till", "data": 1, "prio": 2}, -32602, "prio: unknown parameter"),
        (
            "send",
            {"app": "till", "data": 1, "delay": "5s"},
            -32602,
            "delay: is str; it takes a number of seconds",
        ),
        ("send", {"app": "till", "data": 1, "time": "x"}, -32602, "time: 'x' is not an instant"),
        ("send", {"app": "-", "data": 1}, -32602, "app: '-' is not a name"),
        ("claim", {"app": "till", "limit": 1001}, -32602, "limit: 1001 is not from 1 to 1000"),
        ("nack", {"delivery": "7", "error": "x"}, -32000, "there is no delivery '7' here"),
    ],
)
def test_a_wrong_request_is_explained(
    shell: Shell, method: str, params: dict[str, Any], code: int, words: str
) -> None:
    with serving(shell) as client:
        error = client.ask(method, **params)
        assert error["code"] == code
        assert words in error["message"]


def test_who_it_is_must_be_said_first_and_in_a_version_that_is_spoken(shell: Shell) -> None:
    client = Client(shell)
    assert client.ask("stats")["message"] == "the first request must be initialize"
    assert "this Crossdock speaks 1" in client.ask("initialize", protocol=2)["message"]
    assert client.end() == 0
    client.stdout.close()


def test_over_what_to_serve_must_be_said(shell: Shell) -> None:
    result = shell("serve")
    assert (result.code, "--stdio" in result.err) == (2, True)


nearly_requests = some.fixed_dictionaries(
    {"jsonrpc": some.just("2.0"), "id": some.integers() | some.text() | some.none()},
    optional={
        "method": some.sampled_from(["initialize", "send", "send_many", "ack", "extend", "stats", ""]),
        "params": some.dictionaries(
            some.sampled_from(["app", "data", "items", "delivery", "lease", "protocol"]),
            some.none() | some.integers() | some.text() | some.lists(some.integers()) | some.just(1e308),
        ),
    },
).map(lambda value: json.dumps(value).encode())
lines = (some.binary() | nearly_requests).map(lambda line: line.replace(b"\n", b" "))


@pytest.mark.timeout(300)
def test_no_line_ends_it_or_costs_a_message(shell: Shell, store: Store) -> None:
    """Whatever is written between, each message whose send was answered is stored."""
    sent: list[int] = []
    with serving(shell) as client:

        @given(some.lists(lines, max_size=8))
        @settings(max_examples=60, suppress_health_check=list(HealthCheck))
        def speak(rubbish: list[bytes]) -> None:
            for line in rubbish:
                client.write(line)
            number = len(sent)
            client.write(
                json.dumps({
                    "jsonrpc": "2.0", "id": f"mine-{number}", "method": "send",
                    "params": {"app": "kept", "data": number, "message_id": f"mine-{number}"},
                }).encode()
            )  # fmt: skip
            while (answer := client.read())["id"] != f"mine-{number}":
                assert answer["jsonrpc"] == "2.0"
            assert answer["result"]["duplicate"] is False
            sent.append(number)

        speak()
    with store() as queue:
        assert sorted(record.message.data for record in queue.list("kept", limit=10_000)) == sent
