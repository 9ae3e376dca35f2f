"""Plumbing for every test: what could not run is told at the end, and properties have time to run."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.requirements import NEEDS, PREFIX, could_not_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgresql_databases import Databases

# Deadlines per example would measure the other processes of this machine; the timeout per test remains.
hypothesis.settings.register_profile("crossdock", deadline=None, print_blob=True)
hypothesis.settings.load_profile("crossdock")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the needs_* markers from their one table."""
    for marker, (what, _) in NEEDS.items():
        config.addinivalue_line("markers", f"{marker}: needs {what}")


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
