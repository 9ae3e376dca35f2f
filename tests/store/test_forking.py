"""A fork while other threads use the store: SQLite's own locks must not be held in the child."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from crossdock import Queue
from crossdock.store.forking import uninterrupted_by_fork

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no fork there")

FORKS = 60
CHILD_MAY_TAKE_S = 30
PROGRAM = dedent("""
    import os, signal, sys, threading
    from crossdock import Queue

    url, forks, patience_s = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    queue = Queue(url)
    queue.send("app", {"by": "the parent"})
    stop = threading.Event()

    def read():
        while not stop.is_set():
            queue.list("app")

    def write():
        while not stop.is_set():
            queue.send("other", {"by": "a thread"})

    threads = [threading.Thread(target=each) for each in (read, read, write)]
    for thread in threads:
        thread.start()
    for _ in range(forks):
        child = os.fork()
        if child == 0:
            signal.alarm(patience_s)  # kills a child that hangs
            queue.send("app", {"by": "a child"})
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            break
    stop.set()
    for thread in threads:
        thread.join()
    print(status, sum(1 for _ in queue.list("app")))
""")


def test_child_of_a_busy_parent_uses_the_store(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'work.db'}"
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, url, str(FORKS), str(CHILD_MAY_TAKE_S)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (ran.stdout.split(), ran.stderr) == (["0", str(FORKS + 1)], "")


def test_fork_waits_for_those_inside_and_lets_none_in() -> None:
    inside, leave, came_in = threading.Event(), threading.Event(), threading.Event()

    def stay() -> None:
        with uninterrupted_by_fork:
            inside.set()
            leave.wait()
            with uninterrupted_by_fork:  # inside already: it must not wait for the fork that waits for it
                pass

    def come() -> None:
        with uninterrupted_by_fork:
            came_in.set()

    staying, coming = threading.Thread(target=stay), threading.Thread(target=come)
    staying.start()
    inside.wait()
    threading.Timer(0.2, leave.set).start()
    began = time.monotonic()
    uninterrupted_by_fork.stop_others()
    try:
        waited_s = time.monotonic() - began
        coming.start()
        got_in = came_in.wait(0.2)
    finally:
        uninterrupted_by_fork.let_in()
    staying.join()
    coming.join()
    assert leave.is_set()
    assert waited_s < 5
    assert not got_in
    assert came_in.is_set()


def test_who_forks_while_inside_does_not_wait_for_itself() -> None:
    began = time.monotonic()
    with uninterrupted_by_fork:
        uninterrupted_by_fork.stop_others()
        uninterrupted_by_fork.let_in()
    assert time.monotonic() - began < 2


def test_child_forked_from_inside_may_leave() -> None:
    with uninterrupted_by_fork:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                uninterrupted_by_fork.__exit__()
                code = len(uninterrupted_by_fork._depths)
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
    assert status == 0


def test_child_does_not_wait_for_a_thread_that_was_about_to_close(tmp_path: Path) -> None:
    held, release = threading.Event(), threading.Event()
    queue = Queue(f"sqlite:///{tmp_path / 'work.db'}")

    def hold() -> None:
        with queue._store._mutex:
            held.set()
            release.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(CHILD_MAY_TAKE_S)
        try:
            queue.send("app", {"by": "a child"})
            queue.close()
        finally:
            os._exit(queue._store.closed - 1)
    _, status = os.waitpid(child, 0)
    release.set()
    holder.join()
    assert status == 0
    assert len(list(queue.list("app"))) == 1
    queue.close()
