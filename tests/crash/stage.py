"""What every worker of the crash tests needs after its fork: a history, the queue, data, the wish to stop."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
import uuid
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from crossdock import LeaseLost, Queue, RetryPolicy, StoreSettings
from tests.crash.history import Kind, Recorder
from tests.crash.limits import BACKOFF_MAX_S, BACKOFF_MIN_S, LEASE_S, MAX_ATTEMPTS, MAX_CRASHES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossdock import Delivery

RETRY = RetryPolicy(
    max_attempts=MAX_ATTEMPTS,
    backoff_min=timedelta(seconds=BACKOFF_MIN_S),
    backoff_max=timedelta(seconds=BACKOFF_MAX_S),
)


CLAIM_CHECK_BYTES = 150
"""So that the data of about half of the messages lies outside their rows."""
PATIENCE = timedelta(seconds=60)
"""A machine whose disk stands still for seconds breaks no promise."""


class Place(TypedDict, total=False):
    """Where the store is and how it is opened."""

    url: str
    outside_writers: bool
    host_folder: str


class Options(Place, total=False):
    """The settings of a worker that its role only passes on."""

    name: str
    seed: int
    lease_s: float


def open_queue(
    app: str, *, url: str, outside_writers: bool = False, host_folder: str = "", **more: Any
) -> Queue:
    """Open the store at a place."""
    settings = StoreSettings(
        outside_writers=outside_writers, lock_timeout=PATIENCE, claim_check_bytes=CLAIM_CHECK_BYTES
    )
    if host_folder:
        settings = replace(settings, host_folder=Path(host_folder))
    return Queue(url, app=app, settings=settings, **more)


@dataclass(slots=True)
class Stage:
    """One worker's place: made after the fork, closed in good order unless the worker is killed."""

    queue: Queue
    recorder: Recorder
    rng: random.Random
    stop: threading.Event = field(default_factory=threading.Event)

    def started(self, delivery: Delivery) -> None:
        """Record that the handler starts."""
        self.recorder.saw(Kind.STARTED, **identity(delivery))

    def ended(self, delivery: Delivery) -> None:
        """Record that the handler has ended; nothing is settled yet."""
        self.recorder.saw(Kind.ENDED, **identity(delivery))

    @contextmanager
    def settling(self, delivery: Delivery, outcome: Kind) -> Iterator[None]:
        """Record the outcome of a settling: the given one, or that the lease was lost."""
        try:
            yield
        except LeaseLost:
            self.recorder.saw(Kind.LEASE_LOST, **{**identity(delivery), "note": outcome.name})
        else:
            self.recorder.saw(outcome, **identity(delivery))


@contextmanager
def on_stage(
    folder: Path,
    *,
    name: str,
    seed: int = 0,
    consumes: str = "",
    lease_s: float = LEASE_S,
    **place: Unpack[Place],
) -> Iterator[Stage]:
    """Open the store as this worker; SIGTERM sets ``stop``; an error is recorded before it ends us."""
    recorder = Recorder(folder / f"{name}-{os.getpid()}-{time.monotonic_ns()}.history")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    lease = timedelta(seconds=lease_s)
    try:
        with open_queue(name, lease=lease, retry=RETRY, max_crashes=MAX_CRASHES, **place) as queue:
            recorder.saw(Kind.OPENED, app=consumes)
            rng = random.Random(seed)
            yield Stage(queue, recorder, rng, stop)
            recorder.saw(Kind.CLOSED)
    except BaseException as error:
        recorder.saw(Kind.ERROR, app=consumes, note=type(error).__name__)
        raise


def identity(delivery: Delivery) -> dict[str, Any]:
    """The fields of a sighting that name a delivery."""
    return {
        "message_id": delivery.message.id,
        "app": delivery.app,
        "key": delivery.message.partitionkey,
        "row_id": delivery.row_id,
        "attempt": delivery.attempt,
        "note": delivery.lease_token,
    }


def data_for(message_id: str) -> dict[str, Any]:
    """The data of a message follows from its id, so that a send whose outcome is unclear can be repeated."""
    number = uuid.UUID(message_id).int
    return {
        "number": number % 1_000_003,
        "text": "ü" * (number % 97),
        "large": "x" * (9000 if number % 50 == 0 else 0),
    }


def fingerprint(data: object, key: str | None) -> str:
    """A short sum over what must come out as it went in."""
    content = json.dumps([data, key or ""], sort_keys=True).encode()
    return f"{zlib.crc32(content):08x}"
