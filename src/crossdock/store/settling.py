"""The verbs that end a delivery: *ack, nack, fail, hand back*, and *lapse* and *crash* on behalf of the absent."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, assert_never

from crossdock.domain.delivery import DONE, Completed, Crashed, HandedBack, Settlement
from crossdock.domain.events import (
    MessageCompleted,
    MessageCrashed,
    MessageFailed,
    MessageHandedBack,
    MessageLapsed,
    MessageNacked,
    QueueParked,
    QueueRefused,
)
from crossdock.domain.retry import Dead, Failure, Halt, RetryAt, crash_failure
from crossdock.store import statements
from crossdock.store.about import About
from crossdock.store.breaking import Breaking, strike_of
from crossdock.store.codec import failure_to_text
from crossdock.store.falling_back import FallingBack
from crossdock.store.overdue_codec import overdue_from
from crossdock.store.types import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from crossdock.domain.delivery import DeliveryKey, Overdue
    from crossdock.domain.events import MessageEvent

_LONGEST_NOTE: Final = 1000
_ENDING: Final = "the process ended before it was finished"
_DIED: Final = "the process that had it died"
_HANDLER_DIED: Final = "the process of its handler died"
_ID, _APP, _KEY, _ATTEMPTS, _CLAIMED_AT = range(5)


class Settling(FallingBack, Breaking):
    """Ends deliveries; every change is conditional on the lease token."""

    def settle(self, settlements: Sequence[Settlement]) -> set[DeliveryKey]:
        """End deliveries and return those whose lease still held; the others changed nothing."""
        plain: dict[str, list[int]] = defaultdict(list)
        results: dict[str, list[tuple[int, str]]] = defaultdict(list)
        accepted: dict[str, list[Any]] = defaultdict(list)
        for row_id, token, outcome in settlements:
            if outcome is DONE:
                plain[token].append(row_id)
            elif not isinstance(outcome, Completed):
                accepted[token] += self._end_otherwise(row_id, token, outcome)
            elif outcome.result is None:
                plain[token].append(row_id)
            else:
                results[token].append((row_id, outcome.result))
        for token, row_ids in plain.items():
            accepted[token] += self._complete(row_ids, token, None)
        for token, pairs in results.items():
            accepted[token] += self._complete_each(pairs, token)
        for rows in accepted.values():
            self.release([(row[_APP], row[_KEY]) for row in rows if row[_KEY] is not None])
        self._tell_queues(settlements, accepted)
        return {(row[_ID], token) for token, rows in accepted.items() for row in rows}

    def _end_otherwise(
        self, row_id: int, token: str, outcome: RetryAt | HandedBack | Dead | Crashed
    ) -> list[Any]:
        """End a delivery that did not complete its message."""
        match outcome:
            case RetryAt() | HandedBack():
                given = self._give_back(row_id, token, outcome)
                if given and isinstance(outcome, RetryAt) and outcome.halts is not None:
                    self._halt(given[0][_APP], outcome, outcome.halts)
                return given
            case Dead(failure, readable):
                return self._fail(row_id, token, failure, readable=readable)
            case Crashed(failure):
                if failure is None:
                    return self._crash(row_id, token, self.who)
                return self._fail(row_id, token, failure, crashed=True)
            case _:
                assert_never(outcome)

    def extend(self, row_ids: Sequence[int], lease_token: str, until: datetime) -> set[DeliveryKey]:
        """Set the end of leases and return the deliveries that are still held."""
        parameters = {"ids": json.dumps(list(row_ids)), "token": lease_token, "until": to_text(until)}
        return {(row_id, lease_token) for (row_id,) in self.run(statements.extend, parameters)}

    def in_hand(self, app: str, keys: Sequence[DeliveryKey]) -> list[Overdue]:
        """Return the deliveries of an app that are still held, with what their end is judged by."""
        wanted = set(keys)
        parameters = {"app": app, "ids": json.dumps([row_id for row_id, _ in keys])}
        found = [overdue_from(row, self.now) for row in self.run(statements.in_hand, parameters)]
        return [one for one in found if (one.row_id, one.lease_token) in wanted]

    def note(self, keys: Sequence[DeliveryKey], words: str) -> set[DeliveryKey]:
        """Note on messages that are worked on where they go, and return those that are still held."""
        by_token: dict[str, list[int]] = defaultdict(list)
        for row_id, token in keys:
            by_token[token].append(row_id)
        return {
            (row_id, token)
            for token, ids in by_token.items()
            for (row_id,) in self.run(
                statements.note, {"ids": json.dumps(ids), "token": token, "note": words}
            )
        }

    def crash(self, owner: str, *, max_crashes: int, limit: int) -> int:
        """Take back what a dead process held: each message counts one crash more, its attempt is given back.

        Returns:
            How many messages were taken back; call again while it is ``limit``.
        """
        rows = self.run(statements.owned, {"owner": owner, "limit": limit})
        accepted: list[Any] = []
        for row_id, _, token, _, crashes in rows:
            if crashes + 1 >= max_crashes:
                failure = crash_failure(crashes + 1)
                accepted += self._fail(row_id, token, failure, who=owner, crashed=True)
            else:
                accepted += self._crash(row_id, token, owner)
        self.release((row[_APP], row[_KEY]) for row in accepted)
        return len(rows)

    def hand_back_all(self, owner: str, limit: int) -> int:
        """Give back everything a process holds, nothing spent.

        Returns:
            How many messages were given back; call again while it is ``limit``.
        """
        rows = self.run(statements.owned, {"owner": owner, "limit": limit})
        given_back = HandedBack(_ENDING, None if owner == self.who else owner)
        self.settle([Settlement(row_id, token, given_back) for row_id, _, token, *_ in rows])
        return len(rows)

    def lapse(
        self, row_id: int, lease_token: str, owner: str, failure: Failure, when: datetime | None
    ) -> bool:
        """Take back a message whose lease ran out: to be retried at ``when``, or, with None, as a dead letter."""
        if when is None:
            rows = self._fail(row_id, lease_token, failure, who=owner)
        else:
            rows = self._give_back(
                row_id, lease_token, RetryAt(when, failure), event=MessageLapsed, who=owner
            )
        self.release((row[_APP], row[_KEY]) for row in rows)
        return bool(rows)

    def _tell_queues(self, settlements: Sequence[Settlement], accepted: Mapping[str, list[Any]]) -> None:
        """Tell the circuit breakers how deliveries ended, and wake who waits for a place in a limited queue."""
        unusual = [one for one in settlements if one.outcome is not DONE]
        if not (self.limits.limited or self.limits.failing or any(map(strike_of, unusual))):
            return
        apps = {(row[_ID], token): row[_APP] for token, rows in accepted.items() for row in rows}
        self.woken |= self.limits.limited.intersection(apps.values())
        for app in set(apps.values()):
            self.note_outcomes(app, [one for one in settlements if apps.get(one.key) == app])

    def _halt(self, app: str, outcome: RetryAt, halt: Halt) -> None:
        """Let a failed delivery stop its whole queue."""
        note = outcome.failure.message[:_LONGEST_NOTE]
        match halt:
            case Halt.PARK:
                until = to_text(outcome.when)
                self.run(statements.park, {"app": app, "until": until, "note": note})
                self.tell(QueueParked(app=app, reason=f"{app!r} is parked until {until} UTC: {note}"))
            case Halt.PAUSE:
                self.run(
                    statements.set_paused,
                    {"app": app, "paused_at": self.now_text, "who": self.who, "note": note},
                )
                words = (
                    f"{app!r} is paused: {note}; mend the credentials, then 'crossdock queue resume {app}'"
                )
                self.tell(QueueRefused(app=app, reason=words))
            case _:
                assert_never(halt)

    def _complete(self, row_ids: Iterable[int], token: str, result: str | None) -> list[Any]:
        parameters = {"ids": json.dumps(list(row_ids)), "token": token, "now": self.now_text}
        if result is not None:
            parameters["result"] = result
        heard = self._hears(MessageCompleted.level)
        rows = self.run(statements.complete, parameters, with_result=result is not None, heard=heard)
        return self.tell_completed(rows, heard=heard)

    def _complete_each(self, results: Sequence[tuple[int, str]], token: str) -> list[Any]:
        """Complete messages that have results of their own."""
        return [row for row_id, result in results for row in self._complete([row_id], token, result)]

    def tell_completed(self, rows: list[Any], *, heard: bool) -> list[Any]:
        """Let it be told of messages that were completed, if anybody hears it; return them."""
        if heard:
            for row in rows:
                self.tell_of(MessageCompleted, About.settled(row), attempt=row[_ATTEMPTS])
        return rows

    def _give_back(
        self,
        row_id: int,
        token: str,
        outcome: RetryAt | HandedBack,
        *,
        event: type[MessageEvent] = MessageNacked,
        who: str | None = None,
    ) -> list[Any]:
        spent = isinstance(outcome, RetryAt) and outcome.spends_attempt
        failure = outcome.failure if isinstance(outcome, RetryAt) else None
        when = outcome.when if isinstance(outcome, RetryAt) else None
        retry_at = to_text(when) if when is not None and when > self.now else ""
        parameters = {
            "row_id": row_id,
            "token": token,
            "now": self.now_text,
            "available_at": retry_at,
            "refund": 0 if spent else 1,
            "crashed": 0,
            "error": failure_to_text(failure) if failure else "",
        }
        rows = self.run(statements.give_back, parameters)
        if not retry_at:
            self.woken.update(row[_APP] for row in rows)
        for row in rows:
            if isinstance(outcome, HandedBack):
                owner = outcome.owner
                self._log_end(row, MessageHandedBack, refund=True, message=outcome.reason, claimed_by=owner)
            else:
                told: dict[str, Any] = {"failure": outcome.failure, "retry_at": retry_at or None}
                self._log_end(row, event, refund=not spent, who=who, **told)
        return rows

    def _crash(self, row_id: int, token: str, owner: str) -> list[Any]:
        parameters = {"row_id": row_id, "token": token, "now": self.now_text}
        rows = self.run(
            statements.give_back, {**parameters, "available_at": "", "refund": 1, "crashed": 1, "error": ""}
        )
        self.woken.update(row[_APP] for row in rows)
        for row in rows:
            self._log_end(
                row, MessageCrashed, refund=True, who=owner, message=_reason_of_crash(self.who, owner)
            )
        return rows

    def _fail(
        self,
        row_id: int,
        token: str,
        failure: Failure,
        *,
        who: str | None = None,
        crashed: bool = False,
        readable: bool = True,
    ) -> list[Any]:
        parameters = {
            "row_id": row_id,
            "token": token,
            "now": self.now_text,
            "error": failure_to_text(failure),
        }
        rows = self.run(statements.fail_held, {**parameters, "refund": int(crashed), "crashed": int(crashed)})
        for row in rows:
            if crashed:
                told: dict[str, Any] = {"who": who, "message": _reason_of_crash(self.who, who)}
                self._log_end(row, MessageCrashed, refund=True, **told)
                about = replace(About.settled(row), claimed_at=None)
                told = {"who": who, "message": failure.message}
                self.log(about, MessageFailed, attempt=row[_ATTEMPTS] + 1, code=failure.code, **told)
            else:
                self._log_end(row, MessageFailed, refund=False, failure=failure, who=who)
            if readable:
                self.fall_back(About.settled(row), row[_KEY], failure, attempts=row[_ATTEMPTS])
        return rows

    def _log_end(
        self,
        row: Any,
        event: type[MessageEvent],
        *,
        refund: bool,
        failure: Failure | None = None,
        **details: Any,
    ) -> None:
        """Write down how a delivery ended, and when it had begun, which the row forgets."""
        if failure is not None:
            details |= {"code": str(failure.code), "message": failure.message[:1000]}
        attempt = row[_ATTEMPTS] + (1 if refund else 0)
        self.log(About.settled(row), event, attempt=attempt, claimed_at=row[_CLAIMED_AT], **details)


def _reason_of_crash(who: str, owner: str | None) -> str:
    return _DIED if owner not in {None, who} else _HANDLER_DIED
