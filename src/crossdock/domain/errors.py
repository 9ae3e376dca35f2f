"""Every error Crossdock raises on purpose, each with a stable ``code``.

::

    CrossdockError
    ├── ConfigError
    ├── InvalidMessage
    ├── DeliveryError
    │   ├── TransientError
    │   │   └── ExporterBusy
    │   ├── PermanentError
    │   ├── RateLimited
    │   ├── CredentialError
    │   └── ProcessDied
    ├── CallFailed
    ├── CallTimedOut
    ├── AdapterError
    │   ├── NotConnected
    │   └── EndOfInput
    └── StoreError
        ├── StoreUnavailable
        │   └── StoreFull
        ├── QueueFull
        ├── StoreDamaged
        ├── SchemaOutOfDate
        ├── LeaseLost
        ├── MessageNotFound
        │   └── AmbiguousMessage
        ├── ScheduleNotFound
        ├── KeyNotFound
        ├── IdempotencyKeyReused
        └── IllegalMove
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from crossdock.domain.retry import Failure


class CrossdockError(Exception):
    """The root: catch it to catch everything that Crossdock raises on purpose."""

    code: ClassVar[str] = "CROSSDOCK_ERROR"


class ConfigError(CrossdockError):
    """A setting is wrong; nothing was started. Correct what the message names."""

    code = "CONFIG_ERROR"


class InvalidMessage(CrossdockError):
    """A message breaks a rule of its format. Sending again without a change will fail again.

    Attributes:
        details: Pairs of (field, issue), at least one.
    """

    code = "INVALID_MESSAGE"

    def __init__(self, message: str, details: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.details: tuple[tuple[str, str], ...] = tuple(details)

    @classmethod
    def of(cls, field: str, issue: str) -> InvalidMessage:
        """Build the error for one field."""
        return cls(f"{field}: {issue}", [(field, issue)])


class DeliveryError(CrossdockError):
    """A handler or an adapter could not do its work. Raise a subclass to say what should become of the message.

    Itself it counts as an error of the message: it is retried, and says nothing of the far side.
    """

    code = "DELIVERY_ERROR"


class TransientError(DeliveryError):
    """It may work later: the message is retried with backoff. Any unknown exception counts as this."""

    code = "TRANSIENT"


class ExporterBusy(TransientError):
    """Another process runs the exporter at this moment. What that stores is there for all; ask when it has ended."""

    code = "EXPORTER_BUSY"


class PermanentError(DeliveryError):
    """It will never work: the message becomes a dead letter at once."""

    code = "PERMANENT"


class RateLimited(DeliveryError):
    """The far side asked to wait; the message is retried then and no attempt is spent.

    Attributes:
        retry_after: How long to wait, or None for the policy's own delay.
    """

    code = "RATE_LIMITED"

    def __init__(self, message: str = "rate limited", *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CredentialError(DeliveryError):
    """The far side refuses our credentials: the queue is paused until a person has mended them and resumed it.

    The message goes back to the queue, no attempt spent. Say in the words of the error what is to be done.
    """

    code = "CREDENTIAL"


class ProcessDied(DeliveryError):
    """The process that worked on a message died. A crash is counted, apart from errors, and the message comes again.

    Raised by adapters and handlers that work in other processes.
    """

    code = "PROCESS_DIED"


class CallFailed(CrossdockError):
    """A message whose answer was awaited is a dead letter. Look at ``failure``; it can be edited and replayed.

    Attributes:
        app: Who was called.
        message_id: Of the message.
        failure: Why it failed: code, words, details.
    """

    code = "CALL_FAILED"

    def __init__(self, app: str, message_id: str, failure: Failure) -> None:
        super().__init__(f"{app} could not answer to message {message_id}: {failure.code}: {failure.message}")
        self.app = app
        self.message_id = message_id
        self.failure = failure


class CallTimedOut(CrossdockError):
    """A message whose answer was awaited was not completed in time. Ask ``get`` with its id what becomes of it.

    Attributes:
        app: Who was called.
        message_id: Of the message.
    """

    code = "CALL_TIMED_OUT"

    def __init__(self, message: str, *, app: str, message_id: str) -> None:
        super().__init__(message)
        self.app = app
        self.message_id = message_id


class AdapterError(CrossdockError):
    """An adapter and its far side do not come together."""

    code = "ADAPTER_ERROR"


class NotConnected(AdapterError):
    """The far side cannot be reached now, or the link is gone. Connect again, later; no message is at fault."""

    code = "NOT_CONNECTED"


class EndOfInput(AdapterError):
    """The far side has ended: nothing more will ever come from it."""

    code = "END_OF_INPUT"


class StoreError(CrossdockError):
    """The store refused or could not do what was asked."""

    code = "STORE_ERROR"


class StoreUnavailable(StoreError):
    """The store cannot be reached or written now. What was not acknowledged may be sent again, later."""

    code = "STORE_UNAVAILABLE"


class StoreFull(StoreUnavailable):
    """The disk is full or nearly so: nothing new is taken in until there is room again."""

    code = "STORE_FULL"


class QueueFull(StoreError):
    """The app's queue is as deep as its ``max_depth`` allows; nothing was stored. Send again when others have worked.

    Attributes:
        app: Whose queue.
        depth: So many messages wait in it, at least.
        max_depth: It takes in no more than so many.
        count: So many were to be stored together.
    """

    code = "QUEUE_FULL"

    def __init__(self, app: str, *, depth: int, max_depth: int, count: int = 1) -> None:
        wanted = "one more" if count == 1 else f"{count} more"
        advice = (
            "send fewer at a time"
            if count > max_depth
            else "send again later, or give the send a wait; its workers may be too slow or stopped"
        )
        super().__init__(
            f"the queue of {app!r} has no room for {wanted}: {depth} messages wait in it, and max_depth is "
            f"{max_depth}; nothing was stored. {advice[0].upper()}{advice[1:]}"
        )
        self._can_pass = count <= max_depth
        self.app = app
        self.depth = depth
        self.max_depth = max_depth
        self.count = count

    @property
    def can_pass(self) -> bool:
        """Whether waiting can help: the queue could hold what was sent if it were empty."""
        return self._can_pass


class StoreDamaged(StoreError):
    """The store's file is corrupt, vanished or was replaced. Nothing more is acknowledged; restore a backup."""

    code = "STORE_DAMAGED"


class SchemaOutOfDate(StoreError):
    """The store's schema does not fit this version of Crossdock: migrate the store or upgrade the program."""

    code = "SCHEMA_OUT_OF_DATE"


class LeaseLost(StoreError):
    """The delivery is no longer ours, so nothing was changed. Stop working on it; someone else has it.

    Attributes:
        message_ids: The messages whose lease was lost.
    """

    code = "LEASE_LOST"

    def __init__(self, message: str, message_ids: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message_ids = tuple(message_ids)


class MessageNotFound(StoreError):
    """No message has that id."""

    code = "MESSAGE_NOT_FOUND"


class AmbiguousMessage(MessageNotFound):
    """Several apps, or several senders, have a message of that id. Name the app, or the source_app.

    Attributes:
        candidates: Pairs of (app, source_app).
    """

    code = "AMBIGUOUS_MESSAGE"

    def __init__(self, message: str, candidates: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


class ScheduleNotFound(StoreError):
    """No schedule has that name."""

    code = "SCHEDULE_NOT_FOUND"


class KeyNotFound(StoreError):
    """No API key has that id."""

    code = "KEY_NOT_FOUND"


class IdempotencyKeyReused(StoreError):
    """Something else was asked for under the same Idempotency-Key. Choose a new one for each thing that is asked."""

    code = "IDEMPOTENCY_KEY_REUSED"


class IllegalMove(StoreError):
    """The message is not in a status from which this is allowed (see the lifecycle)."""

    code = "ILLEGAL_MOVE"
