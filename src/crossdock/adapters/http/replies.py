"""What the answer to a webhook says of its message.

Source: Standard Webhooks 1.0.0, "Response", and RFC 9110, section 15.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from crossdock.adapters.http.connection import Head
from crossdock.domain.answered import answer_of
from crossdock.domain.errors import (
    CredentialError,
    DeliveryError,
    PermanentError,
    RateLimited,
    TransientError,
)
from crossdock.domain.frames import shown
from crossdock.domain.http_binding import is_json
from crossdock.domain.message import AppId
from crossdock.ports.outbound import DELIVERED, Delivered, Reply
from crossdock.retry_after import wait_of

MOST_WORDS: Final = 16 * 1024
"""So much of a body is read of which only a few words are told."""
_SHORTEST_WAIT: Final = timedelta(seconds=1)
"""Who says 0 would be asked again and again, with no attempt spent."""
_UNSAID_WAIT: Final = timedelta(seconds=10)

_TOO_MANY: Final = 429
_NOT_THIS_FORM: Final = 415
_SLOW_DOWN: Final = frozenset({408, 425, _TOO_MANY, 502, 503, 504})
_MEND: Final = "mend secrets or secret_headers of {app!r}, then resume its queue"
_FOR_PEOPLE: Final[Mapping[int, str]] = {
    401: _MEND,
    403: _MEND,
    407: _MEND,
    410: "it wants nothing more: give {app!r} another URL and resume its queue, or take it out of the configuration",
}
"""Answers after which the queue pauses, and what is to be done."""


class Replies:
    """Turns answers into what they mean.

    Args:
        app: Whose far side answers.
        url: Where it was asked, for people.
        answers: Whether a JSON body is an answer.
        max_wait: It is waited no longer than this.
        now: Returns the present, aware UTC.
        hide: Takes secrets out of words of the far side.
    """

    def __init__(  # noqa: PLR0913 - all by keyword
        self,
        *,
        app: AppId,
        url: str,
        answers: bool,
        max_wait: timedelta,
        now: Callable[[], datetime],
        hide: Callable[[str], str],
    ) -> None:
        self._app = app
        self._url = url
        self._answers = answers
        self._max_wait = max_wait
        self._now = now
        self._hide = hide

    def needs_body(self, head: Head) -> bool:
        """Tell whether the body is the answer, and not only words for people."""
        return self._answers and is_success(head) and is_json(head.headers.get("content-type", ""))

    def of(self, head: Head, body: bytes) -> Reply:
        """Return what became of the message.

        Raises:
            PermanentError: It was delivered, and its answer cannot be used.
        """
        if is_success(head):
            return self._answer(head, body) if self.needs_body(head) else DELIVERED
        return self._failure(head, self._said(head, body))

    def _failure(self, head: Head, said: str) -> DeliveryError:
        match head.status:
            case status if 300 <= status < 400:  # noqa: PLR2004 - a class of statuses
                return self._redirected(head)
            case status if status in _FOR_PEOPLE:
                return CredentialError(f"{said}; {_FOR_PEOPLE[status].format(app=self._app)}")
            case status if status in _SLOW_DOWN:
                return self._slow_down(head, said)
            case status if 400 <= status < 500:  # noqa: PLR2004 - likewise
                return PermanentError(
                    f"{said}; another format may be taken" if status == _NOT_THIS_FORM else said
                )
            case _:
                return TransientError(said)

    def _answer(self, head: Head, body: bytes) -> Delivered:
        if not body.strip():
            return DELIVERED
        encoding = head.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise PermanentError(
                f"{self._url} took the message; its answer is in {encoding}, which was not asked for"
            )
        try:
            value: Any = json.loads(body)
        except (ValueError, RecursionError) as error:
            words = self._hide(shown(body))
            raise PermanentError(
                f"{self._url} took the message; its answer is no JSON, though it says so: {error}: {words}"
            ) from error
        return Delivered(answer_of(value, app=self._app, now=self._now()))

    def _redirected(self, head: Head) -> PermanentError:
        where = self._hide(shown(head.headers.get("location", "nowhere").encode()))
        return PermanentError(
            f"{self._url} answered {head.status}, a redirect to {where}, which is not followed; if that is right, "
            f"set it as the URL of {self._app!r} and replay"
        )

    def _slow_down(self, head: Head, said: str) -> RateLimited | TransientError:
        wait = wait_of(head.headers.get("retry-after", ""), self._now())
        if wait is None and head.status != _TOO_MANY:
            return TransientError(said)
        wait = min(max(_UNSAID_WAIT if wait is None else wait, _SHORTEST_WAIT), self._max_wait)
        return RateLimited(f"{said}; the queue waits {wait.total_seconds():g} s", retry_after=wait)

    def _said(self, head: Head, body: bytes) -> str:
        words = self._hide(shown(body.strip())) if body.strip() else ""
        reason = f" {shown(head.reason.encode())[1:-1]}" if head.reason else ""
        return f"{self._url} answered {head.status}{reason}" + (f": {words}" if words else "")


def is_success(head: Head) -> bool:
    """Tell whether the far side has taken the message."""
    return 200 <= head.status < 300  # noqa: PLR2004 - a class of statuses
