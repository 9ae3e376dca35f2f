"""Fetches the document of a feed, if it has changed, wherever it has moved to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from crossdock import CredentialError, PermanentError, TransientError
from task_priority.exporters.asking import Answer, Asking, Service
from task_priority.exporters.ics.hosts import address_of
from task_priority.exporters.ics.sources import Source

MAX_REDIRECTS: Final = 5
_PORTS: Final = {"https": 443, "http": 80}
_MOVED: Final = frozenset({
    HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
})  # fmt: skip
_CLOSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document, and what to ask with the next time to get it only if it has changed."""

    document: bytes
    tags: Mapping[str, str]


def fetch(asking: Asking, source: Source, tags: Mapping[str, str]) -> Fetched | None:
    """Ask for the document of a feed; None: it is as it was.

    Args:
        asking: Its limits hold.
        source: A feed.
        tags: Those of the last document that was taken.

    Raises:
        RateLimited: The server asks to wait.
        TransientError: It does not answer as it should now.
        CredentialError: It does not let anybody in with this address.
        PermanentError: There is nothing, or it leads to a private network.
    """
    url = source.url or ""
    headers = {"accept": "text/calendar, */*;q=0.5", **_conditions(tags)}
    for _ in range(MAX_REDIRECTS + 1):
        answer = _ask(asking, url, source, headers)
        if answer.status not in _MOVED:
            return _fetched(answer, source)
        url = _next(url, answer, source)
    raise PermanentError(f"{source.name}: it leads on and on, more than {MAX_REDIRECTS} times")


def _ask(asking: Asking, url: str, source: Source, headers: Mapping[str, str]) -> Answer:
    parts = urlsplit(url)
    port = parts.port or _PORTS[parts.scheme]
    try:
        address = address_of(parts.hostname or "", port, private=source.private)
    except (PermanentError, TransientError) as error:
        raise type(error)(f"{source.name}: {error}") from error
    return asking.ask("GET", url, service=Service(source.name), address=address, headers=dict(headers))


def _next(url: str, answer: Answer, source: Source) -> str:
    """Return where an answer leads; never from https to http, where everybody could read the address."""
    there = _address_in(answer.headers.get("location", ""), url)
    if there is None:
        raise TransientError(f"{source.name}: it leads to an address that is none of the web")
    scheme = urlsplit(there).scheme
    if urlsplit(url).scheme == "https" and scheme != "https":
        raise PermanentError(
            f"{source.name}: it leads from https to http, where its address would not be secret"
        )
    return there


def _address_in(location: str, url: str) -> str | None:
    """Return the address that is meant, if it is one of the web."""
    try:
        there = urljoin(url, location)
        parts = urlsplit(there)
        is_web = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets, or a port, that are none
        return None
    return there if is_web else None


def _fetched(answer: Answer, source: Source) -> Fetched | None:
    if answer.status == HTTPStatus.NOT_MODIFIED:
        return None
    if answer.status in _CLOSED:
        raise CredentialError(
            f"{source.name}: its address opens nothing any more ({answer.status}); was it reset? Connect the new one"
        )
    if answer.status in _GONE:
        raise PermanentError(
            f"{source.name}: there is no calendar ({answer.status}); was its address reset? Connect the new one"
        )
    if answer.status != HTTPStatus.OK:
        raise TransientError(f"{source.name}: the server answers {answer.status}")
    tags = {name: answer.headers.get(name, "") for name in ("etag", "last-modified")}
    return Fetched(answer.body, {name: tag for name, tag in tags.items() if tag and _can_be_sent(tag)})


def _conditions(tags: Mapping[str, Any]) -> dict[str, str]:
    headers = {"etag": "if-none-match", "last-modified": "if-modified-since"}
    return {headers[name]: value for name, value in tags.items() if name in headers and _can_be_sent(value)}


def _can_be_sent(tag: str) -> bool:
    """Tell whether a tag can be sent back as it came; one that cannot is none, and contents are compared."""
    return tag.isascii() and tag.isprintable()
