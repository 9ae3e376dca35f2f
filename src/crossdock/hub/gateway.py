"""What a queue and its deliveries share: the store, the policies, and how an error becomes an outcome."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.delivery import DONE, Claimed, Completed, Crashed, Overdue, Settlement, Undecodable
from crossdock.domain.errors import ConfigError, InvalidMessage, LeaseLost, ProcessDied, StoreError
from crossdock.domain.ids import new_message_id, new_message_ids
from crossdock.domain.lifecycle import FailureCode
from crossdock.domain.message import (
    AppId,
    Draft,
    Envelope,
    MessageId,
    check_message_id,
    encode,
    encode_json,
)
from crossdock.domain.retention import Retention
from crossdock.domain.retry import Dead, RetryPolicy, Trial, crash_failure, failure_of, judge
from crossdock.domain.rules import QueueRules, check_rules, fallback_loop, loop_text
from crossdock.hub.options import given_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from crossdock.domain.breaker import Breaker
    from crossdock.domain.delivery import DeliveryKey, Outcome
    from crossdock.domain.events import Told
    from crossdock.ports.notice import Notice
    from crossdock.ports.store import Store, Transaction

ANY_APP: Final = "*"
_BULK: Final = 500
_TELL_AGAIN_S: Final = 60.0
_NO_RULES: Final = QueueRules()
_draft: Final[Callable[[tuple[Any, ...]], Draft]] = partial(tuple.__new__, Draft)  # without a frame of Python
_NO_MORE: Final = (repeat(None),) * 3
"""What a draft of text has besides it: no bytes, no data, nothing that it may be known by."""
MAX_RESULT_BYTES: Final = 64 * 1024
SHORTEST_LEASE: Final = timedelta(milliseconds=10)
LONGEST_LEASE: Final = timedelta(days=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The rules of one queue object.

    Attributes:
        lease: How long a claim lasts unless it says otherwise.
        retry: By app; ``*`` is for all others.
        max_crashes: A message whose worker died so often is a dead letter.
        retention: What becomes of completed messages.

    Raises:
        ConfigError: A value is out of range.
    """

    lease: timedelta = timedelta(seconds=30)
    retry: Mapping[str, RetryPolicy]
    max_crashes: int = 3
    retention: Retention = field(default_factory=Retention)

    def __post_init__(self) -> None:
        if issue := _lease_issue(self.lease):
            raise ConfigError(f"lease {issue}")
        if self.max_crashes < 1:
            raise ConfigError(f"max_crashes is {self.max_crashes}; it must be 1 or more")

    def of(self, app: str) -> RetryPolicy:
        """Return an app's retry policy."""
        return self.retry.get(app) or self.retry.get(ANY_APP) or RetryPolicy()

    def with_retry(self, retry: Mapping[str, RetryPolicy]) -> Policies:
        """Return the same rules with other policies for some apps."""
        return replace(self, retry={**self.retry, **retry})


class Gateway:
    """Turns calls of a queue into work for its store. Decides; does no I/O of its own."""

    def __init__(self, store: Store, policies: Policies, *, app: AppId, notice: Notice) -> None:
        self.store = store
        self.policies = policies
        self.app = app
        self.notice = notice
        self._rng = random.Random()  # noqa: S311 - spreads retries, no secret
        self._plain: dict[str, Envelope] = {}
        self._told: dict[str, tuple[str, float]] = {}

    def tell(self, event: Told) -> None:
        """Tell of an event, unless the same was the last of its kind and was told a short while ago."""
        now = time.monotonic()
        told, at = self._told.get(event.name, ("", float("-inf")))
        if told != event.reason or now - at > _TELL_AGAIN_S:
            self._told[event.name] = event.reason, now
            self.notice(event)

    def policy_of(self, app: str) -> RetryPolicy:
        """Return an app's retry policy, as it is now."""
        return self.policies.of(app)

    def plain_envelope(self, app: str) -> Envelope:
        """Return the envelope of a send without options; the same object each time."""
        found = self._plain.get(app)
        if found is None:
            found = self._plain[app] = Envelope(app=AppId(app), source_app=self.app)
        return found

    def envelope(self, app: str, options: Mapping[str, Any]) -> Envelope:
        """Return the envelope that the options of a send describe.

        Raises:
            InvalidMessage: An option is wrong; all wrong ones are listed.
            TypeError: There is no such option.
        """
        if not options:
            return self.plain_envelope(app)
        given = given_options(options)
        delay = given.pop("delay", None)
        if delay is not None:
            if "available_at" in given:
                raise InvalidMessage.of("delay", "give either delay or available_at")
            given["available_at"] = self._due(delay)
        return Envelope(app=AppId(app), source_app=AppId(given.pop("source_app", self.app)), **given)

    def draft(self, data: Any, message_id: str | None = None) -> Draft:
        """Encode data, under a new id unless one is given.

        Raises:
            InvalidMessage: Data is no JSON value, or the id cannot be one.
        """
        text, raw = encode(data)
        if message_id is None:
            return _draft((new_message_id(), text, raw, data, None))
        return Draft(check_message_id(message_id), text, raw, data, self.policies.retention.known_for)

    def drafts(self, items: Iterable[Any]) -> list[Draft]:
        """Encode the data of many messages, under new ids.

        Raises:
            InvalidMessage: Something is no JSON value; it says which.
        """
        values = list(items)
        encoded = [_encode_one(index, value) for index, value in enumerate(values)]
        ids = new_message_ids(len(values))
        return [
            Draft(MessageId(name), text, raw, value)
            for name, (text, raw), value in zip(ids, encoded, values, strict=True)
        ]

    def drafts_of_texts(self, texts: Sequence[str]) -> list[Draft]:
        """Return messages of data that is encoded already, under new ids; nobody wants to look at the data itself."""
        return list(map(_draft, zip(new_message_ids(len(texts)), texts, *_NO_MORE, strict=False)))

    def settlement(self, claimed: Claimed, outcome: Outcome) -> Settlement:
        """Say how a delivery ended."""
        return Settlement(claimed.row_id, claimed.lease_token, outcome)

    def completed(self, result: Any) -> Completed:
        """Return the outcome of success.

        Raises:
            InvalidMessage: ``result`` is no JSON value, or larger than 64 KiB.
        """
        if result is None:
            return DONE
        text = encode_json(result, field="result")
        if len(text.encode()) > MAX_RESULT_BYTES:
            raise InvalidMessage.of(
                "result", f"larger than {MAX_RESULT_BYTES} bytes; store it elsewhere and name it"
            )
        return Completed(text)

    def nacked(
        self,
        claimed: Claimed | Overdue,
        error: str | BaseException,
        retry_in: timedelta | None,
        breaker: Breaker | None = None,
    ) -> Outcome:
        """Decide what becomes of a delivery that failed, and what the circuit breaker counts of it."""
        policy = claimed.retry or self.policy_of(claimed.app)
        if claimed.max_attempts is not None and claimed.max_attempts != policy.max_attempts:
            policy = replace(policy, max_attempts=claimed.max_attempts)
        trial = Trial(claimed.attempt, policy, claimed.sent_at)
        verdict = judge(error, trial, now=self.store.now(), rng=self._rng, retry_in=retry_in)
        if breaker is None or isinstance(error, str):
            return verdict
        return replace(verdict, strike=breaker.strike(error, self._rng))

    def crashed(self, claimed: Claimed, error: ProcessDied) -> Crashed:
        """Return the outcome of a delivery during which the handler's own process died."""
        crashes = claimed.crashes + 1
        return Crashed(crash_failure(crashes, str(error)) if crashes >= self.policies.max_crashes else None)

    def failed(self, error: str | BaseException) -> Dead:
        """Return the outcome of giving up at once."""
        return Dead(failure_of(error, FailureCode.PERMANENT))

    def hand_back_all(self) -> None:
        """Give back everything this process holds; if the store cannot be written, the leases decide."""
        owner = self.store.owner
        with suppress(StoreError):
            if owner in self.store.read(lambda reader: reader.owners()):
                while self.store.write(lambda tx: tx.hand_back_all(owner, _BULK)) == _BULK:
                    pass

    def apply_rules(self, wanted: Mapping[str, Mapping[str, Any]]) -> None:
        """Put rules of queues into force; the store is written only where they differ.

        Raises:
            ConfigError: A rule cannot hold, or what fails would go round for ever.
        """
        for app, rules in wanted.items():
            check_rules(app, rules)
        known = self.store.read(lambda reader: reader.rules())
        self.check_fallbacks(known, wanted)
        found = {app: known.get(app, _NO_RULES).differing(rules) for app, rules in wanted.items()}
        changes = {app: rules for app, rules in found.items() if rules}
        if changes:
            self.store.write(partial(_put_into_force, changes=changes))

    @staticmethod
    def check_fallbacks(known: Mapping[str, QueueRules], wanted: Mapping[str, Mapping[str, Any]]) -> None:
        """Make sure that what fails does not go round for ever.

        Raises:
            ConfigError: It would.
        """
        fallbacks = {app: rules.fallback for app, rules in known.items()}
        fallbacks |= {app: rules["fallback"] for app, rules in wanted.items() if "fallback" in rules}
        for app in wanted:
            chain = fallback_loop(fallbacks, app)
            if chain is not None:
                raise ConfigError(f"fallback of {app!r}: {loop_text(chain)}")

    def lease(self, wanted: timedelta | None) -> timedelta:
        """Return the lease to claim with: the one that is wanted, else the policy's.

        Raises:
            InvalidMessage: It is too short or too long to be one.
        """
        if wanted is None:
            return self.policies.lease
        if issue := _lease_issue(wanted):
            raise InvalidMessage.of("lease", issue)
        return wanted

    def lease_until(self, lease: timedelta) -> datetime:
        """Return when a lease that begins now ends.

        Raises:
            InvalidMessage: It is too short or too long to be one.
        """
        return self.store.now() + self.lease(lease)

    def _due(self, delay: timedelta) -> datetime:
        if not isinstance(delay, timedelta) or delay < timedelta(0):
            raise InvalidMessage.of("delay", f"{delay!r} is not a timedelta of 0 or more")
        try:
            return self.store.now() + delay
        except OverflowError as error:
            raise InvalidMessage.of("delay", f"{delay} from now is past the year 9999") from error


def _lease_issue(lease: object) -> str | None:
    if isinstance(lease, timedelta) and SHORTEST_LEASE <= lease <= LONGEST_LEASE:
        return None
    return f"is {lease!r}; it must be a timedelta from {SHORTEST_LEASE} to {LONGEST_LEASE}"


def _encode_one(index: int, value: Any) -> tuple[str | None, bytes | None]:
    try:
        return encode(value)
    except InvalidMessage as error:
        details = [(f"items[{index}].{name}", issue) for name, issue in error.details]
        raise InvalidMessage(f"items[{index}].{error}", details) from error


def check_accepted(claimed: Iterable[Claimed], accepted: set[DeliveryKey]) -> None:
    """Make sure that deliveries were settled.

    Raises:
        LeaseLost: Some were not ours any more.
    """
    lost = [one for one in claimed if one.key not in accepted]
    if lost:
        names = ", ".join(one.message.id for one in lost[:5]) + (", …" if len(lost) > 5 else "")  # noqa: PLR2004
        raise LeaseLost(
            f"{len(lost)} deliveries are no longer ours, nothing was changed for them: {names}. Their lease ran out, "
            f"or they were settled before",
            [one.message.id for one in lost],
        )


def split_decoded(found: Sequence[Claimed | Undecodable]) -> tuple[list[Claimed], list[Settlement]]:
    """Part what was claimed into deliveries, and settlements that set aside the rows that are no messages."""
    good = [one for one in found if isinstance(one, Claimed)]
    bad = [
        Settlement(one.row_id, one.lease_token, Dead(one.failure, readable=False))
        for one in found
        if isinstance(one, Undecodable)
    ]
    return good, bad


def _put_into_force(tx: Transaction, changes: Mapping[str, Mapping[str, Any]]) -> None:
    for app, rules in changes.items():
        tx.set_rules(app, rules)
