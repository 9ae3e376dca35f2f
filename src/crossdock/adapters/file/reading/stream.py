"""The bytes of a data file as every reader wants them: unpacked, as UTF-8, without a byte order mark."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable
from typing import BinaryIO, Final

from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.tree import BUFFER_BYTES

_BLOCK: Final = BUFFER_BYTES
_ERRORS: Final = "crossdock-bad-bytes"
_BAD: Final = "\udcff"
"""Stands for bytes that are no text; as UTF-8 it is no text either, so whoever decodes the line notices."""
_UTF8: Final = frozenset({"utf-8", "utf-8-sig"})
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),    # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


def open_text(file: BinaryIO, *, packed: bool, encoding: str | None) -> TextBytes:
    """Return the text of a file that stands at its beginning; whoever opened the file closes it.

    Args:
        file: Buffered.
        packed: It is a gzip file.
        encoding: As it was declared; None: UTF-8, or what a byte order mark says.

    Raises:
        FileFault: It is no gzip file.
    """
    source = _buffered(_Unpacked(file)) if packed else file
    name = encoding or _encoding_by_mark(source)
    same = codecs.lookup(name).name in _UTF8
    text = source if same else _buffered(_Recoded(source, name))
    return TextBytes(text, name, can_seek=same and not packed)


class TextBytes:
    """Text as UTF-8, from its beginning to its end. What could not be decoded is no UTF-8.

    Args:
        source: Buffered.
        encoding: That of the file.
        can_seek: ``source`` is the file itself.
    """

    def __init__(self, source: BinaryIO, encoding: str, *, can_seek: bool) -> None:
        self.encoding = encoding
        self._source = source
        self._can_seek = can_seek
        mark = len(codecs.BOM_UTF8)
        self._start = mark if _peek(source)[:mark] == codecs.BOM_UTF8 else 0
        source.read(self._start)
        self.read = source.read
        self.readline = source.readline
        self.peek: Callable[[], bytes] = source.peek  # type: ignore[attr-defined]  # a buffered reader has it

    def skip(self, begin: int, end: int) -> None:
        """Go on at ``end``, coming from ``begin``; both count from the byte order mark, if there is one."""
        if self._can_seek:
            self._source.seek(self._start + end)
            return
        while begin < end and (block := self._source.read(min(_BLOCK, end - begin))):
            begin += len(block)


class _Unpacked(io.RawIOBase):
    """What is in a gzip file."""

    def __init__(self, file: BinaryIO) -> None:
        self._packed = gzip.GzipFile(fileobj=file, mode="rb")
        if not _peek(file):
            raise FileFault("gzip", "the file is empty, which no gzip file is", advice=_AGAIN)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what BufferedReader passes
        try:
            block = self._packed.read(len(buffer))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FileFault("gzip", _gzip_issue(error), given=str(error), advice=_AGAIN) from error
        buffer[: len(block)] = block
        return len(block)


class _Recoded(io.RawIOBase):
    """Text in another encoding, as UTF-8."""

    def __init__(self, source: BinaryIO, encoding: str) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
        self._encoding = encoding
        self._left = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what BufferedReader passes
        while not self._left and not self._ended:
            block = self._source.read(_BLOCK)
            self._ended = not block
            self._left = self._decoded(block).encode("utf-8", "surrogatepass")
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def _decoded(self, block: bytes) -> str:
        try:
            return self._decoder.decode(block, final=self._ended)
        except UnicodeError as error:
            raise FileFault("encoding", f"the file is not {self._encoding}: {error}") from error


_AGAIN: Final = "pack the file anew and put it back with a new manifest"


def _mark_bad_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _BAD, error.end


codecs.register_error(_ERRORS, _mark_bad_bytes)


def _buffered(raw: io.RawIOBase) -> BinaryIO:
    return io.BufferedReader(raw, _BLOCK)


def _peek(source: BinaryIO) -> bytes:
    """Return the first bytes without reading on."""
    assert isinstance(source, io.BufferedReader)  # noqa: S101 - for the type checker: ``open`` gives one
    return source.peek(4)


def _encoding_by_mark(source: BinaryIO) -> str:
    head = _peek(source)
    return next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")


def _gzip_issue(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "the file ends in the middle: it was cut off, or is not written to its end yet"
    return f"the file is damaged, or no gzip file: {error}"
