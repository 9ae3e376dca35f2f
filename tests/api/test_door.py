"""What holds for every request: keys, hosts, limits, errors, and answers that are given again."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.api.documentation import PREFIX
from crossdock.api.limits import Limiter
from crossdock.api.settings import ApiSettings
from crossdock.domain.key import Scope
from crossdock.domain.rules import Rate
from tests.api.served import Served, served

EVENT: dict[str, Any] = {
    "specversion": "1.0", "id": "1", "source": "/shop", "type": "order.placed", "data": {"order": 17},
}  # fmt: skip
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
OPEN = {"getHealth", "getLiveness", "getDocument", "getDocumentation"}


def test_only_the_listed_operations_answer_without_a_key(shared_api: Served) -> None:
    answered = set()
    declared = shared_api.application.state.crossdock.declared
    for one in declared:
        path = one.path.replace("{app}", "app").replace("{app_id}", "app").replace("{message_id}", "1")
        if shared_api.ask(one.method, path, key=None).status != 401:
            answered.add(one.id)
    assert answered == OPEN
    assert {one.id for one in declared if one.access.kind == "proof"} == {"receiveWebhook"}


def test_every_operation_that_needs_a_key_demands_its_scope(shared_api: Served) -> None:
    declared = shared_api.application.state.crossdock.declared
    scopes = {one.access.scope for one in declared if one.access.kind == "key"}
    assert None not in scopes
    for one in declared:
        if one.access.kind == "key":
            key = shared_api.key("weak", frozenset(Scope) - {one.access.scope})
            path = one.path.replace("{app}", "app").replace("{app_id}", "app").replace("{message_id}", "1")
            answer = shared_api.ask(one.method, path, key=key)
            assert (answer.status, answer.code) == (403, "FORBIDDEN"), one


@pytest.mark.parametrize("shown", ["cdk_0123456789ab_" + "a" * 43, "nonsense", "", "cdk_%s_" + "b" * 43])
def test_a_key_that_opens_nothing_is_refused(shared_api: Served, shown: str) -> None:
    known, _ = shared_api.made_key()
    answer = shared_api.ask("GET", "/queues", key=shown % known.id if "%" in shown else shown or "x")
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert answer.header("WWW-Authenticate") == 'Bearer realm="crossdock"'


def test_a_key_that_is_revoked_or_over_opens_nothing_soon(api: Served) -> None:
    over = api.key("over", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert api.ask("GET", "/queues", key=over).status == 401
    key, text = api.made_key()
    assert api.ask("GET", "/queues", key=text).status == 200
    api.queue._store.write(lambda tx: tx.revoke_key(key.id))
    began = datetime.now(UTC)
    while api.ask("GET", "/queues", key=text).status == 200:
        assert datetime.now(UTC) - began < timedelta(seconds=10)


def test_the_use_of_a_key_is_noted(api: Served) -> None:
    key, text = api.made_key()
    api.ask("GET", "/queues", key=text)
    began = datetime.now(UTC)
    while api.queue._store.read(lambda reader: reader.key(key.id)).last_used_at is None:
        assert datetime.now(UTC) - began < timedelta(seconds=10)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "", "localhost.evil.example", "127.0.0.1.evil"]
)
def test_a_name_that_is_not_ours_is_refused(shared_api: Served, host: str) -> None:
    answer = shared_api.ask("GET", "/health", key=None, headers={"Host": host})
    assert (answer.status, answer.code) == (421, "MISDIRECTED_REQUEST")


@pytest.mark.parametrize("host", ["localhost:1", "LOCALHOST", "[::1]:99", "127.0.0.1"])
def test_names_of_this_machine_are_ours(shared_api: Served, host: str) -> None:
    assert shared_api.ask("GET", "/health", key=None, headers={"Host": host}).status == 200


def test_every_answer_has_a_number_and_the_headers_that_keep_browsers_from_harm(shared_api: Served) -> None:
    for method, path in (("GET", "/health"), ("GET", "/nothing"), ("PUT", "/messages"), ("GET", "/queues")):
        answer = shared_api.ask(method, path, key=None)
        request_id = answer.header("X-Request-Id") or ""
        assert request_id.startswith("req_")
        if answer.status != 200:
            assert answer.json["error"]["request_id"] == request_id
        assert answer.header("X-Content-Type-Options") == "nosniff"
        assert answer.header("Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'"
        assert answer.header("Server") is None


def test_errors_of_the_router_have_the_envelope_too(shared_api: Served) -> None:
    nothing = shared_api.ask("GET", "/nothing")
    assert nothing.code == "NOT_FOUND"
    assert nothing.json["error"]["message"] == f"there is nothing at {PREFIX}/nothing; see {PREFIX}/docs"
    answer = shared_api.ask("PUT", "/messages")
    assert (answer.status, answer.code, answer.header("Allow")) == (
        405, "METHOD_NOT_ALLOWED", "GET, HEAD, POST",
    )  # fmt: skip
    wrong = shared_api.ask("POST", "/queues/app/claim", {"limit": 0, "nix": 1})
    assert (wrong.status, wrong.code) == (422, "VALIDATION_ERROR")
    assert {detail["field"] for detail in wrong.json["error"]["details"]} == {"limit", "nix"}
    assert shared_api.ask("POST", "/queues/app/claim", b"{", headers=JSON).code == "BAD_REQUEST"
    assert (
        shared_api.ask("POST", "/queues/app/claim", b"{}", headers={"Content-Type": "text/plain"}).status
        == 415
    )
    assert shared_api.ask("POST", "/queues/a%20b/claim", {}).code == "VALIDATION_ERROR"


JSON = {"Content-Type": "application/json"}


def test_a_defect_tells_the_client_nothing_and_the_log_everything(
    api: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    state = api.application.state.crossdock

    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("the secret reason")

    monkeypatch.setattr(type(state.queue), "stats", broken)
    answer = api.ask("GET", "/queues")
    assert (answer.status, answer.code) == (500, "INTERNAL_ERROR")
    assert b"secret" not in answer.body
    (told,) = [one for one in caplog.records if "api.failed" in one.getMessage()]
    assert "the secret reason" in told.getMessage()


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_compressed_bodies_are_taken_and_bounded_after_decompression(tmp_path: Path, encoding: str) -> None:
    from crossdock.api.bodies import zstd

    pack = gzip.compress if encoding == "gzip" else zstd.compress
    with served(tmp_path, ApiSettings(max_body_bytes=100_000)) as api:
        headers = {**STRUCTURED, "Content-Encoding": encoding}
        event = json.dumps(EVENT).encode()
        assert api.ask("POST", "/messages?to=app", pack(event), headers=headers).status == 202
        bomb = pack(b" " * 50_000_000)
        assert len(bomb) < 100_000
        answer = api.ask("POST", "/messages?to=app", bomb, headers=headers)
        assert (answer.status, answer.code) == (413, "BODY_TOO_LARGE")
        for broken in (pack(event)[:-5], b"nonsense", pack(event) + b"rest"):
            answer = api.ask("POST", "/messages?to=app", broken, headers=headers)
            assert (answer.status, answer.code) == (400, "BAD_REQUEST"), broken


def test_bodies_that_are_too_large_or_packed_strangely_are_refused(tmp_path: Path) -> None:
    with served(tmp_path, ApiSettings(max_body_bytes=1000)) as api:
        answer = api.ask("POST", "/messages?to=app", b" " * 1001, headers=STRUCTURED)
        assert (answer.status, answer.code) == (413, "BODY_TOO_LARGE")
        connection = http.client.HTTPConnection("127.0.0.1", api.port)
        headers = {**STRUCTURED, "Authorization": f"Bearer {api.key()}", "Transfer-Encoding": "chunked"}
        connection.request(
            "POST", f"{PREFIX}/messages?to=app", iter([b" " * 600] * 2), headers, encode_chunked=True
        )
        assert connection.getresponse().status == 413
        connection.close()
        answer = api.ask("POST", "/messages?to=app", b"x", headers={**STRUCTURED, "Content-Encoding": "br"})
        assert (answer.status, answer.header("Accept-Encoding")) == (415, "gzip, zstd, identity")


def test_a_body_that_does_not_come_ends_in_time(tmp_path: Path) -> None:
    with served(tmp_path, ApiSettings(body_timeout=timedelta(milliseconds=200))) as api:
        connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
        connection.putrequest("POST", f"{PREFIX}/messages?to=app")
        for name, value in {
            **STRUCTURED,
            "Authorization": f"Bearer {api.key()}",
            "Content-Length": "10",
        }.items():
            connection.putheader(name, value)
        connection.endheaders(b"{")
        assert connection.getresponse().status == 408
        connection.close()


def test_json_is_nested_only_so_deep(shared_api: Served) -> None:
    for body, status in (
        (b"[" * 64 + b"]" * 64, 422),  # no object, but not too deep
        (b"[" * 65 + b"]" * 65, 422),
        (b"[" * 100_000, 422),
        (b'{"deliveries":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 422),
    ):
        answer = shared_api.ask("POST", "/queues/app/ack", body, headers=JSON)
        assert (answer.status, answer.code) == (status, "VALIDATION_ERROR")
        deep = "nested" in answer.json["error"]["message"]
        assert deep == (len(body) > 128)


def test_a_key_that_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    with served(tmp_path, ApiSettings(rate=Rate(3, timedelta(minutes=5)))) as api:
        key, other = api.key("eager"), api.key("other")
        answers = [api.ask("GET", "/queues", key=key) for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert [answer.header("RateLimit") for answer in answers[:2]] == [
            '"key";r=2;t=100',
            '"key";r=1;t=200',
        ]
        assert answers[0].header("RateLimit-Policy") == '"key";q=3;w=300'
        assert answers[3].code == "RATE_LIMITED"
        assert 90 <= int(answers[3].header("Retry-After") or 0) <= 100
        assert api.ask("GET", "/queues", key=other).status == 200


def test_a_bucket_fills_evenly() -> None:
    now = [0.0]
    limiter = Limiter(Rate(2, timedelta(seconds=10)), lambda: now[0])
    assert [limiter.take("a").granted for _ in range(3)] == [True, True, False]
    assert limiter.take("a").again_in_s == 5
    now[0] = 4.9
    assert not limiter.take("a").granted
    now[0] = 5.0
    assert limiter.take("a").granted
    now[0] = 1000.0
    assert [limiter.take("a").granted for _ in range(3)] == [True, True, False]


def test_a_request_under_the_same_idempotency_key_is_done_once_and_answered_alike(api: Served) -> None:
    headers = {**STRUCTURED, "Idempotency-Key": '"a1"'}
    body = json.dumps(EVENT).encode()
    first = api.ask("POST", "/messages?to=app", body, headers=headers)
    api.queue.cancel("1")
    bare = api.ask("POST", "/messages?to=app", body, headers={**headers, "Idempotency-Key": "a1"})
    assert (first.status, first.body) == (bare.status, bare.body)
    assert (first.header("Idempotency-Replayed"), bare.header("Idempotency-Replayed")) == (None, "true")
    assert bare.header("Location") == first.header("Location")
    other = api.ask("POST", "/messages?to=app", body.replace(b"17", b"18"), headers=headers)
    assert (other.status, other.code) == (422, "IDEMPOTENCY_KEY_REUSED")
    stranger = api.ask("POST", "/messages?to=app", body, headers=headers, key=api.key("stranger"))
    assert stranger.header("Idempotency-Replayed") is None
    assert api.ask("POST", "/messages?to=app", body, headers={**headers, "Idempotency-Key": ""}).status == 422


def test_a_request_whose_like_is_being_worked_on_is_told_to_wait(api: Served) -> None:
    headers = {**STRUCTURED, "Idempotency-Key": "a1"}
    body, key = json.dumps(EVENT).encode(), api.key()
    answers = []

    def ask() -> None:
        answers.append(api.ask("POST", "/messages?to=app", body, headers=headers, key=key))

    first = threading.Thread(target=ask)
    with api.queue._store.open_store.writing_alone():  # nobody else writes meanwhile
        first.start()
        _until(lambda: bool(api.application.state.crossdock.in_progress))
        ask()
    first.join(30)
    assert [(answer.status, answer.json.get("error", {}).get("code")) for answer in answers] == [
        (409, "IDEMPOTENCY_KEY_IN_USE"), (202, None),
    ]  # fmt: skip


def _until(holds: Any) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=15)
    while not holds():
        assert datetime.now(UTC) < deadline


def test_health_is_a_word_unless_a_key_may_know_more(api: Served) -> None:
    api.queue.send("app", 1)
    assert api.ask("GET", "/health", key=None).json == {"status": "ok"}
    assert api.ask("GET", "/health", key=api.key("weak", frozenset({Scope.MESSAGES_SEND}))).json == {
        "status": "ok"
    }
    assert api.ask("GET", "/health").json["details"]["queues"]["app"]["depth"] == 1
    assert api.ask("GET", "/health", key="wrong").status == 401
    assert api.ask("GET", "/health/ready").json["status"] == "ok"
    assert api.ask("GET", "/health/work").json["status"] == "ok"
    assert api.ask("GET", "/health/live", key=None).json == {"status": "ok"}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/messages?limt=5", "limt: is no parameter here; did you mean limit?"),
        ("/queues?x=1", "x: is no parameter here; there are none"),
        ("/health/live?t=1", "t: is no parameter here; there are none"),
        ("/jobs/1/results?Status=failed", "Status: is no parameter here; there are none"),
    ],
)
def test_a_parameter_that_is_none_is_refused_with_what_was_meant(
    shared_api: Served, path: str, words: str
) -> None:
    answer = shared_api.ask("GET", path)
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
    assert answer.json["error"]["message"] == words
    assert answer.json["error"]["details"][0]["field"] == path.partition("?")[2].partition("=")[0]
    assert shared_api.ask("GET", path, key="cdk_wrong").status in {401, 422}


def test_every_operation_but_webhooks_documents_that_it_refuses_unknown_parameters(
    shared_api: Served,
) -> None:
    document = shared_api.ask("GET", "/openapi.json", key=None).json
    for methods in document["paths"].values():
        for one in methods.values():
            examples = one["responses"].get("422", {"content": {"application/json": {"examples": {}}}})
            codes = examples["content"]["application/json"]["examples"]
            assert ("VALIDATION_ERROR" in codes) or one["operationId"] == "receiveWebhook", one["operationId"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/queues/validator/claim", {"limit": True}),
        ("/queues/validator/claim", {"wait_s": False}),
        ("/queues/validator/claim", {"limit": "5"}),
        ("/jobs", {"app": "report", "priority": True}),
        ("/schedules", {"name": "s", "app": "report", "every_s": True}),
        ("/queues/validator/replay", {"rate": "1"}),
    ],
)
def test_what_is_no_number_in_json_is_none_here(shared_api: Served, path: str, body: dict[str, Any]) -> None:
    answer = shared_api.ask("POST", path, body)
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")


def test_the_documentation_is_given_to_one_address_so_often_and_no_more(tmp_path: Path) -> None:
    rate = Rate(2, timedelta(hours=1))
    with served(tmp_path, ApiSettings(strangers_rate=rate)) as api:
        assert [api.ask("GET", "/openapi.json", key=None).status for _ in range(2)] == [200, 200]
        refused = api.ask("GET", "/docs", key=None)
        assert (refused.status, refused.code) == (429, "RATE_LIMITED")
        assert refused.header("Retry-After") is not None
        assert api.ask("GET", "/health/live", key=None).status == 200
        assert api.ask("GET", "/queues").status == 200


def test_the_document_is_whole_and_every_operation_and_error_has_an_example(shared_api: Served) -> None:
    document = shared_api.ask("GET", "/openapi.json", key=None).json
    assert document["openapi"].startswith("3.1")
    ids = []
    for methods in document["paths"].values():
        for one in methods.values():
            ids.append(one["operationId"])
            contents = [*one.get("requestBody", {}).get("content", {}).values()]
            contents += [
                c for answer in one["responses"].values() for c in answer.get("content", {}).values()
            ]
            for content in contents:
                assert _has_example(document, content), (one["operationId"], content)
    assert len(set(ids)) == len(ids) == len(shared_api.application.state.crossdock.declared)
    assert "HTTPValidationError" not in json.dumps(document)


def _has_example(document: dict[str, Any], content: dict[str, Any]) -> bool:
    if "example" in content or "examples" in content:
        return True
    schema = content.get("schema", {})
    parts = schema.get("anyOf", [schema])
    return all(
        "examples" in document["components"]["schemas"][part["$ref"].rpartition("/")[2]]
        for part in parts
        if "$ref" in part
    )


def test_the_page_of_the_document_needs_no_network(shared_api: Served) -> None:
    page = shared_api.ask("GET", "/docs", key=None).body.decode()
    assert "claimMessages" in page
    assert "`" not in page
    assert "**" not in page
    assert page.count("Tell how far a job is.") == 1
    anchors = set(re.findall(r"id=([^ >]+)", page))
    assert set(re.findall(r"href=#([^ >]+)", page)) == anchors
    assert "<script" not in page
    assert "http://" not in page.replace("http://127.0.0.1", "")
    assert "https://" not in page


def test_a_request_of_two_lengths_is_refused_and_what_follows_it_is_not_heard(shared_api: Served) -> None:
    hidden = b"GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    head = (
        b"POST /api/v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (5 + len(hidden))
    )
    with socket.create_connection(("127.0.0.1", shared_api.port), 30) as sock:
        sock.sendall(head + hidden)
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"connection: close" in answer.lower()
    assert b"Transfer-Encoding; send one of them" in answer
