"""What goes wrong on request: for the next requests of an API, or at random with a seed."""

from __future__ import annotations

import fnmatch
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from task_priority.sandbox.exchange import BadBody, Quirk, Request


class FaultKind(Enum):
    """What can go wrong."""

    UNAUTHORIZED = "unauthorized"
    """401."""
    FORBIDDEN = "forbidden"
    """403; ``reason`` says why."""
    GONE = "gone"
    """410; of Google with a ``reason``, of Todoist as an API that was shut."""
    RATE_LIMITED = "rate-limited"
    """429 with ``Retry-After``."""
    SERVER_ERROR = "server-error"
    """500 in the API's form."""
    UNAVAILABLE = "unavailable"
    """503 with a page of HTML, as a proxy sends it."""
    INVALID_GRANT = "invalid-grant"
    """The token endpoint refuses."""
    SLOW = "slow"
    """The answer comes when the fault is released."""
    TRUNCATED = "truncated"
    """The connection ends in the middle of the body."""
    HALF_JSON = "half-json"
    """The body is complete by its length, but half a JSON value."""
    DROPPED = "dropped"
    """The connection ends before anything is done."""
    ANSWER_LOST = "answer-lost"
    """Everything is done, and the connection ends instead of an answer."""
    REORDERED = "reordered"
    """A listing runs backwards, page by page."""
    OVERLAPPING = "overlapping"
    """The next page begins with what was last on this one."""
    EMPTY_PAGE = "empty-page"
    """A page has nothing, though there are more."""
    EXPIRED_SYNC_TOKEN = "expired-sync-token"  # noqa: S105 - no password
    """The service does not know the sync token any more."""

    NULLS = "nulls"
    """Todoist: null for orders and times, as old objects have it; its own client cannot read them."""
    UNKNOWN_KEYS = "unknown-keys"
    """Every object has a key of which no document tells, and an answer a list of unknown objects."""

    @property
    def quirk(self) -> Quirk | None:
        """How the API itself behaves then, if it is the API's business."""
        return _QUIRKS.get(self.value)


_QUIRKS = {quirk.value: quirk for quirk in Quirk}


@dataclass(slots=True, eq=False)
class Fault:
    """One that waits for its requests.

    Attributes:
        number: Its name at ``/sandbox/faults``.
        api: ``todoist``, ``calendar``, ``tasks``, ``oauth``; None: each.
        path: A pattern such as ``*/events``.
        times: How many requests it still meets; None: all.
        after: How many requests that fit it still lets pass.
        chance: With which probability it meets a request that fits.
        reason: Google's reason, or Todoist's tag; None: the usual one.
        retry_after_s: Told with 429.
        met: How many requests it met.
    """

    number: int
    kind: FaultKind
    api: str | None = None
    path: str = "*"
    times: int | None = 1
    after: int = 0
    chance: float = 1.0
    reason: str | None = None
    retry_after_s: int = 30
    met: int = 0
    _released: threading.Event = field(default_factory=threading.Event)
    _waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def release(self) -> None:
        """Let the answers go that a slow fault holds back."""
        self._released.set()

    def wait(self) -> None:
        """Hold the calling request back until somebody releases it."""
        self._waiting.release()
        self._released.wait()

    def wait_for_request(self, timeout_s: float = 10) -> bool:
        """Wait until a request is held back; False: none came in time."""
        return self._waiting.acquire(timeout=timeout_s)

    def fits(self, api: str, request: Request) -> bool:
        """Say whether it is about such a request."""
        return (
            self.times != 0
            and self.api in {None, api}
            and (self.kind is not FaultKind.NULLS or api == "todoist")
            and fnmatch.fnmatchcase(request.path, self.path)
            and _concerns(self.kind, request)
        )


class Faults:
    """The faults that are set, the oldest first; one request meets one at most.

    Args:
        seed: Of the chances.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chooses what breaks, guards nothing
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._numbers = 0

    def add(  # noqa: PLR0913 - all by keyword but the kind
        self,
        kind: FaultKind | str,
        *,
        api: str | None = None,
        path: str = "*",
        times: int | None = 1,
        after: int = 0,
        chance: float = 1.0,
        reason: str | None = None,
        retry_after_s: int = 30,
    ) -> Fault:
        """Let something go wrong; see `Fault` for the arguments.

        Raises:
            ValueError: There is no such kind.
        """
        with self._lock:
            self._numbers += 1
            fault = Fault(
                self._numbers, FaultKind(kind), api, path, times, after, chance, reason, retry_after_s
            )
            self._faults.append(fault)
        return fault

    def reseed(self, seed: int) -> None:
        """Begin the chances anew."""
        self._random.seed(seed)

    def clear(self) -> None:
        """Take all faults away, and release what is held back."""
        with self._lock:
            faults, self._faults = self._faults, []
        for fault in faults:
            fault.release()

    def all(self) -> Sequence[Fault]:
        """Return the faults that are set, those used up among them."""
        with self._lock:
            return tuple(self._faults)

    def meet(self, api: str, request: Request) -> Fault | None:
        """Return what a request meets, and count it; None: nothing goes wrong."""
        with self._lock:
            for fault in self._faults:
                if fault.fits(api, request) and self._strikes(fault):
                    fault.met += 1
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def _strikes(self, fault: Fault) -> bool:
        if fault.after:
            fault.after -= 1
            return False
        return fault.chance >= 1 or self._random.random() < fault.chance


def _concerns(kind: FaultKind, request: Request) -> bool:
    match kind.quirk:
        case None:
            return True
        case Quirk.EXPIRED_SYNC_TOKEN:
            return "syncToken" in request.query or _todoist_token(request) not in {None, "*"}
        case Quirk.EMPTY_PAGE | Quirk.OVERLAPPING | Quirk.REORDERED:
            return request.method == "GET"


def _todoist_token(request: Request) -> str | None:
    if not request.path.endswith("/sync"):
        return None
    try:
        return request.fields().get("sync_token")
    except BadBody:
        return None
