"""The verb *claim*, and what goes before it: promoting what became due, setting aside what expired."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, overload

from crossdock.domain.events import MessageClaimed, MessageFailed
from crossdock.domain.lifecycle import FailureCode
from crossdock.domain.retry import Failure
from crossdock.store import statements
from crossdock.store.about import About
from crossdock.store.codec import claimed_from, data_size, failure_to_text
from crossdock.store.falling_back import FallingBack
from crossdock.store.rules_codec import claim_limits
from crossdock.store.types import to_text

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.domain.delivery import Claimed, ClaimRequest, Undecodable
    from crossdock.domain.message import AppId

_STEP: Final = 1000
"""Rows promoted or expired per claim: a million due at once must not hold up the one in hand."""
_LATE: Final = Failure(FailureCode.EXPIRED, "not delivered before its expiry time")
_EXPIRED: Final = failure_to_text(_LATE)
_PRIORITY: Final = 16
_PARTITION_KEY: Final = 12
_CRASHES: Final = 24
_APP, _TRACEPARENT, _ATTEMPTS = 3, 14, 19
"""Positions in a row of ``MESSAGE_COLUMNS``."""


class Fetched(Sequence["Claimed | Undecodable"]):
    """Leased rows, read when they are first looked at: after the transaction, when others may write again."""

    def __init__(self, rows: list[Any], token: str, until: datetime) -> None:
        self._rows = rows
        self._token = token
        self._until = until

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Claimed | Undecodable]:
        return iter(self._read)

    @overload
    def __getitem__(self, index: int) -> Claimed | Undecodable: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Claimed | Undecodable]: ...
    def __getitem__(self, index: int | slice) -> Claimed | Undecodable | Sequence[Claimed | Undecodable]:
        return self._read[index]

    @cached_property
    def _read(self) -> list[Claimed | Undecodable]:
        return [claimed_from(row, self._token, self._until) for row in self._rows]


class Claiming(FallingBack):
    """Leases messages to a worker."""

    def claim(self, request: ClaimRequest) -> Sequence[Claimed | Undecodable]:
        """Lease the first messages of an app's queue, in the order in which they are to be handled.

        A message that was in a process that died is leased alone. Nothing is leased from a queue
        that is paused or parked.
        """
        state = self.run(statements.claim_state, {"app": request.app, "now": self.now_text})
        if state and state[0][0]:
            return []
        _, limited, failures, trips = state[0] if state else (0, 0, 0, 0)
        self.limits.note(request.app, limited=bool(limited), failures=failures, trips=trips)
        if not limited:
            return self._claim(request)
        self.lock_queue(request.app)
        ((*found, trips, processing),) = self.run(statements.limits, {"app": request.app})
        limits = claim_limits(found, trips=trips, processing=processing)
        allowed, _ = limits.grant(_wanted(request), self.now)
        if not allowed:
            return []
        claimed = self._claim(replace(request, limit=allowed))
        if claimed and limits.rate is not None:
            _, next_at = limits.grant(len(claimed), self.now)
            self.run(statements.spend_rate, {"app": request.app, "rate_next_at": to_text(next_at)})
        return claimed

    def _claim(self, request: ClaimRequest) -> Sequence[Claimed | Undecodable]:
        crowd = self._expire(request.app)
        self.promote(request.app)
        token = uuid.uuid4().hex
        rows = self._lease_first(request, token, unexpired=crowd)
        return self._fetched(rows, request, token)

    def _fetched(self, rows: list[Any], request: ClaimRequest, token: str) -> Fetched:
        """Return rows just leased, and behind each what may be handled after it."""
        if request.runs and rows:
            rows = self._with_runs(rows, request, token)
        until = self.now + request.lease
        if rows and self._hears(MessageClaimed.level):
            self._tell_claimed(rows)
        if len(rows) >= request.limit:
            self.woken.add(request.app)  # there may be more: another consumer is to look, too
        return Fetched(rows, token, until)

    def _tell_claimed(self, rows: Sequence[Any]) -> None:
        for row in rows:
            about = About(row[0], row[_APP], row[1], row[_TRACEPARENT])
            self.tell_of(MessageClaimed, about, attempt=row[_ATTEMPTS])

    def promote(self, app: str) -> None:
        """Make scheduled messages ready whose time has come."""
        self.run(statements.promote_due, {"app": app, "now": self.now_text, "limit": _STEP})

    def _expire(self, app: str) -> bool:
        """Set aside what is too late to be delivered; tell whether there may be more of it."""
        late = self.run(statements.expired, {"app": app, "now": self.now_text, "limit": _STEP})
        for row_id, _, key, attempts in late:
            parameters = {"row_id": row_id, "now": self.now_text, "error": _EXPIRED}
            for row in self.run(statements.fail_pending, parameters):
                about = replace(About.settled(row), claimed_at=None)
                self.log(about, MessageFailed, code=FailureCode.EXPIRED, message=_LATE.message)
                self.fall_back(about, key, _LATE, attempts=attempts)
        self.release((target, key) for _, target, key, _ in late)
        return len(late) == _STEP

    def _lease_first(self, request: ClaimRequest, token: str, *, unexpired: bool) -> list[Any]:
        app = {"app": request.app, "now": self.now_text} if unexpired else {"app": request.app}
        suspects = self.run(statements.first_suspect, app, unexpired=unexpired)
        if not suspects or not (request.takes_suspect is None or request.takes_suspect()):
            rows = self._lease(request, token, unexpired=unexpired)
        else:
            row_id, priority = suspects[0]
            rows = self._lease(request, token, unexpired=unexpired, suspect_id=row_id, priority=priority)
            rows = rows or self._lease_ids([row_id], request, token)
        return in_order(rows)

    def _lease(self, request: ClaimRequest, token: str, *, unexpired: bool, **suspect: int) -> list[Any]:
        parameters = {**self._how_many(request), **self._terms(request, token), **suspect}
        options = {"kept": request.kept, "before_suspect": bool(suspect), "unexpired": unexpired}
        options["sized"] = request.max_bytes is not None
        return self._whole(self.run(statements.claim_first, parameters, **options), request.app)

    def _whole(self, rows: list[Any], app: AppId) -> list[Any]:  # noqa: ARG002 - of use where rows are not whole
        """Return rows of ``MESSAGE_COLUMNS`` for what ``claim_first`` returned."""
        return rows

    def _lease_ids(self, row_ids: list[int], request: ClaimRequest, token: str) -> list[Any]:
        parameters = {"ids": json.dumps(row_ids), **self._terms(request, token)}
        return self.run(statements.claim_ids, parameters, kept=request.kept)

    def _how_many(self, request: ClaimRequest) -> dict[str, Any]:
        wanted = {"app": request.app, "limit": request.limit}
        return wanted if request.max_bytes is None else {**wanted, "max_bytes": request.max_bytes}

    def _terms(self, request: ClaimRequest, token: str) -> dict[str, Any]:
        return {
            "now": self.now_text,
            "owner": request.owner or self.who,
            "token": token,
            "until": to_text(self.now + request.lease),
            "keep_s": request.lease.total_seconds(),
        }

    def _with_runs(self, rows: list[Any], request: ClaimRequest, token: str) -> list[Any]:
        """Add, behind each claimed message of a key, those that wait for it, as far as the limit allows."""
        result: list[Any] = []
        left = request.limit - len(rows)
        left_bytes = None if request.max_bytes is None else request.max_bytes - sum(map(_size, rows))
        for row in rows:
            result.append(row)
            if row[_PARTITION_KEY] is not None and left > 0 and row[_CRASHES] == 0:
                run = self._run_behind(row, replace(request, limit=left, max_bytes=left_bytes), token)
                result += run
                left -= len(run)
                left_bytes = None if left_bytes is None else left_bytes - sum(map(_size, run))
        return result

    def _run_behind(self, row: Any, request: ClaimRequest, token: str) -> list[Any]:
        parameters = {
            "app": request.app,
            "key": row[_PARTITION_KEY],
            "after": row[0],
            "now": self.now_text,
            "limit": request.limit,
        }
        left = request.max_bytes
        row_ids: list[int] = []
        for row_id, free, size in self.run(statements.run_of_key, parameters, sized=left is not None):
            if left is not None:
                left -= size
            if not free or (left is not None and left < 0):
                break
            row_ids.append(row_id)
        return sorted(self._lease_ids(row_ids, request, token)) if row_ids else []


def _wanted(request: ClaimRequest) -> int:
    return request.limit if request.free is None else min(request.limit, request.free)


def _size(row: Any) -> int:
    try:
        return data_size(row)
    except (ValueError, TypeError, AttributeError):  # it is set aside when it is read
        return 0


def in_order(rows: list[Any]) -> list[Any]:
    """Return rows of one lease in the order in which they are to be handled."""
    return sorted(rows, key=_order) if len(rows) > 1 else rows


def _order(row: Any) -> tuple[int, int]:
    return -row[_PRIORITY], row[0]
