"""One question to a service over HTTP: with a time limit, a size limit, and errors that say what to do."""

from __future__ import annotations

import email.utils
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Self, TypeAlias

import httpx

from crossdock import RateLimited, TransientError

TIMEOUT: Final = timedelta(seconds=30)
MAX_BODY_BYTES: Final = 64 * 1024 * 1024
LONGEST_WAIT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered; ``headers`` have names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


WaitOf: TypeAlias = Callable[[Answer], timedelta | None]
"""Tells how long an answer asks to wait; None: it does not say."""


class Asking:
    """Asks services over HTTP. Redirects are not followed. To be closed, or used in a ``with`` statement.

    Args:
        timeout: For connecting, and for each wait for bytes.
        max_body_bytes: Of an answer, decompressed.
    """

    def __init__(self, *, timeout: timedelta = TIMEOUT, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._client = httpx.Client(timeout=timeout.total_seconds(), follow_redirects=False, trust_env=True)
        self._max_body_bytes = max_body_bytes

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the connections; harmless when closed."""
        self._client.close()

    def ask(self, method: str, url: str, *, wait_of: WaitOf | None = None, **options: Any) -> Answer:
        """Send one request and read the whole answer.

        Args:
            method: Of HTTP.
            url: May hold a secret: no error names more of it than its host.
            wait_of: Where a service says in a way of its own how long to wait; by default ``Retry-After`` says it.
            options: ``headers``, ``params``, ``data`` (a form), ``json``, ``content`` as httpx takes them.

        Raises:
            RateLimited: The answer was 429; how long it asks to wait is taken along.
            TransientError: There was no answer, only part of one, one that is too large, or 5xx.
        """
        try:
            with self._client.stream(method, url, **options) as response:
                body = self._read(response)
        except httpx.HTTPError as error:
            raise TransientError(f"{_host(url)} does not answer: {type(error).__name__}") from error
        answer = Answer(response.status_code, dict(response.headers), body)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = (wait_of or retry_after)(answer)
            raise RateLimited(f"{_host(url)} asks to wait", retry_after=wait)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise TransientError(f"{_host(url)} answers {answer.status}")
        return answer

    def _read(self, response: httpx.Response) -> bytes:
        parts, size = [], 0
        for part in response.iter_bytes():
            size += len(part)
            if size > self._max_body_bytes:
                raise TransientError(
                    f"{response.url.host} sends more than {self._max_body_bytes} bytes in one answer"
                )
            parts.append(part)
        return b"".join(parts)


def retry_after(answer: Answer, now: datetime | None = None) -> timedelta | None:
    """Return how long an answer asks to wait, or None if it does not say.

    Source: RFC 9110, section 10.2.3: seconds, or a date.
    """
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(when - (now or datetime.now(UTC)), timedelta(0))


def _host(url: str) -> str:
    return httpx.URL(url).host
