"""Plumbing for every test: what could not run is told at the end, and properties have time to run."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.requirements import NEEDS, PREFIX, could_not_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.warm import Warm
    from tests.postgresql_databases import Databases

# Deadlines per example would measure the other processes of this machine; the timeout per test remains.
hypothesis.settings.register_profile("crossdock", deadline=None, print_blob=True)
hypothesis.settings.load_profile("crossdock")


_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own there
_ENOUGH_BYTES = 2 << 30


def pytest_configure(config: pytest.Config) -> None:
    """Declare the needs_* markers from their one table, and choose where the tests' folders are."""
    for marker, (what, _) in NEEDS.items():
        config.addinivalue_line("markers", f"{marker}: needs {what}")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background of a shell
        signal.signal(signal.SIGINT, signal.default_int_handler)  # some tests interrupt what they start
    if os.environ.get("CROSSDOCK_TEST_FOLDERS") == "memory" and _has_room(_MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def _has_room(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > _ENOUGH_BYTES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the crash tests as scaled, so that CI can run them once, at their full size."""
    for item in items:
        if "crash" in item.path.relative_to(item.config.rootpath).parts:
            item.add_marker("scaled")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out a test whose needs this machine does not meet."""
    for marker in NEEDS.keys() & {mark.name for mark in item.iter_markers()}:
        if reason := missing(marker):
            could_not_run(reason)


@cache
def missing(marker: str) -> str | None:
    """Probe the machine, once per need."""
    return NEEDS[marker][1]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell plainly, at the end, which tests could not run and why."""
    unable: dict[str, list[str]] = defaultdict(list)
    for report in terminalreporter.stats.get("skipped", ()):
        _, _, message = (
            report.longrepr if isinstance(report.longrepr, tuple) else ("", 0, str(report.longrepr))
        )
        reason = message.removeprefix("Skipped: ")
        if reason.startswith(PREFIX):
            unable[reason.removeprefix(PREFIX)].append(report.nodeid)
    if unable:
        terminalreporter.section("could not run here", sep="=", yellow=True)
    for reason, tests in sorted(unable.items()):
        terminalreporter.write_line(f"{len(tests)} because {reason}:")
        for test in sorted(tests):
            terminalreporter.write_line(f"    {test}")


@pytest.fixture(scope="session", autouse=True)
def _state_of_programs() -> Iterator[None]:
    """Keep what Crossdock leaves in the home of its user away from there."""
    with tempfile.TemporaryDirectory(prefix="crossdock-state-", ignore_cleanup_errors=True) as folder:
        os.environ["XDG_STATE_HOME"] = folder
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    """Compile each statement once for all stores of the session; a program has one store, and a test a new one."""
    from crossdock.store.transaction import PreparedStatements

    compiled: defaultdict[type, dict[Any, Any]] = defaultdict(dict)

    def share(self: PreparedStatements) -> None:
        self._prepared = compiled[type(self)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PreparedStatements, "__init__", share)
        yield


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """A process that runs commands without importing everything for each."""
    from tests.cli.warm import Warm

    with Warm() as made:
        yield made


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """A PostgreSQL server to make databases on: the one that is named, else one of our own."""
    from tests.postgresql_databases import Databases
    from tests.postgresql_server import Server

    if url := os.environ.get("CROSSDOCK_TEST_POSTGRESQL"):
        with Databases(url) as made:
            yield made
    else:
        with Server() as server, Databases(server.url()) as made:
            yield made


@pytest.fixture
def postgresql_url(databases: Databases) -> Iterator[str]:
    """A database of a test's own with a store's tables; at its end nobody may be connected."""
    url = databases.borrow()
    yield url
    databases.give_back(url)


@pytest.fixture
def empty_postgresql_url(databases: Databases) -> Iterator[str]:
    """A database of a test's own with nothing in it."""
    url = databases.empty()
    yield url
    databases.drop(url, quietly=True)
