# Made from ../asynchronous/link.py by tools/generate_sync.py. Do not edit.
"""Asks the server, again if need be, until it answers or the patience is at its end."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

from crossdock.client.address import Address
from crossdock.client.answer import Answer
from crossdock.client.errors import code_of, error_of, redirect_error, why_broken
from crossdock.client.synchronous.connections import Connections, Refused
from crossdock.client.synchronous.conversation import Broken, Conversation
from crossdock.client.threads import Pauses
from crossdock.domain.errors import LeaseLost, StoreError, StoreUnavailable
from crossdock.domain.message import encode_json
from crossdock.retry_after import wait_of

T = TypeVar("T")
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 5.0
_LONGEST_ASKED_S: Final = 30.0
"""A server that asks to be left alone for longer is asked again after this, if there is time for it."""
_AGAIN: Final = frozenset({502, 503, 504})
_TOO_MANY: Final = 429
"""Whoever says so, the server or a proxy before it, has done nothing."""
_NOT_DONE: Final = frozenset({"RATE_LIMITED", "IDEMPOTENCY_KEY_IN_USE"})
"""Answered before anything is done, so that whatever was asked may be asked again."""


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that is asked of the server.

    Attributes:
        path: Behind the place of the API, quoted.
        query: None and empty values are left out.
        body: A JSON value; None: there is none.
        repeatable: Whether it may be asked again when nobody knows if it was done.
        wait_s: So long the server itself may wait before it answers.
        is_last: It belongs to the closing of the client, and is made though all others are refused.
    """

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    wait_s: float = 0.0
    is_last: bool = False

    @property
    def target(self) -> str:
        """The path with its query."""
        given = {name: value for name, value in self.query.items() if value not in {None, ""}}
        return f"{self.path}?{urlencode(given, doseq=True)}" if given else self.path


class Link:
    """The way to one server.

    Args:
        address: Of the server.
        timeout: Of one request, from one sign of life of the server to the next.
        patience: A call is tried again for so long.
    """

    def __init__(self, address: Address, *, timeout: timedelta, patience: timedelta) -> None:
        self._address = address
        self._connections = Connections(address)
        self._pauses = Pauses()
        self._timeout_s = timeout.total_seconds()
        self._patience_s = patience.total_seconds()

    @property
    def is_closed(self) -> bool:
        """Whether nothing is asked any more."""
        return self._pauses.are_over

    def ask(self, call: Call) -> tuple[int, Any]:
        """Return status and document of a good answer.

        Raises:
            CrossdockError: What the server said instead, or that it said nothing.
        """
        body = None if call.body is None else encode_json(call.body, field="body").encode()
        headers = dict(call.headers) if body is None else {"Content-Type": call.content_type, **call.headers}
        within_s = self._timeout_s + call.wait_s

        def exchange() -> tuple[Answer, None]:
            answer = self._connections.exchange(call.method, call.target, body, headers, within_s)
            return answer, None

        answer, _ = self._insist(call, exchange)
        return answer.status, self._document(answer)

    def begin(self, call: Call) -> Conversation:
        """Make a call whose answer goes on; return where the rest can be read and must be ended.

        Raises:
            CrossdockError: What the server said instead, or that it said nothing.
        """
        within_s = self._timeout_s + call.wait_s

        def begin() -> tuple[Answer, Conversation]:
            return self._connections.begin(call.method, call.target, call.headers, within_s)

        _, conversation = self._insist(call, begin)
        return conversation

    def _insist(self, call: Call, attempt: Callable[[], tuple[Answer, T]]) -> tuple[Answer, T]:
        """Try until there is a good answer, as often and as long as may be."""
        if self.is_closed and not call.is_last:
            raise StoreError("the client is closed; make another to go on")
        deadline = time.monotonic() + self._patience_s
        tries, doubt = 0, False
        while True:
            tries += 1
            asked: timedelta | None = None
            try:
                answer, more = attempt()
            except Refused as error:
                failure: Exception = self._away(f"cannot be reached: {error}")
                again = True
            except Broken as error:
                why = why_broken(self._address, str(error))
                failure = self._away(f"did not answer, it may have done what was asked: {why}")
                again = call.repeatable
                doubt = True
            else:
                if answer.is_good:
                    return answer, more
                failure = self._failure_of(answer, call)
                failure = _doubtful(failure) if doubt else failure
                again = _may_ask_again(answer, call)
                asked = wait_of(answer.headers.get("retry-after", ""), datetime.now(UTC))
            pause_s = _pause_s(tries, asked)
            if not again or time.monotonic() + pause_s > deadline:
                raise self._closed_meanwhile(call) or failure
            (time.sleep(pause_s) if call.is_last else self._pauses.wait(pause_s))
            if (closed := self._closed_meanwhile(call)) is not None:
                raise closed from failure

    def end(self, conversation: Conversation) -> None:
        """End what ``begin`` returned."""
        self._connections.end(conversation)

    def refuse(self) -> None:
        """Ask nothing any more but what belongs to the closing; what waits for an answer ends."""
        self._pauses.end()
        self._connections.interrupt()

    def close(self) -> None:
        """Close the connections; safe to call twice."""
        self.refuse()
        self._connections.close()

    def _closed_meanwhile(self, call: Call) -> StoreError | None:
        if not self.is_closed or call.is_last:
            return None
        return StoreError(
            "the client was closed before the answer came; the server may have done what was asked"
        )

    def _failure_of(self, answer: Answer, call: Call) -> Exception:
        if answer.is_redirect:
            return redirect_error(answer, f"{self._address.url}{call.path}")
        return error_of(answer)

    def _document(self, answer: Answer) -> Any:
        try:
            return json.loads(answer.body) if answer.body else None
        except ValueError as error:
            raise self._away(
                "answered with something that is no JSON; is this the API of Crossdock?"
            ) from error

    def _away(self, what: str) -> StoreUnavailable:
        return StoreUnavailable(f"the API at {self._address.url} {what}")


def queue_path(app: str, verb: str = "") -> str:
    """Return the path of an app's queue, or of what is done with it."""
    place = f"/queues/{quote(app, safe='')}"
    return f"{place}/{verb}" if verb else place


def _may_ask_again(answer: Answer, call: Call) -> bool:
    if answer.status == _TOO_MANY or code_of(answer) in _NOT_DONE:
        return True
    return call.repeatable and answer.status in _AGAIN


def _pause_s(tries: int, asked: timedelta | None) -> float:
    """Return how long to wait: longer each time, by chance, and never shorter than the server asks for."""
    longest_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(tries, 20))
    chance_s = random.uniform(longest_s / 2, longest_s)  # noqa: S311 - no secret
    return chance_s if asked is None else max(chance_s, min(asked.total_seconds(), _LONGEST_ASKED_S))


def _doubtful(error: Exception) -> Exception:
    """Say of a lost lease that an earlier try of the same call may have ended it."""
    if not isinstance(error, LeaseLost):
        return error
    return LeaseLost(f"{error}; or the try before, whose answer never came, settled them", error.message_ids)
