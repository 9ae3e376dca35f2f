"""Drives two queue objects on one store and the model side by side, and compares them after each step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crossdock import IllegalMove, LeaseLost, PermanentError, Queue, RateLimited, RetryPolicy
from crossdock.testing import FakeClock
from tests.queue.model import BACKOFF_MAX, BACKOFF_MIN, MAX_ATTEMPTS, MAX_CRASHES, Model, Row
from tests.queue.stores import CLAIM_CHECK_BYTES, InFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock import Delivery, Record
    from tests.queue.stores import OnServer

POLICY = RetryPolicy(
    max_attempts=MAX_ATTEMPTS, backoff_min=BACKOFF_MIN, backoff_max=BACKOFF_MAX, jitter=False
)
LEASE = timedelta(seconds=20)
OPTIONS: Any = {"lease": LEASE, "retry": POLICY, "max_crashes": MAX_CRASHES}

apps = st.sampled_from(["a", "a", "a", "b"])
keys = st.sampled_from([None, "k", "k", "l"])
priorities = st.sampled_from([0, 4, 4, 4, 9])
new_data = st.sampled_from([{}, {"data": 0}, {"data": "large " * CLAIM_CHECK_BYTES}])
seconds = st.sampled_from([0, 1, 10, 15, 21]).map(lambda s: timedelta(seconds=s))
some_delay = st.sampled_from([None, None, None, 5, 30]).map(
    lambda s: None if s is None else timedelta(seconds=s)
)
sides = st.integers(0, 1)


@dataclass
class Held:
    """A delivery that a test holds, perhaps for longer than it may."""

    delivery: Delivery
    row: Row

    @property
    def is_ours(self) -> bool:
        """Whether the model says that its lease still holds."""
        return self.row.token == self.delivery.lease_token


class QueueMachine(RuleBasedStateMachine):
    """Two queue objects on one store, as two processes would have; their background work is done by the rules."""

    def __init__(self) -> None:
        super().__init__()
        self.store = self.new_store()
        self.clock = FakeClock()
        self.model = Model(self.clock.now)
        self.held: list[Held] = []
        self.sent = 0

    def new_store(self) -> InFile | OnServer:
        return InFile()

    def open(self) -> Queue:
        opened = Queue(self.store.url, clock=self.clock, settings=self.store.settings, **OPTIONS)
        opened._housekeeper.stop()
        opened._housekeeper.run_once()  # it may have looked once already, or not: now it has
        return opened

    @initialize()
    def open_both(self) -> None:
        self.queues = [self.open(), self.open()]

    def teardown(self) -> None:
        for row in self.model.rows:
            if not row.hidden:
                told = self.queues[0].timeline(row.message_id, app=row.app)
                assert [entry.event for entry in told] == [f"message.{event}" for event in row.events]
                assert self.queues[0].get(row.message_id, app=row.app).message.data == row.data
        for queue in getattr(self, "queues", ()):
            queue.close()
        self.store.remove()

    # --- send ---------------------------------------------------------------------------------------------------

    @rule(
        side=sides,
        app=apps,
        key=keys,
        priority=priorities,
        delay=some_delay,
        expires=some_delay,
        once=st.booleans(),
    )
    def send(self, side: int, app: str, key: str | None, priority: int, **options: Any) -> None:
        now = self.clock.now()
        expires_at = None if options["expires"] is None else now + options["expires"]
        retry = replace(POLICY, max_attempts=1) if options["once"] and side else None
        content = str(self.sent) * (1 + self.sent % 2 * CLAIM_CHECK_BYTES)
        sent = self.queues[side].send(
            app, content, partition_key=key, priority=priority, delay=options["delay"], expires_at=expires_at,
            retry=retry, message_id=f"m-{self.sent}",
        )  # fmt: skip
        assert not sent.duplicate
        row = Row(sent.row_id, app, sent.id, key, priority, expires_at=expires_at, data=content)
        row.available_at = None if options["delay"] is None else now + options["delay"]
        row.max_attempts = MAX_ATTEMPTS if retry is None else 1
        self.add(row)

    @rule(side=sides, app=apps, key=keys, count=st.integers(0, 5))
    def send_many(self, side: int, app: str, key: str | None, count: int) -> None:
        items = [number if number % 3 else b"large " * CLAIM_CHECK_BYTES for number in range(count)]
        for sent, item in zip(self.queues[side].send_many(app, items, partition_key=key), items, strict=True):
            self.add(Row(sent.row_id, app, sent.id, key, data=item))

    @rule(app=apps, key=keys)
    def send_by_plain_sql(self, app: str, key: str | None) -> None:
        statement = (
            "INSERT INTO data_staging (source_app, target_app, data, partition_key) VALUES ('x', ?, '1', ?) "
            "RETURNING id, message_id"
        )
        ((row_id, message_id),) = self.store.sql(self.queues[0], statement, [app, key])
        self.add(Row(row_id, app, message_id, key, data=1))

    @precondition(lambda self: self.model.rows)
    @rule(side=sides, data=st.data())
    def send_again(self, side: int, data: st.DataObject) -> None:
        row = data.draw(
            st.sampled_from([row for row in self.model.rows if row.message_id.startswith("m-")] or [None])
        )
        if row is not None:
            sent = self.queues[side].send(row.app, "again", message_id=row.message_id)
            assert (sent.duplicate, sent.row_id) == (True, row.number)

    def add(self, row: Row) -> None:
        assert all(row.number > other.number for other in self.model.rows)
        self.model.rows.append(row)
        self.sent += 1

    # --- work ---------------------------------------------------------------------------------------------------

    @rule(
        side=sides,
        app=apps,
        limit=st.sampled_from([1, 2, 10]),
        lease=st.sampled_from([LEASE, LEASE / 4, LEASE * 3]),
    )
    def claim(self, side: int, app: str, limit: int, lease: timedelta) -> None:
        queue = self.queues[side]
        expected = self.model.claim(app, limit)
        found = queue.claim(app, limit=limit, lease=lease)
        assert [one.message.id for one in found] == [row.message_id for row in expected]
        for delivery, row in zip(found, expected, strict=True):
            self.model.lease(row, delivery.lease_token, queue._store.owner, self.clock.now() + lease)
            assert (delivery.attempt, delivery.crashes) == (row.attempts, row.crashes)
            self.held.append(Held(delivery, row))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), delay=some_delay)
    def settle(self, data: st.DataObject, delay: timedelta | None) -> None:
        held = data.draw(st.sampled_from(self.held))
        verb = data.draw(
            st.sampled_from(["ack", "ack", "nack", "limit", "permanent", "fail", "hand_back", "extend"])
        )
        row, model, delivery = held.row, self.model, held.delivery
        actions: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
            "ack": (delivery.ack, lambda: row.end("completed", "completed")),
            "nack": (
                lambda: delivery.nack("no", retry_in=delay),
                lambda: model.fail_delivery(row, "nacked", delay),
            ),
            "limit": (
                lambda: delivery.nack(RateLimited(retry_after=delay)),
                lambda: model.fail_delivery(row, "nacked", delay, spends=False),
            ),
            "permanent": (
                lambda: delivery.nack(PermanentError("no")),
                lambda: model.die(row, "PERMANENT", "failed"),
            ),
            "fail": (lambda: delivery.fail("no"), lambda: model.die(row, "PERMANENT", "failed")),
            "hand_back": (delivery.hand_back, lambda: model.hand_back(row)),
            "extend": (
                lambda: delivery.extend(LEASE * 2),
                lambda: setattr(row, "lease_until", self.clock.now() + LEASE * 2),
            ),
        }
        real, modelled = actions[verb]
        self.expect(held.is_ours, real, modelled)

    @precondition(lambda self: self.held)
    @rule(side=sides, data=st.data())
    def ack_many(self, side: int, data: st.DataObject) -> None:
        chosen = data.draw(
            st.lists(st.sampled_from(self.held), unique_by=lambda held: held.row.number, max_size=4)
        )
        lost = tuple(held.row.message_id for held in chosen if not held.is_ours)
        deliveries = [held.delivery for held in chosen]
        if lost:
            with pytest.raises(LeaseLost) as caught:
                self.queues[side].ack_many(deliveries)
            assert caught.value.message_ids == lost
        else:
            assert self.queues[side].ack_many(deliveries) == len(chosen)
        for held in chosen:
            if held.is_ours:
                held.row.end("completed", "completed")

    @rule(side=sides, app=apps)
    def drain(self, side: int, app: str) -> None:
        """Let a consumer complete all that it can get; the order within each key is that of sending."""
        seen = [delivery.message.id for delivery in self.queues[side].consume(app, wait=timedelta(0))]
        expected: list[Row] = []
        while rows := self.model.claim(app, 1):
            self.model.lease(rows[0], "drained", "drained", self.clock.now())
            rows[0].end("completed", "completed")
            expected += rows
        assert sorted(seen) == sorted(row.message_id for row in expected)
        numbers = {row.message_id: (row.key, row.number) for row in expected}
        for key in {key for key, _ in numbers.values() if key is not None}:
            of_key = [numbers[one][1] for one in seen if numbers[one][0] == key]
            assert of_key == sorted(of_key)

    # --- time and death -----------------------------------------------------------------------------------------

    @rule(by=seconds)
    def wait(self, by: timedelta) -> None:
        self.clock.advance(by)

    @rule(side=sides)
    def rescue(self, side: int) -> None:
        self.queues[side]._housekeeper.run_once()
        self.model.lapse()

    @rule(side=sides)
    def kill(self, side: int) -> None:
        """Let a process die: the other takes back what it held, and a new one takes its place."""
        victim, other = self.queues[side]._store.owner, self.queues[1 - side]._store
        other.write(lambda tx: tx.crash(victim, max_crashes=MAX_CRASHES, limit=500))
        self.model.crash(victim)
        self.queues[side].close()
        self.queues[side] = self.open()
        self.model.lapse()
        self.let_go(victim)

    @rule(side=sides)
    def restart(self, side: int) -> None:
        """Close one in good order: what it held goes back."""
        owner = self.queues[side]._store.owner
        self.queues[side].close()
        for row in self.model.rows:
            if row.owner == owner and row.status == "processing":
                self.model.hand_back(row)
        self.queues[side] = self.open()
        self.model.lapse()
        self.let_go(owner)

    def let_go(self, owner: str) -> None:
        """Forget the deliveries of a closed queue object: their verbs would say that it is closed."""
        self.held = [held for held in self.held if held.delivery._gateway.store._open.who != owner]

    # --- control ------------------------------------------------------------------------------------------------

    @precondition(lambda self: any(not row.hidden for row in self.model.rows))
    @rule(side=sides, data=st.data(), verb=st.sampled_from(["cancel", "replay", "replay", "edit", "delete"]))
    def control(self, side: int, data: st.DataObject, verb: str) -> None:
        row = data.draw(st.sampled_from([row for row in self.model.rows if not row.hidden]))
        queue, where = self.queues[side], {"app": row.app}
        legal = {
            "cancel": {"pending", "processing"}, "edit": {"pending", "failed"},
            "replay": {"completed", "failed"}, "delete": {"completed", "failed"},
        }  # fmt: skip
        options = {"priority": data.draw(priorities), **data.draw(new_data)} if verb == "edit" else {}
        self.expect(
            row.status in legal[verb],
            lambda: getattr(queue, verb)(row.message_id, **where, **options),
            lambda: self.apply(verb, row, **options),
            refusal=IllegalMove,
        )

    def apply(self, verb: str, row: Row, priority: int = 0, **changes: Any) -> None:
        match verb:
            case "cancel":
                self.model.cancel(row)
            case "replay":
                self.model.replay(row)
            case "edit":
                row.priority = priority
                row.data = changes.get("data", row.data)
                row.events.append("edited")
            case "delete":
                row.hidden, row.blocks_dead = True, False

    @rule(
        side=sides,
        app=apps,
        code=st.sampled_from([None, "CANCELLED", "PERMANENT"]),
        limit=st.sampled_from([None, 1]),
    )
    def replay_many(self, side: int, app: str, code: str | None, limit: int | None) -> None:
        chosen = [row for row in self.model.of(app, "failed") if not row.hidden and code in {None, row.code}][
            :limit
        ]
        assert self.queues[side].replay_many(app, code=code, limit=limit) == len(chosen)
        for row in chosen:
            self.model.replay(row)

    @rule(side=sides, app=apps)
    def cancel_many(self, side: int, app: str) -> None:
        chosen = self.model.of(app, "pending")
        assert self.queues[side].cancel_many(app) == len(chosen)
        for row in chosen:
            self.model.cancel(row)

    @rule(side=sides, app=apps, status=st.sampled_from(["completed", "failed"]))
    def purge(self, side: int, app: str, status: str) -> None:
        gone = self.model.of(app, status)
        assert self.queues[side].purge(app, status=status) == len(gone)
        self.model.remove(gone)

    @rule(side=sides, app=apps, paused=st.booleans())
    def pause_or_resume(self, side: int, app: str, paused: bool) -> None:  # noqa: FBT001 - drawn
        if paused:
            self.queues[side].pause(app)
            self.model.paused.add(app)
        else:
            self.queues[side].resume(app)
            self.model.paused.discard(app)

    @rule(side=sides, app=apps, on_dead=st.sampled_from(["release", "block"]))
    def set_on_dead(self, side: int, app: str, on_dead: Any) -> None:
        self.queues[side].set_on_dead(app, on_dead)
        if on_dead == "block":
            self.model.blocking.add(app)
        else:
            self.model.blocking.discard(app)
            self.model.free(app)

    # --- what always holds --------------------------------------------------------------------------------------

    @invariant()
    def rows_are_those_of_the_model(self) -> None:
        if not hasattr(self, "queues"):
            return
        found = {record.row_id: record for record in self.queues[0].list(limit=10_000)}
        expected = {row.number: row for row in self.model.rows if not row.hidden}
        assert found.keys() == expected.keys(), "a message is lost, or there is one too many"
        for number, record in found.items():
            self.compare(record, expected[number])

    def compare(self, record: Record, row: Row) -> None:
        seen = (record.status, record.attempts, record.crashes, record.message.priority)
        assert seen == (row.status, row.attempts, row.crashes, row.priority)
        if row.status != "completed":  # who completed it stays in the row
            assert record.lease_owner == row.owner
        assert record.lease_until == row.lease_until
        if row.status == "pending":
            assert record.available_at == row.available_at
            assert record.blocked == self.model.is_blocked(row)
        if row.status == "failed":
            assert record.error is not None
            assert record.error.code == row.code

    @invariant()
    def stats_are_those_of_the_model(self) -> None:
        if not hasattr(self, "queues"):
            return
        for app, stats in self.queues[1].stats().items():
            waiting = self.model.of(app, "pending")
            due = [row for row in waiting if self.model.is_due(row)]
            shown = [row for row in self.model.rows if row.app == app and not row.hidden]
            assert stats.ready == len(self.model.ready(app))
            assert stats.blocked == len(due) - stats.ready
            assert stats.scheduled == len(waiting) - len(due)
            for status in ("processing", "completed", "failed"):
                assert getattr(stats, status) == sum(row.status == status for row in shown)
            assert stats.paused == (app in self.model.paused)

    @invariant()
    def keys_are_worked_on_one_by_one(self) -> None:
        held = [(row.app, row.key) for row in self.model.rows if row.status == "processing" and row.key]
        assert len(held) == len(set(held))

    @staticmethod
    def expect(
        legal: bool,  # noqa: FBT001 - what the model says
        real: Callable[[], Any],
        modelled: Callable[[], Any],
        refusal: type[Exception] = LeaseLost,
    ) -> None:
        """Do something to both, or see that the real one refuses it and changes nothing."""
        if legal:
            real()
            modelled()
        else:
            with pytest.raises(refusal):
                real()
