"""Files that are written for deliveries that may be cancelled meanwhile."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import datetime

from crossdock.adapters.file.content import FileContent
from crossdock.adapters.file.writing import Writer, Written
from crossdock.domain.errors import NotConnected, TransientError


class Attempt:
    """One file, until its publishing begins.

    Whoever is cancelled cannot wait for the thread that writes for him: he gives up, and what was written is removed
    by another thread, later.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._lock = threading.Lock()
        self._given_up = False
        self._written: Written | None = None

    def write(self, content: FileContent, now: datetime) -> Written:
        """Write the file.

        Raises:
            TransientError: Nobody waits for it any more, or the disk is full.
            NotConnected: The folder is gone.
        """
        with self._lock:
            if self._given_up:
                raise TransientError("the delivery was cancelled before it began")
            self._written = self._writer.write(content.pieces(), content.row_count, now)
            return self._written

    def discard(self) -> None:
        """Remove what was written; waits for the thread that writes it. Safe to call at any time but in publishing."""
        with self._lock:
            self._given_up = True
            if self._written is not None:
                with suppress(NotConnected, TransientError):  # then it is a leftover, and cleared as one
                    self._writer.withdraw(self._written)
            self._written = None


class Attempts:
    """The attempts of one adapter."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._given_up: list[Attempt] = []

    def begin(self) -> Attempt:
        """Begin one."""
        return Attempt(self._writer)

    def give_up(self, attempt: Attempt) -> None:
        """Let a file be removed later; returns at once."""
        self._given_up.append(attempt)

    def clear(self) -> None:
        """Remove what was given up."""
        while self._given_up:
            with suppress(IndexError):  # another thread was quicker
                self._given_up.pop().discard()
