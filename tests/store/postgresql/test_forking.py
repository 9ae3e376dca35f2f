"""A fork while other threads use the store on PostgreSQL: parent and child leave each other's sessions alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tests.postgresql_databases import connect

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no fork there")

FORKS = 30
CHILD_MAY_TAKE_S = 30
WITHIN_S = 20
OPEN = dedent("""
    import os, signal, sys, threading
    from pathlib import Path
    from crossdock import Queue, StoreSettings

    url, folder, forks, patience_s = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    queue = Queue(url, settings=StoreSettings(host_folder=folder))
""")
BUSY = OPEN + dedent("""
    queue.send("app", {"by": "the parent"})
    stop, trouble = threading.Event(), []

    def sessions():
        with queue._store.engine.connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT pid FROM pg_stat_activity WHERE application_name = %(name)s AND datname = current_database()",
                {"name": name},
            )
            return {pid for (pid,) in rows}

    def repeat(action):
        try:
            while not stop.is_set():
                action()
        except Exception as error:
            trouble.append(repr(error))

    def read():
        queue.list("app")

    def write():
        queue.send("other", {"by": "a thread"})

    def ask():
        with queue._store.engine.begin() as connection:
            connection.exec_driver_sql("SELECT 1")

    from crossdock.store.postgresql.connections import session_name
    name = session_name(queue._store.owner)
    threads = [threading.Thread(target=repeat, args=[each]) for each in (read, read, write, ask)]
    for thread in threads:
        thread.start()
    status = 0
    before = sessions()
    for _ in range(forks):
        child = os.fork()
        if child == 0:
            signal.alarm(patience_s)  # kills a child that hangs
            queue.send("app", {"by": "a child"})
            ask()
            queue.close()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            break
    lost = before - sessions()
    stop.set()
    for thread in threads:
        thread.join()
    print(status, len(lost), sum(1 for _ in queue.list("app")), *trouble)
""")
HEIR = OPEN + dedent("""
    with queue._store.engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE data_staging")
        child = os.fork()
        if child == 0:
            signal.alarm(120)
            print(os.getpid(), flush=True)
            signal.pause()
        signal.pause()
""")


def program(text: str, url: str, folder: Path) -> list[str]:
    return [sys.executable, "-c", text, url, str(folder / "host"), str(FORKS), str(CHILD_MAY_TAKE_S)]


def test_child_of_a_busy_parent_uses_the_store_and_disturbs_no_session(
    postgresql_url: str, tmp_path: Path
) -> None:
    ran = subprocess.run(
        program(BUSY, postgresql_url, tmp_path), capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.stdout.split() == ["0", "0", str(FORKS + 1)], ran.stderr


def test_session_of_a_killed_parent_ends_though_its_child_lives(postgresql_url: str, tmp_path: Path) -> None:
    with subprocess.Popen(
        program(HEIR, postgresql_url, tmp_path), stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            parent.kill()
            with connect(postgresql_url) as connection, connection.transaction():
                connection.execute(f"SET lock_timeout = '{WITHIN_S}s'")
                connection.execute("LOCK TABLE data_staging")
            os.kill(child, 0)  # it lives
        finally:
            os.kill(child, signal.SIGKILL)
