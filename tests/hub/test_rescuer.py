"""The rescuer: whose messages it takes back, and whose it leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock import LeaseLost, Queue, RetryPolicy
from crossdock.testing import FakeClock
from tests.contract.case import claim_one, events

LEASE = timedelta(seconds=30)
TICK = timedelta(microseconds=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class Pair:
    """Two processes of one store, as far as the store can tell; their background work is done when a test says so."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.url = f"sqlite:///{folder}/work.db"
        self._clock = clock
        self.ours, self.theirs = self.open("ours"), self.open("theirs")

    def open(self, app: str) -> Queue:
        queue = Queue(self.url, app=app, lease=LEASE, clock=self._clock, retry=RetryPolicy(max_attempts=2))
        queue._housekeeper.stop()
        return queue

    def die(self, queue: Queue) -> None:
        """Let go of the lock file as the kernel does for a process that ends: the file stays, the lock goes."""
        presence = queue._store.open_store.presence
        assert presence is not None
        presence._file.close()

    def rescue(self) -> None:
        self.ours._housekeeper.run_once()

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def pair(tmp_path: Path, clock: FakeClock) -> Iterator[Pair]:
    opened = Pair(tmp_path, clock)
    yield opened
    opened.close()


def test_messages_of_the_dead_are_ready_at_once(pair: Pair) -> None:
    pair.ours.send("app", 1)
    held = claim_one(pair.theirs)
    pair.rescue()
    assert pair.ours.claim("app") == []
    pair.die(pair.theirs)
    pair.rescue()
    again = claim_one(pair.ours)
    assert (again.message.id, again.attempt, again.crashes) == (held.message.id, 1, 1)
    assert events(pair.ours, held.message.id) == ["sent", "claimed", "crashed", "claimed"]
    with pytest.raises(LeaseLost):
        held.ack()


def test_who_held_it_is_told_and_not_who_took_it_back(pair: Pair) -> None:
    sent = pair.ours.send("app", 1)
    claim_one(pair.theirs)
    pair.die(pair.theirs)
    pair.rescue()
    crashed = pair.ours.timeline(sent.id)[-1]
    assert (crashed.event, (crashed.who or "").partition("/")[0]) == ("message.crashed", "theirs")


def test_more_than_one_step_is_taken_back(pair: Pair) -> None:
    pair.ours.send_many("app", range(1200))
    assert len(pair.theirs.claim("app", limit=1200)) == 1200
    pair.die(pair.theirs)
    pair.rescue()
    stats = pair.ours.stats("app")["app"]
    assert (stats.ready, stats.processing) == (1200, 0)


def test_messages_of_one_without_a_lock_file_are_taken_back(pair: Pair) -> None:
    """The folder was cleared by hand, or the store came from a backup."""
    pair.ours.send("app", 1)
    claim_one(pair.theirs)
    presence = pair.theirs._store.open_store.presence
    assert presence is not None
    presence._path.unlink()
    pair.rescue()
    assert claim_one(pair.ours).crashes == 1


def test_two_rescuers_take_a_message_back_once(pair: Pair) -> None:
    third = pair.open("third")
    pair.ours.send("app", 1)
    claim_one(pair.theirs)
    pair.die(pair.theirs)
    for queue in (pair.ours, third, pair.ours):
        queue._housekeeper.run_once()
    assert pair.ours.list("app")[0].crashes == 1
    third.close()


def test_kept_lease_of_one_who_lives_is_renewed(pair: Pair, clock: FakeClock) -> None:
    pair.ours.send("app", 1)
    for delivery in pair.theirs.consume("app", wait=timedelta(0)):
        for _ in range(3):
            clock.advance(LEASE + TICK)
            pair.rescue()
            assert pair.ours.get(delivery.message.id).lease_until == clock.now() + LEASE
        assert events(pair.ours, delivery.message.id) == ["sent", "claimed"]
    assert pair.ours.stats("app")["app"].completed == 1


def test_claimed_lease_of_one_who_lives_runs_out(pair: Pair, clock: FakeClock) -> None:
    pair.ours.send("app", 1)
    claim_one(pair.theirs)
    clock.advance(LEASE + TICK)
    pair.rescue()
    assert claim_one(pair.ours).attempt == 2


def test_lapse_of_the_last_attempt_makes_a_dead_letter(pair: Pair, clock: FakeClock) -> None:
    sent = pair.ours.send("app", 1)
    for _ in range(2):
        claim_one(pair.theirs)
        clock.advance(LEASE + TICK)
        pair.rescue()
    record = pair.ours.get(sent.id)
    assert record.error is not None
    assert (record.status, record.error.code, record.attempts) == ("failed", "ATTEMPTS_EXHAUSTED", 2)
    assert "theirs" in record.error.message


def test_lease_of_another_program_runs_out(pair: Pair, clock: FakeClock) -> None:
    sent = pair.ours.send("app", 1)
    until = (clock.now() + LEASE).strftime("%Y-%m-%d %H:%M:%S.%f")
    statement = "UPDATE data_staging SET status = 'processing', lease_owner = 'their-script', lease_until = ?"
    pair.ours._store.open_store.exclusive(lambda database: database.execute(statement, (until,)).fetchall())
    pair.rescue()
    assert pair.ours.get(sent.id).lease_owner == "their-script"
    clock.advance(LEASE + TICK)
    pair.rescue()
    assert pair.ours.get(sent.id).status == "pending"
    assert events(pair.ours, sent.id) == ["sent", "claimed", "lapsed"]


def test_clock_that_jumps_back_takes_nothing_away(pair: Pair, clock: FakeClock) -> None:
    pair.ours.send("app", 1)
    delivery = claim_one(pair.theirs)
    clock.set(clock.now() - timedelta(days=1))
    pair.rescue()
    delivery.ack()


def test_own_messages_are_not_taken_back(pair: Pair) -> None:
    pair.ours.send("app", 1)
    delivery = claim_one(pair.ours)
    pair.rescue()
    delivery.ack()


def test_lock_file_of_the_dead_is_removed_once_nothing_is_held(pair: Pair, tmp_path: Path) -> None:
    pair.ours.send("app", 1)
    claim_one(pair.theirs)
    pair.die(pair.theirs)
    before = len(list((tmp_path / "work.db.d").glob("*.lock")))
    pair.rescue()
    assert len(list((tmp_path / "work.db.d").glob("*.lock"))) == before - 1
