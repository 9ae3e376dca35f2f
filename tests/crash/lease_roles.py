"""Workers for the scenes about leases: stopped, blocked, drained, forked, poisoned."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Unpack

from crossdock import LeaseLost
from tests.crash.consumers import EFFECT, PATIENCE
from tests.crash.history import Kind
from tests.crash.stage import Options, fingerprint, identity, on_stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from crossdock import Delivery
    from tests.crash.stage import Stage


def send(
    folder: Path,
    *,
    app: str,
    messages: list[dict[str, Any]],
    key: str | None = None,
    **options: Unpack[Options],
) -> None:
    """Role: send these, one by one."""
    with on_stage(folder, name="sender", **options) as stage:
        for data in messages:
            _send(stage, app, data, key)


def _send(stage: Stage, app: str, data: dict[str, Any], key: str | None = None) -> None:
    from crossdock.domain.ids import new_message_id

    message_id = new_message_id()
    stage.recorder.saw(Kind.SEND_BEGUN, message_id=message_id, app=app, key=key, note=fingerprint(data, key))
    sent = stage.queue.send(app, data, message_id=message_id, partition_key=key)
    stage.recorder.saw(Kind.SENT, message_id=message_id, app=app, key=key, row_id=sent.row_id)


# --- P4: a worker whose lease lapsed ------------------------------------------------------------------------

TRY: dict[str, Callable[[Stage, Delivery], object]] = {
    "ack": lambda _, delivery: delivery.ack({"by": "a stale worker"}),
    "nack": lambda _, delivery: delivery.nack("by a stale worker"),
    "fail": lambda _, delivery: delivery.fail("by a stale worker"),
    "extend": lambda _, delivery: delivery.extend(timedelta(minutes=5)),
    "hand_back": lambda _, delivery: delivery.hand_back(),
    "ack_many": lambda stage, delivery: stage.queue.ack_many([delivery], {"by": "a stale worker"}),
    "transaction": lambda _, delivery: _enter(delivery),
}


def _enter(delivery: Delivery) -> None:
    with delivery.transaction() as connection:
        connection.execute(EFFECT.insert().values(message_id=delivery.message.id))


def hold_then_settle(
    folder: Path, *, app: str, count: int, signal_file: str, **options: Unpack[Options]
) -> None:
    """Role: claim, be stopped and continued, then try on each message the verb that its data names."""
    with on_stage(folder, name="stale", consumes=app, **options) as stage:
        deliveries = _claim_all(stage, app, count)
        for delivery in deliveries:
            stage.started(delivery)
        while not (folder / signal_file).exists():
            time.sleep(0.01)
        for delivery in deliveries:
            verb = delivery.message.data["verb"]
            stage.ended(delivery)
            try:
                TRY[verb](stage, delivery)
            except LeaseLost as error:
                named = verb if delivery.message.id in error.message_ids else "the error names no message"
                stage.recorder.saw(Kind.LEASE_LOST, **{**identity(delivery), "note": named})
            else:
                stage.recorder.saw(Kind.ERROR, **{**identity(delivery), "note": f"{verb} was accepted"})
        stage.stop.wait()


def take_over(folder: Path, *, app: str, count: int, **options: Unpack[Options]) -> None:
    """Role: claim what lapsed, then complete it, hold it, or give it back, as its data says."""
    with on_stage(folder, name="successor", consumes=app, **options) as stage:
        deliveries = _claim_all(stage, app, count, lease=timedelta(minutes=5))
        for delivery in deliveries:
            stage.started(delivery)
            match delivery.message.data["state"]:
                case "completed":
                    stage.ended(delivery)
                    with stage.settling(delivery, Kind.ACKED):
                        delivery.ack({"by": "the successor"})
                case "pending":
                    stage.ended(delivery)
                    with stage.settling(delivery, Kind.HANDED_BACK):
                        delivery.hand_back()
        stage.stop.wait()


def _claim_all(stage: Stage, app: str, count: int, lease: timedelta | None = None) -> list[Delivery]:
    deliveries: list[Delivery] = []
    while len(deliveries) < count and not stage.stop.is_set():
        deliveries += stage.queue.claim(app, limit=count, lease=lease, wait=PATIENCE)
    return deliveries


# --- P6: a handler that blocks everything -------------------------------------------------------------------


def _sleep_in_c(seconds: float) -> None:
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))  # PyDLL, unlike CDLL, keeps the GIL


def _compute_in_c(seconds: float) -> None:
    trial = 2_000_000
    begun = time.perf_counter()
    sum(range(trial))
    sum(
        range(int(trial * seconds / (time.perf_counter() - begun)))
    )  # one call, which never lets go of the GIL


BLOCKERS = {"sleep in C": _sleep_in_c, "compute in C": _compute_in_c, "sleep in Python": time.sleep}


def block(
    folder: Path, *, app: str, blocker: str, seconds: float, name: str = "blocker", **options: Unpack[Options]
) -> None:
    """Role: consume; each handler blocks for so long."""
    with on_stage(folder, name=name, consumes=app, **options) as stage:
        for delivery in stage.queue.consume(app, stop=stage.stop):
            stage.started(delivery)
            BLOCKERS[blocker](seconds)
            stage.ended(delivery)


def work(
    folder: Path,
    *,
    app: str,
    name: str = "worker",
    handler_s: float = 0.0,
    batch: int = 100,
    **options: Unpack[Options],
) -> None:
    """Role: consume plainly, until told to stop."""
    with on_stage(folder, name=name, consumes=app, **options) as stage:
        for delivery in stage.queue.consume(app, batch=batch, stop=stage.stop):
            stage.started(delivery)
            time.sleep(handler_s)
            stage.ended(delivery)


# --- poison -------------------------------------------------------------------------------------------------


def work_among_poison(folder: Path, *, app: str, **options: Unpack[Options]) -> None:
    """Role: consume; a message with ``poison`` in its data kills the process."""
    with on_stage(folder, name="victim", consumes=app, **options) as stage:
        for delivery in stage.queue.consume(app, batch=100, stop=stage.stop):
            stage.started(delivery)
            if delivery.message.data.get("poison"):
                stage.recorder.saw(Kind.KILLED)
                os.kill(os.getpid(), signal.SIGKILL)
            stage.ended(delivery)


# --- fork ---------------------------------------------------------------------------------------------------


def fork_while_open(folder: Path, *, app: str, child: str, **options: Unpack[Options]) -> None:
    """Role: open the store, take a message, fork a child that sleeps or works, and wait to be killed."""
    with on_stage(folder, name="parent", consumes=app, **options) as stage:
        (delivery,) = _claim_all(stage, app, 1)
        stage.started(delivery)
        if os.fork() == 0:
            status = 1
            try:
                CHILDREN[child](stage)
                status = 0
            finally:
                os._exit(status)
        for more in stage.queue.consume("afterwards", stop=stage.stop):  # the parent's own handle still works
            stage.started(more)
            stage.ended(more)


def _sleep_on(stage: Stage) -> None:
    stage.recorder.saw(Kind.OPENED, note="idle child")
    time.sleep(60)


def _use_the_queue(stage: Stage) -> None:
    stage.recorder.saw(Kind.OPENED, note="busy child")
    _send(stage, "from-child", {"sent by": "the child"})
    for delivery in stage.queue.consume("from-child"):
        stage.started(delivery)
        stage.ended(delivery)


def _inherit(stage: Stage) -> None:
    stage.recorder.saw(Kind.OPENED, app="bulk", note="heir child")
    for delivery in stage.queue.consume("bulk"):
        stage.started(delivery)
        stage.ended(delivery)


CHILDREN = {"idle": _sleep_on, "busy": _use_the_queue, "heir": _inherit}
