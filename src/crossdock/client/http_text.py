"""HTTP/1.1 as a client writes and reads it, without I/O."""

from __future__ import annotations

import http.client
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crossdock.client.address import Address

MOST_HEAD_BYTES: Final = 64 * 1024
END_OF_HEAD: Final = b"\r\n\r\n"
_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,16}")
_WITHOUT_BODY: Final = frozenset({204, 304})


class NotHttp(Exception):
    """What came is no answer of HTTP/1.1."""


@dataclass(frozen=True, slots=True)
class Head:
    """What an answer begins with.

    Attributes:
        headers: By names in lower case.
        length: Of the body, in bytes; None: it is chunked, or ends with the connection.
    """

    status: int
    headers: Mapping[str, str]
    length: int | None
    is_chunked: bool
    keeps_open: bool

    @property
    def is_interim(self) -> bool:
        """Whether another head follows."""
        return self.status < 200  # noqa: PLR2004 - of HTTP


def request_of(
    address: Address, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
) -> bytes:
    """Return a request as bytes."""
    given = {
        "Host": address.authority,
        "Accept-Encoding": "identity",
        "Authorization": f"Bearer {address.key}",
        **headers,
    }
    if body is not None or method not in {"GET", "HEAD"}:
        given["Content-Length"] = str(len(body or b""))
    lines = [f"{method} {address.place}{target} HTTP/1.1", *(f"{name}: {one}" for name, one in given.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header of the request has a line break")
    return "\r\n".join(lines).encode("latin-1") + END_OF_HEAD + (body or b"")


def head_of(text: bytes) -> Head:
    """Read the head of an answer, up to and with its empty line.

    Raises:
        NotHttp: It is none.
    """
    line, _, rest = text.partition(b"\r\n")
    words = line.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():  # noqa: PLR2004 - of HTTP
        raise NotHttp(f"{line[:80]!r} is no status line")
    try:
        parsed = http.client.parse_headers(io.BytesIO(rest))
    except http.client.HTTPException as error:
        raise NotHttp(str(error)) from error
    headers = {name.lower(): value for name, value in parsed.items()}
    status = int(words[1])
    is_chunked = headers.get("transfer-encoding", "").lower() == "chunked"
    length = 0 if status in _WITHOUT_BODY else _length(headers.get("content-length"))
    connection = headers.get("connection", "").lower()
    return Head(
        status,
        headers,
        length=None if is_chunked else length,
        is_chunked=is_chunked,
        keeps_open=connection != "close" and words[0] == b"HTTP/1.1" and (is_chunked or length is not None),
    )


def chunk_size_of(line: bytes) -> int:
    """Return the size of the chunk that follows a line.

    Raises:
        NotHttp: It says none.
    """
    text = line.partition(b";")[0].strip()
    if not _SIZE.fullmatch(text):
        raise NotHttp(f"{line[:80]!r} is no size of a chunk")
    return int(text, 16)


def _length(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise NotHttp(f"Content-Length: {text[:80]!r} is no number")
    return int(text)
