"""HTTP/1.1 as the client writes and reads it."""

from __future__ import annotations

import pytest

from crossdock.client.address import address_of
from crossdock.client.http_text import NotHttp, chunk_size_of, head_of, request_of

ADDRESS = address_of("http://[::1]:8765/behind", key="cdk_x", tls=None, plain_http=False)


def test_a_request_names_host_key_and_length() -> None:
    text = request_of(ADDRESS, "POST", "/messages?to=a", b"{}", {"Content-Type": "application/json"})
    assert text.split(b"\r\n") == [
        b"POST /behind/api/v1/messages?to=a HTTP/1.1",
        b"Host: [::1]:8765",
        b"Accept-Encoding: identity",
        b"Authorization: Bearer cdk_x",
        b"Content-Type: application/json",
        b"Content-Length: 2",
        b"",
        b"{}",
    ]


def test_no_value_can_add_a_header() -> None:
    with pytest.raises(ValueError, match="line break"):
        request_of(ADDRESS, "GET", "/messages", None, {"X": "a\r\nAuthorization: b"})


@pytest.mark.parametrize(
    ("text", "status", "length", "then"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, 5, "goes on"),
        (b"HTTP/1.1 200\r\ncontent-length: 5\r\nConnection: Close\r\n\r\n", 200, 5, "ends"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", 200, 5, "ends"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, 0, "goes on"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 200, None, "goes on"),
        (b"HTTP/1.1 200 OK\r\n\r\n", 200, None, "ends"),
    ],
)
def test_a_head_says_how_its_body_ends(text: bytes, status: int, length: int | None, then: str) -> None:
    head = head_of(text)
    assert (head.status, head.length, head.keeps_open) == (status, length, then == "goes on")


@pytest.mark.parametrize(
    "text",
    [
        b"\r\n\r\n",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_told(text: bytes) -> None:
    with pytest.raises(NotHttp):
        head_of(text)


def test_chunks_have_sizes_and_may_have_extensions() -> None:
    assert chunk_size_of(b"1F4;name=x") == 500
    for line in (b"", b"-1", b"0x10", b"1" * 17):
        with pytest.raises(NotHttp):
            chunk_size_of(line)
