"""What becomes of a message by what is answered to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crossdock.domain.errors import (
    CredentialError,
    DeliveryError,
    PermanentError,
    RateLimited,
    TransientError,
)
from crossdock.domain.message import Message
from crossdock.ports.outbound import DELIVERED, Delivered, Reply
from tests.adapters.http.case import answer, far_side, json_answer, posted, run


def reply(said: bytes, **settings: Any) -> Reply:
    async def main() -> Reply:
        async with far_side(said) as side:
            return await posted(side, **settings)

    found: Reply = run(main())
    return found


def failure(said: bytes, **settings: Any) -> DeliveryError:
    found = reply(said, **settings)
    assert isinstance(found, DeliveryError), found
    return found


@pytest.mark.parametrize(
    "said",
    [
        answer(200),
        answer(202, b"ok", Content_Type="text/plain"),
        answer(204),
        answer(200, b"<html>{}</html>", Content_Type="text/html"),
        json_answer(b""),
        json_answer(b"null"),
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(201),
        b"HTTP/1.0 200 OK\r\n\r\nto the end",
    ],
)
def test_success_delivers(said: bytes) -> None:
    assert reply(said) in (DELIVERED, Delivered(None))


def test_json_is_the_answer() -> None:
    assert reply(json_answer(b'{"taken": true}')) == Delivered({"taken": True})
    assert reply(json_answer(b'[{"n": 1}, null, {"n": 2}]')) == Delivered([{"n": 1}, {"n": 2}])
    chunked = b"HTTP/1.1 200 OK\r\nContent-Type: application/x+json\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert reply(chunked + b'3\r\n{"n\r\n4\r\n":1}\r\n0\r\n\r\n') == Delivered({"n": 1})


def test_event_is_answered_with_its_envelope() -> None:
    event = b'{"specversion": "1.0", "id": "a-1", "source": "shop", "type": "order.packed", "data": {"n": 1}}'
    said = answer(200, event, Content_Type="application/cloudevents+json; charset=UTF-8")
    found = reply(said)
    assert isinstance(found, Delivered)
    assert isinstance(found.answer, Message)
    assert (found.answer.id, found.answer.type, found.answer.data) == ("a-1", "order.packed", {"n": 1})


def test_answer_that_is_ignored_says_nothing() -> None:
    assert reply(json_answer(b'{"taken": tru'), answer="ignore") == DELIVERED


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (json_answer(b'{"taken": tru'), "took the message; its answer is no JSON, though it says so"),
        (json_answer(b"[" * 50_000), "is no JSON"),
        (json_answer(b'{"specversion": "2.0", "id": "1", "source": "s", "type": "t"}'), "is no event"),
        (json_answer(b" " * 70_000), "larger than max_answer, 65536 bytes"),
        (
            answer(200, b"\x1f\x8b", Content_Type="application/json", Content_Encoding="gzip"),
            "its answer is in gzip, which was not asked for",
        ),
    ],
)
def test_answer_that_cannot_be_used_is_a_dead_letter(said: bytes, words: str) -> None:
    async def main() -> None:
        async with far_side(said) as side:
            with pytest.raises(PermanentError, match=words):
                await posted(side, max_answer=65536)

    run(main())


@pytest.mark.parametrize("status", [400, 404, 405, 409, 413, 415, 418, 422, 431, 451, 499])
def test_other_refusals_are_permanent(status: int) -> None:
    found = failure(answer(status, b'{"error": "no such order"}'))
    assert type(found) is PermanentError
    assert f'answered {status} Words: \'{{"error": "no such order"}}\'' in str(found)


@pytest.mark.parametrize("status", [408, 425, 500, 501, 502, 503, 504, 505, 507, 599, 600, 999])
def test_troubles_of_the_far_side_are_transient(status: int) -> None:
    assert type(failure(answer(status))) is TransientError


@pytest.mark.parametrize("status", [401, 403, 407])
def test_refused_credentials_pause_the_queue(status: int) -> None:
    found = failure(answer(status, b"who are you?"))
    assert type(found) is CredentialError
    assert "mend secrets or secret_headers of 'warehouse', then resume its queue" in str(found)


def test_endpoint_that_is_gone_pauses_the_queue() -> None:
    found = failure(answer(410))
    assert type(found) is CredentialError
    assert "answered 410 Words; it wants nothing more: give 'warehouse' another URL" in str(found)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_redirect_is_not_followed_and_says_where_it_points(status: int) -> None:
    async def main() -> tuple[Reply, int]:
        async with far_side() as elsewhere, far_side(answer(status, Location=elsewhere.url)) as side:
            return await posted(side), len(elsewhere.came)

    found, followed = run(main())
    assert type(found) is PermanentError
    assert "/hooks/orders?kind=a', which is not followed" in str(found)
    assert followed == 0


@pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504])
def test_far_side_that_asks_to_wait_is_left_alone(status: int) -> None:
    found = failure(answer(status, b"busy", Retry_After="120"))
    assert isinstance(found, RateLimited)
    assert found.retry_after == timedelta(seconds=120)
    assert f"answered {status} Words: 'busy'; the queue waits 120 s" in str(found)


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("0", 1.0),
        ("Sun, 17 May 2026 08:31:15 GMT", 59.001),
        ("Sunday, 17-May-26 08:31:15 GMT", 59.001),
        ("7200", 3600.0),
        ("9" * 40, 3600.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600.0),
    ],
)
def test_wait_is_read_in_seconds_and_as_an_instant_and_bounded(text: str, wait_s: float) -> None:
    found = failure(answer(503, Retry_After=text))
    assert isinstance(found, RateLimited)
    assert found.retry_after == timedelta(seconds=wait_s)


@pytest.mark.parametrize(
    "text", ["-1", "soon", "1.5", "", "Sun, 17 May 2026 08:29:15 GMT", "Sun, 99 May 2026 08:29:15 GMT", "١٢٠"]
)
def test_wait_that_says_nothing_is_ignored(text: str) -> None:
    said = answer(503, Retry_After=text.encode().decode("latin-1"))
    assert type(failure(said)) is TransientError
    too_many = failure(said.replace(b"503", b"429"))
    assert isinstance(too_many, RateLimited)
    assert too_many.retry_after == timedelta(seconds=10)  # never at once: no attempt is spent


def test_longest_wait_can_be_set() -> None:
    found = failure(answer(429, Retry_After="120"), max_wait="30s")
    assert isinstance(found, RateLimited)
    assert found.retry_after == timedelta(seconds=30)


def test_words_of_the_far_side_are_bounded_and_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE", "Key s3cr3t-Xy9")

    async def main() -> Reply:
        async def repeat(request: Any, writer: Any) -> None:
            writer.write(answer(400, f"you said {request['x-key']}\r\n\x1b[31m".encode() + b"x" * 10_000_000))

        async with far_side(repeat) as side:
            return await posted(side, secret_headers={"X-Key": {"env": "WAREHOUSE"}})

    text = str(run(main()))
    assert "you said ***\\r\\n\\x1b[31mxxx" in text
    assert "s3cr3t" not in text
    assert len(text) < 1000


def test_query_of_the_url_is_not_told() -> None:
    text = str(failure(answer(404)))
    assert "/hooks/orders answered 404" in text
    assert "kind=a" not in text
