"""The machine: Python, libraries, SQLite builds, the clock, secrets."""

from __future__ import annotations

import importlib
import platform
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from crossdock._version import __version__
from crossdock.cli.doctor.finding import Finding, fail, ok, warn
from crossdock.config.secret import secrets_in
from crossdock.domain.errors import ConfigError
from crossdock.domain.wording import counted
from crossdock.store.sqlite.build import OLDEST_USABLE, choose, describe, has_wal_reset_race

if TYPE_CHECKING:
    from crossdock.config import Loaded

_LIBRARIES: Final = ("sqlalchemy", "alembic", "pydantic", "typer", "rich")
_MODULES: Final = ("pysqlite3.dbapi2", "sqlite3")
_OLDEST_PLAUSIBLE: Final = datetime(2025, 1, 1, tzinfo=UTC)
_INSTALL: Final = "pip install 'pysqlite3>=0.6.1'"


def python() -> Iterator[Finding]:
    """Look at Python and the libraries Crossdock stands on."""
    yield ok(
        "python", f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}"
    )
    found, missing = [f"crossdock {__version__}"], []
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    yield ok("libraries", ", ".join(found))
    if missing:
        yield fail("libraries", f"not installed: {', '.join(missing)}", "reinstall crossdock")


def sqlite(*, outside_writers: bool) -> Iterator[Finding]:
    """Look at the SQLite that Crossdock runs on, and at those that other programs may bring."""
    used = choose()
    if not used.usable:
        oldest = ".".join(map(str, OLDEST_USABLE))
        yield fail("sqlite", f"{used} is too old to hold a store; {oldest} is the oldest", _INSTALL)
    elif used.affected:
        yield warn(
            "sqlite", f"{used}, which has the WAL-reset race; stores run in the slower safe mode", _INSTALL
        )
    else:
        yield ok("sqlite", f"{used}, without the WAL-reset race")
    others = [name for name in _affected_elsewhere() if not name.startswith(used.name + " ")]
    if others:
        advice = (
            "they may write to the store"
            if outside_writers
            else "let none write to the store, or set store.outside_writers"
        )
        yield ok(
            "other sqlite", f"{', '.join(others)}: has the race, and Crossdock does not use it; {advice}"
        )


def clock() -> Iterator[Finding]:
    """Look at the clock, by which delays, leases and timelines go."""
    now = datetime.now(UTC)
    if now < _OLDEST_PLAUSIBLE:
        yield fail("clock", f"it says {now:%Y-%m-%d %H:%M:%S} UTC", "set the clock, best by a time service")
    else:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def secrets(loaded: Loaded) -> Iterator[Finding]:
    """Look whether the secrets are where the configuration says."""
    count, missing = 0, []
    for secret in secrets_in(loaded.config, loaded.folder):
        count += 1
        try:
            secret.text()
        except ConfigError as error:
            missing.append(str(error))
    for issue in missing:
        yield fail("secrets", issue, "put the secret there, or correct the configuration")
    if count and not missing:
        yield ok("secrets", f"{counted(count, 'secret')} where the configuration says")


def _affected_elsewhere() -> Iterator[str]:
    for name in _MODULES:
        try:
            build = describe(importlib.import_module(name))
        except ImportError:
            continue
        if build.affected:
            yield str(build)
    shell = _shell_version()
    if shell is not None and has_wal_reset_race(shell):
        yield f"the command sqlite3 (SQLite {'.'.join(map(str, shell))})"


def _shell_version() -> tuple[int, int, int] | None:
    """Return the version of the sqlite3 command line, if it is installed."""
    path = shutil.which("sqlite3")
    if path is None:
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - found on the path, no input
            [path, "--version"], capture_output=True, text=True, timeout=5, check=True
        ).stdout
        major, minor, patch = (int(part) for part in answer.split()[0].split(".")[:3])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
    return major, minor, patch
