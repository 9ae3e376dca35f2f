"""Locks and lock files: whose turn it is to write, and who lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock import Queue, StoreUnavailable
from crossdock.store import file_locks
from crossdock.store.file_locks import LockFile, WriteLock
from crossdock.store.liveness import Presence, live_owners
from crossdock.store.waking import Waker

SOON = timedelta(milliseconds=200)


@pytest.fixture
def locks(tmp_path: Path) -> Iterator[tuple[WriteLock, WriteLock]]:
    pair = WriteLock(tmp_path / "write.lock", SOON), WriteLock(tmp_path / "write.lock", SOON)
    yield pair
    for lock in pair:
        lock.close()


def test_the_turn_to_write_belongs_to_one(locks: tuple[WriteLock, WriteLock]) -> None:
    mine, theirs = locks
    mine.acquire()
    with pytest.raises(StoreUnavailable, match=r"waited 0\.2 s"):
        theirs.acquire()
    mine.release()
    theirs.acquire()
    theirs.release()


def test_one_who_gave_up_keeps_nobody_waiting(locks: tuple[WriteLock, WriteLock]) -> None:
    mine, theirs = locks
    for _ in range(3):
        mine.acquire()
        with pytest.raises(StoreUnavailable):
            theirs.acquire()
        mine.release()
        mine.acquire()
        mine.release()
    theirs.acquire()
    theirs.release()


def test_a_line_closed_at_the_moment_its_thread_is_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread then lets go of the file; an exception in it fails the test (warnings are errors)."""
    mine, theirs = (WriteLock(tmp_path / "write.lock", SOON) for _ in range(2))
    mine.acquire()
    first = LockFile(tmp_path / "write.line")
    assert first.try_lock()
    with pytest.raises(StoreUnavailable):
        theirs.acquire()
    closing = threading.Thread(target=theirs.close)
    unlock = LockFile.unlock

    def close_meanwhile(file: LockFile) -> None:
        if threading.current_thread().name == "crossdock-write-line":
            closing.start()
            closing.join(0.2)
        unlock(file)

    monkeypatch.setattr(LockFile, "unlock", close_meanwhile)
    first.close()
    for thread in threading.enumerate():
        if thread.name == "crossdock-write-line":
            thread.join(5)
    closing.join(5)
    monkeypatch.undo()
    mine.release()
    mine.close()


def test_the_turn_is_passed_on_when_it_is_released(locks: tuple[WriteLock, WriteLock]) -> None:
    mine, theirs = locks
    mine.acquire()
    threading.Timer(0.02, mine.release).start()
    theirs.acquire()
    theirs.release()


def test_who_writes_again_and_again_starves_nobody(locks: tuple[WriteLock, WriteLock]) -> None:
    greedy, patient = locks
    done = threading.Event()

    def write_on() -> None:
        while not done.is_set():
            greedy.acquire()
            time.sleep(0.0005)
            greedy.release()

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for _ in range(20):  # each within the timeout of 0.2 s, or acquire raises
            patient.acquire()
            patient.release()
    finally:
        done.set()
        writer.join()


def test_the_turn_is_not_taken_between_two_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    busy, patient = (WriteLock(tmp_path / "write.lock", timedelta(seconds=60)) for _ in range(2))

    def write_once() -> None:
        patient.acquire()
        order.append("patient")
        patient.release()

    for limit in ("_SLICE_NS", "_IDLE_NS"):
        monkeypatch.setattr(file_locks, limit, 60_000_000_000)
    busy.acquire()
    writer = threading.Thread(target=write_once)
    writer.start()
    while not any(busy._stamps[:8]):  # until it is first in line
        time.sleep(0.001)
    for _ in range(3):
        busy.release()
        time.sleep(0.005)  # free for many times as long as the first in line sleeps between two looks
        busy.acquire()
        order.append("busy")
    busy.release()
    monkeypatch.undo()
    writer.join()
    assert order == ["busy", "busy", "busy", "patient"]
    for lock in (busy, patient):
        lock.close()


def test_nobody_overtakes_those_who_wait_long(tmp_path: Path) -> None:
    """A commit may take a second: on a slow disk, or without a log while others read."""
    order: list[str] = []
    holder, first, second, third = (
        WriteLock(tmp_path / "write.lock", timedelta(seconds=60)) for _ in range(4)
    )

    def write(name: str, lock: WriteLock) -> None:
        lock.acquire()
        order.append(name)
        time.sleep(0.4)  # longer than one who is stopped counts as there
        lock.release()

    holder.acquire()
    writers = [threading.Thread(target=write, args=pair) for pair in (("first", first), ("second", second))]
    for writer in writers:
        writer.start()
        time.sleep(0.4)
    threading.Timer(0.05, holder.release).start()
    write("third", third)
    for writer in writers:
        writer.join()
    assert order == ["first", "second", "third"]
    for lock in (holder, first, second, third):
        lock.close()


def test_room_is_left_for_programs_that_know_nothing_of_the_turn(
    locks: tuple[WriteLock, WriteLock],
) -> None:
    mine, theirs = locks
    mine.leaves_room = True
    mine.acquire()
    time.sleep(0.08)  # so long SQLite's lock was held
    threading.Thread(target=mine.release).start()
    began = time.monotonic()
    theirs.acquire()
    assert time.monotonic() - began > 0.015
    theirs.release()


_STAND_IN_LINE = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from crossdock.store.file_locks import LockFile, WriteLock
lock = WriteLock(Path(sys.argv[1]), timedelta(seconds=60))
poll = lock._poll
def stop_first(deadline, **options):
    print("first in line", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
    poll(deadline, **options)
lock._poll = stop_first
lock.acquire()
"""


@pytest.mark.parametrize("fate", [None, signal.SIGKILL], ids=["stopped", "killed"])
def test_the_first_in_line_keeps_nobody_waiting(tmp_path: Path, fate: signal.Signals | None) -> None:
    path = tmp_path / "write.lock"
    mine, theirs = (WriteLock(path, timedelta(seconds=5)) for _ in range(2))
    mine.acquire()
    first = subprocess.Popen([sys.executable, "-c", _STAND_IN_LINE, path], stdout=subprocess.PIPE, text=True)
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "first in line\n"
        if fate is not None:
            first.send_signal(fate)
        threading.Timer(0.05, mine.release).start()
        began = time.monotonic()
        theirs.acquire()
        assert time.monotonic() - began < 2
        theirs.release()
    finally:
        first.kill()
        first.communicate()
        mine.close()
        theirs.close()


PARENT = """
import os, sys, time
from datetime import timedelta
from pathlib import Path
from crossdock.store.file_locks import WriteLock
lock = WriteLock(Path(sys.argv[1]), timedelta(seconds=5))
lock.acquire()
child = os.fork()
if child == 0:
    time.sleep(60)
    os._exit(0)
print(child, flush=True)
time.sleep(60)
"""


def test_child_of_a_parent_killed_in_its_turn_does_not_keep_the_turn(tmp_path: Path) -> None:
    path = tmp_path / "write.lock"
    program = [sys.executable, "-c", PARENT, str(path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            parent.kill()
            parent.wait()
            lock = WriteLock(path, timedelta(seconds=5))
            lock.acquire()
            lock.release()
            lock.close()
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_consumer_that_is_about_to_look_is_not_woken_and_no_other_is(tmp_path: Path) -> None:
    waker = Waker(tmp_path / "wake", "boot")
    soon, asleep = waker.listen("validator"), waker.listen("validator")
    asleep.listen()
    soon.announce(0.05)
    waker.wake(["validator"])
    assert not asleep.wait(0)
    soon.rest()
    waker.wake(["validator"])
    assert asleep.wait(0)
    for ear in (soon, asleep):
        ear.close()
    waker.close()


def test_one_who_said_it_would_look_and_was_killed_is_forgotten(tmp_path: Path) -> None:
    waker = Waker(tmp_path / "wake", "boot")
    gone, asleep = waker.listen("validator"), waker.listen("validator")
    asleep.listen()
    gone.announce(0.01)
    time.sleep(0.1)
    waker.wake(["validator"])
    assert asleep.wait(0)
    for ear in (gone, asleep):
        ear.close()
    waker.close()


def test_a_store_and_its_folder_are_their_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with Queue(f"sqlite:///{tmp_path}/work.db") as queue:
            queue.send("validator", 1)
            files = [tmp_path / "work.db", tmp_path / "work.db-wal", tmp_path / "work.db-shm"]
            inside = list((tmp_path / "work.db.d").glob("*.lock"))
            assert {path.stat().st_mode & 0o777 for path in (*files, *inside)} == {0o600}
            assert (tmp_path / "work.db.d").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(old)


def test_a_process_is_seen_alive_and_then_gone(tmp_path: Path) -> None:
    here, there = Presence(tmp_path, "here"), Presence(tmp_path, "there")
    assert here.condition(there.owner) == "running"
    assert sorted(live_owners(tmp_path)) == sorted([here.owner, there.owner])
    assert list(here.dead_owners()) == []
    there.leave()
    assert here.condition(there.owner) == "gone"
    assert live_owners(tmp_path) == [here.owner]
    here.leave()
    assert list(tmp_path.glob("*.lock")) == []


_DIE = """
import os, sys
from pathlib import Path
from crossdock.store.liveness import Presence
print(Presence(Path(sys.argv[1]), "worker").owner, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_killed_process_is_found_dead_once_and_its_file_removed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DIE, str(tmp_path)], check=False, capture_output=True, text=True
    )
    here = Presence(tmp_path, "here")
    assert list(here.dead_owners()) == [done.stdout.strip()]
    assert list(here.dead_owners()) == []
    here.leave()


def test_a_stranger_is_neither_alive_nor_dead(tmp_path: Path) -> None:
    here = Presence(tmp_path, "here")
    assert here.condition("sql") == "unknown"
    here.leave()


def test_a_sleeper_is_woken_and_one_who_works_is_not(tmp_path: Path) -> None:
    waker = Waker(tmp_path / "wake", "boot")
    asleep, busy = waker.listen("validator"), waker.listen("validator")
    asleep.listen()
    busy.listen()
    busy.rest()
    waker.wake({"validator"})
    assert asleep.wait(0)
    assert not busy.wait(0)
    for ear in (asleep, busy):
        ear.close()
    waker.close()


def test_nobody_is_woken_for_another_app(tmp_path: Path) -> None:
    waker = Waker(tmp_path / "wake", "boot")
    ear = waker.listen("validator")
    ear.listen()
    waker.wake({"warehouse"})
    assert not ear.wait(0)
    ear.close()
    waker.close()


def test_a_socket_whose_process_died_is_removed_and_the_next_sleeper_woken(tmp_path: Path) -> None:
    waker = Waker(tmp_path / "wake", "boot")
    dead, alive = waker.listen("validator"), waker.listen("validator")
    dead.listen()
    dead._socket.close()
    waker.wake({"validator"})
    assert len(list((tmp_path / "wake").iterdir())) == 1
    alive.listen()
    waker.wake({"validator"})
    assert alive.wait(0)
    alive.close()
    waker.close()


def test_a_store_deep_in_the_tree_can_be_waited_on(tmp_path: Path) -> None:
    """The address of a socket may have 107 bytes, the path of a store many more."""
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 8)
    deep.mkdir(parents=True)
    with Queue(f"sqlite:///{deep}/work.db") as queue:
        threading.Timer(0.05, queue.send, ("validator", 1)).start()
        (delivery,) = queue.claim("validator", wait=timedelta(seconds=10))
        delivery.ack()
