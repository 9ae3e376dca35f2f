"""Workers that receive, in every way there is, and settle in every way there is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Unpack

import sqlalchemy as sa

from crossdock import LeaseLost, PermanentError
from tests.crash.history import Kind
from tests.crash.stage import Options, identity, on_stage

if TYPE_CHECKING:
    from pathlib import Path

    from crossdock import Delivery
    from tests.crash.stage import Stage

EFFECT = sa.table("test_effect", sa.column("message_id"))
PATIENCE = timedelta(milliseconds=200)
"""How long one wait lasts before the worker looks whether it should stop."""


class HandlerGaveUp(Exception):
    """What a handler raises to leave a loop in the middle of a delivery."""


def consume(folder: Path, *, app: str, **options: Unpack[Options]) -> None:
    """Role: ``consume``, with batched automatic settling, and now and then a verb of one's own."""
    with on_stage(folder, consumes=app, **options) as stage:
        while not stage.stop.is_set():
            try:
                _consume_until_trouble(stage, app)
            except HandlerGaveUp:
                continue


def _consume_until_trouble(stage: Stage, app: str) -> None:
    batch = stage.rng.choice([1, 10, 100])
    for delivery in stage.queue.consume(app, batch=batch, stop=stage.stop):
        stage.started(delivery)
        _work(stage)
        stage.ended(delivery)
        draw = stage.rng.random()
        if draw < 0.02:
            raise HandlerGaveUp  # leaving the loop nacks the delivery
        if draw < 0.15:
            _settle(stage, delivery)


def consume_one(folder: Path, *, app: str, **options: Unpack[Options]) -> None:
    """Role: ``consume_one``, where the handler at times raises."""
    with on_stage(folder, consumes=app, **options) as stage:
        while not stage.stop.is_set():
            try:
                _one(stage, app)
            except (HandlerGaveUp, PermanentError):
                continue


def _one(stage: Stage, app: str) -> None:
    delivery: Delivery | None
    with stage.queue.consume_one(app, wait=PATIENCE) as delivery:
        if delivery is None:
            return
        stage.started(delivery)
        _work(stage)
        stage.ended(delivery)
        draw = stage.rng.random()
        if draw < 0.08:
            raise HandlerGaveUp
        if draw < 0.1:
            stage.recorder.saw(Kind.FAIL_BEGUN, **identity(delivery))
            raise PermanentError("the handler says that it will never work")
    stage.recorder.saw(Kind.ACKED, **identity(delivery))


def claim(folder: Path, *, app: str, **options: Unpack[Options]) -> None:
    """Role: ``claim`` a few, settle each or all at once."""
    with on_stage(folder, consumes=app, **options) as stage:
        while not stage.stop.is_set():
            deliveries = stage.queue.claim(app, limit=stage.rng.randrange(1, 12), wait=PATIENCE)
            if stage.rng.random() < 0.5:
                _settle_together(stage, deliveries)
            else:
                _settle_each(stage, deliveries)


def _settle_each(stage: Stage, deliveries: list[Delivery]) -> None:
    released: set[str] = set()
    for delivery in deliveries:
        key = delivery.message.partitionkey
        if key in released:  # an earlier one of its key went back, so this one must wait its turn
            with stage.settling(delivery, Kind.HANDED_BACK):
                delivery.hand_back()
            continue
        stage.started(delivery)
        _work(stage)
        stage.ended(delivery)
        if not _settle(stage, delivery) and key is not None:
            released.add(key)


def _settle_together(stage: Stage, deliveries: list[Delivery]) -> None:
    for delivery in deliveries:
        stage.started(delivery)
        _work(stage)
        stage.ended(delivery)
    lost: tuple[str, ...] = ()
    try:
        stage.queue.ack_many(deliveries)
    except LeaseLost as error:
        lost = error.message_ids
    for delivery in deliveries:
        kind = Kind.LEASE_LOST if delivery.message.id in lost else Kind.ACKED
        stage.recorder.saw(kind, **identity(delivery))


def keep_ledger(folder: Path, *, app: str, **options: Unpack[Options]) -> None:
    """Role: write a row of one's own in the transaction of the delivery."""
    with on_stage(folder, consumes=app, **options) as stage:
        while not stage.stop.is_set():
            for delivery in stage.queue.claim(app, limit=3, wait=PATIENCE):
                _enter(stage, delivery)


def _enter(stage: Stage, delivery: Delivery) -> None:
    stage.started(delivery)
    _work(stage)
    stage.ended(delivery)
    try:
        with stage.settling(delivery, Kind.EFFECT), delivery.transaction() as connection:
            connection.execute(EFFECT.insert().values(message_id=delivery.message.id))
            _give_up_at_times(stage)
    except HandlerGaveUp:
        with stage.settling(delivery, Kind.NACKED):
            delivery.nack("the handler gave up inside its transaction", retry_in=timedelta(0))


def _give_up_at_times(stage: Stage) -> None:
    if stage.rng.random() < 0.1:
        raise HandlerGaveUp


def _work(stage: Stage) -> None:
    """Stands for what a handler does: some milliseconds, at times many; a kill should often hit one."""
    stage.stop.wait(stage.rng.random() * (0.3 if stage.rng.random() < 0.05 else 0.04))


def _settle(stage: Stage, delivery: Delivery) -> bool:
    """Settle in one of the ways there are; False: it will run again."""
    draw = stage.rng.random()
    if draw < 0.8:
        with stage.settling(delivery, Kind.ACKED):
            delivery.ack({"ok": True})
        return True
    if draw < 0.84:
        stage.recorder.saw(Kind.FAIL_BEGUN, **identity(delivery))
        with stage.settling(delivery, Kind.FAILED):
            delivery.fail("the handler says that it will never work")
        return True
    if draw < 0.94:
        retry_in = stage.rng.choice([None, timedelta(0), timedelta(milliseconds=30)])
        with stage.settling(delivery, Kind.NACKED):
            delivery.nack("not now", retry_in=retry_in)
        return False
    with stage.settling(delivery, Kind.HANDED_BACK):
        delivery.hand_back()
    return False
