"""Reads the bodies of requests: whole, in time, decompressed, never larger than they may be."""

from __future__ import annotations

import asyncio
import json
import sys
import zlib
from typing import TYPE_CHECKING, Any, Final, NoReturn

from starlette.requests import ClientDisconnect

from crossdock.api.errors import Refusal

if TYPE_CHECKING:
    from starlette.requests import Request

    from crossdock.api.settings import ApiSettings

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENCODINGS: Final = ("gzip", "zstd", "identity")
_GZIP_ONLY: Final = 16 + zlib.MAX_WBITS
_CHUNK: Final = 256 * 1024
_NESTING: Final = frozenset({dict, list})
_MAX_WINDOW_LOG: Final = 23
"""A zstd frame may ask for a window of 8 MiB, as RFC 8878 advises, and no more."""


async def read_body(request: Request, settings: ApiSettings) -> bytes:
    """Return the body of a request.

    Raises:
        Refusal: It is too large, too slow, or compressed in a way that is not spoken here.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ENCODINGS:
        raise Refusal(
            "UNSUPPORTED_MEDIA_TYPE",
            f"Content-Encoding {encoding[:50]!r} is not spoken here; {', '.join(ENCODINGS)} are",
            headers={"Accept-Encoding": ", ".join(ENCODINGS)},
        )
    limit = settings.max_body_bytes
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        _too_large(limit)
    wait_s = settings.body_timeout.total_seconds()
    try:
        async with asyncio.timeout(wait_s):
            raw = await _read_all(request, limit)
    except TimeoutError as error:
        raise Refusal(
            "REQUEST_TIMEOUT", f"the body has not come within {wait_s:g} s", headers={"Connection": "close"}
        ) from error
    except ClientDisconnect as error:
        raise Refusal("BAD_REQUEST", "the body ended before its end") from error
    if encoding == "identity" or not raw:
        return raw
    return await asyncio.to_thread(_decompressed, raw, encoding, limit)


async def _read_all(request: Request, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            _too_large(limit)
        parts.append(chunk)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _decompressed(raw: bytes, encoding: str, limit: int) -> bytes:
    """Return what was compressed, never holding more than may be taken."""
    unpack = _gunzip if encoding == "gzip" else _unzstd
    try:
        return unpack(raw, limit)
    except (zlib.error, zstd.ZstdError, EOFError) as error:
        raise Refusal("BAD_REQUEST", f"the body is no {encoding}: {error}") from error


def _gunzip(raw: bytes, limit: int) -> bytes:
    found = bytearray()
    left = raw
    while left:
        stream = zlib.decompressobj(wbits=_GZIP_ONLY)
        while not stream.eof:
            piece = stream.decompress(left, _CHUNK)
            found += piece
            if len(found) > limit:
                _too_large(limit)
            left = stream.unconsumed_tail
            if not piece and not left and not stream.eof:
                raise EOFError("it ends before its end")
        left = stream.unused_data
    return bytes(found)


def _unzstd(raw: bytes, limit: int) -> bytes:
    found = bytearray()
    left = raw
    while left:
        stream = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _MAX_WINDOW_LOG})
        data = left
        while not stream.eof:
            piece = stream.decompress(data, _CHUNK)
            data = b""
            found += piece
            if len(found) > limit:
                _too_large(limit)
            if not piece and stream.needs_input:
                raise EOFError("it ends before its end")
        left = stream.unused_data
    return bytes(found)


def _too_large(limit: int) -> NoReturn:
    raise Refusal("BODY_TOO_LARGE", f"the body is larger than {limit} bytes", headers={"Connection": "close"})


def parse_json(body: bytes, max_depth: int) -> Any:
    """Return the JSON value of a body.

    Raises:
        Refusal: It is none, or nested too deep.
    """
    try:
        value = json.loads(body.decode(), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise _too_deep(max_depth) from error
    except ValueError as error:  # UnicodeDecodeError is one, too
        raise Refusal("BAD_REQUEST", f"the body is no JSON: {error}"[:300]) from error
    # Only a body with so many brackets can be that deep; most have fewer.
    if body.count(b"[") + body.count(b"{") > max_depth and _is_deeper(value, max_depth):
        raise _too_deep(max_depth)
    return value


def _is_deeper(value: Any, limit: int) -> bool:
    level = [value] if type(value) in _NESTING else []
    for _ in range(limit):
        level = [
            child
            for one in level
            for child in (one.values() if type(one) is dict else one)
            if type(child) in _NESTING
        ]
        if not level:
            return False
    return True


def _too_deep(limit: int) -> Refusal:
    return Refusal(
        "VALIDATION_ERROR", f"the body is nested deeper than {limit}", [("body", "nested too deep")]
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def is_json(content_type: str) -> bool:
    """Tell whether a media type is JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    main, _, sub = kind.partition("/")
    return bool(main) and (sub == "json" or sub.endswith("+json"))
