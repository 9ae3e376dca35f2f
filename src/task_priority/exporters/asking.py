"""One question to a service over HTTP: with a time limit, a size limit, and errors that say what to do."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Self, TypeAlias

import httpx

from crossdock import PermanentError, RateLimited, TransientError
from crossdock.retry_after import wait_of
from task_priority.exporters.no_answer import no_answer_text

TIMEOUT: Final = timedelta(seconds=30)
LONGEST: Final = timedelta(minutes=5)
MAX_BODY_BYTES: Final = 64 * 1024 * 1024
LONGEST_WAIT: Final = timedelta(days=1)

# httpx tells every URL at the level INFO, with the secrets in it
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered; ``headers`` have names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Service:
    """What people call the far side.

    Attributes:
        name: What they call it.
        usual: Its usual host, or the domain of its usual hosts; None: it has none.
    """

    name: str
    usual: str | None = None

    def at(self, host: str) -> str:
        """Return its name, and the host only if it is not the usual one."""
        if self.usual is not None and f".{host}".endswith(f".{self.usual}"):
            return self.name
        return f"{self.name} at {host}"


WaitOf: TypeAlias = Callable[[Answer], timedelta | None]
"""Tells how long an answer asks to wait; None: it does not say."""


class Asking:
    """Asks services over HTTP. Redirects are not followed. To be closed, or used in a ``with`` statement.

    Args:
        timeout: For connecting, and for each wait for bytes.
        longest: For the body of an answer, however often some of it comes.
        max_body_bytes: Of an answer, decompressed.
    """

    def __init__(
        self,
        *,
        timeout: timedelta = TIMEOUT,
        longest: timedelta = LONGEST,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._client = httpx.Client(timeout=timeout.total_seconds(), follow_redirects=False, trust_env=True)
        self._timeout = timeout
        self._longest = longest
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

    def ask(
        self,
        method: str,
        url: str,
        *,
        address: str | None = None,
        service: Service | None = None,
        waits: WaitOf | None = None,
        **options: Any,
    ) -> Answer:
        """Send one request and read the whole answer.

        Args:
            method: Of HTTP.
            url: May hold a secret: no error names more of it than its host.
            service: What errors call the far side; by default its host.
            address: Where to connect, instead of wherever the name of the host leads; the certificate and all else
                are those of the URL.
            waits: Where a service says in a way of its own how long to wait; by default ``Retry-After`` says it.
            options: ``headers``, ``params``, ``data`` (a form), ``json``, ``content`` as httpx takes them.

        Raises:
            RateLimited: The answer was 429; how long it asks to wait is taken along.
            TransientError: There was no answer, only part of one, one that is too large or too slow, or 5xx.
            PermanentError: The address is none of the web.
        """
        target = _read_url(url)
        called = target.host if service is None else service.at(target.host)
        if address is not None:
            options["headers"] = {**options.get("headers", {}), "host": target.netloc.decode("ascii")}
            options["extensions"] = {"sni_hostname": target.raw_host.decode("ascii")}
            target = target.copy_with(host=address)
        begun = False
        try:
            with self._client.stream(method, target, **options) as response:
                begun = True
                body = self._read(response, called)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise TransientError(no_answer_text(called, error, begun=begun, timeout=self._timeout)) from error
        except UnicodeError as error:  # httpx reads where an answer leads, though nobody follows
            raise TransientError(f"{called} leads to an address that is none of the web") from error
        answer = Answer(response.status_code, dict(response.headers), body)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = (waits or retry_after)(answer)
            raise RateLimited(f"{called} asks to wait", retry_after=wait)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise TransientError(f"{called} answers {answer.status}: something is wrong there, not here")
        return answer

    def _read(self, response: httpx.Response, called: str) -> bytes:
        parts, size, end = [], 0, time.monotonic() + self._longest.total_seconds()
        for part in response.iter_bytes():
            size += len(part)
            if size > self._max_body_bytes:
                raise TransientError(f"{called} sends more than {self._max_body_bytes} bytes in one answer")
            if time.monotonic() > end:
                raise TransientError(
                    f"{called} takes more than {self._longest.total_seconds():g} s for one answer"
                )
            parts.append(part)
        return b"".join(parts)


def retry_after(answer: Answer) -> timedelta | None:
    """Return how long an answer asks to wait, a day at most; None: it does not say."""
    wait = wait_of(answer.headers.get("retry-after", ""), datetime.now(UTC))
    return None if wait is None else min(wait, LONGEST_WAIT)


def _read_url(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
        host = target.host
    except (httpx.InvalidURL, ValueError):  # the latter: of names that are none
        # its words hold the address
        raise PermanentError("an address cannot be read as a URL") from None
    if target.scheme not in {"http", "https"} or not host:
        raise PermanentError("an address is none of the web: it must begin with https:// or http://")
    return target
