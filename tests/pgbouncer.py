"""PgBouncer in transaction mode before a server: each transaction may be on another server connection."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import psycopg
from sqlalchemy.engine import make_url

from tests.postgresql_databases import name_of
from tests.postgresql_server import die_with_parent, free_port, other_user

PATIENCE_S = 60.0
CONFIGURATION = """
[databases]
{database} = host={host} port={port} dbname={database} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 6
max_client_conn = 200
server_reset_query_always = 1
ignore_startup_parameters = extra_float_digits,options
"""


class PgBouncer:
    """A pooler before one database.

    Args:
        url: The database's.
    """

    def __init__(self, url: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="crossdock-pgbouncer-"))
        self._user = other_user()
        self.port = free_port()
        target = make_url(url)
        (self._folder / "pgbouncer.ini").write_text(
            CONFIGURATION.format(
                database=name_of(url),
                host=target.host,
                port=target.port,
                user=target.username,
                listen=self.port,
            )
        )
        if self._user:
            shutil.chown(self._folder, self._user["user"], self._user["group"])
        self._process: subprocess.Popen[bytes] | None = None
        self.url = target.set(port=self.port, host="127.0.0.1").render_as_string(hide_password=False)

    def __enter__(self) -> Self:
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [program, self._folder / "pgbouncer.ini"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder,
                preexec_fn=die_with_parent, **self._user,  # noqa: PLW1509 - one call of C, which takes no lock
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            except OSError:
                told = (self._folder / "log").read_text()
                assert self._process.poll() is None and time.monotonic() < deadline, told  # noqa: PT018
                time.sleep(0.02)
            else:
                return self

    def __exit__(self, *exc: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def sessions_differ(url: str) -> bool:
    """Tell whether the connection is pooled: the server process is not the one that was told at the start."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True, connect_timeout=10) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        return row is not None and row[0] != connection.info.backend_pid
