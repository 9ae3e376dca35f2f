"""The whole queue against the model, over sequences of verbs, lapses and deaths that hypothesis makes up."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.postgresql_databases import Databases
from tests.queue.machine import QueueMachine
from tests.queue.stores import OnServer

QUICK = settings(
    derandomize=True,
    database=None,
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
BRIEF = settings(QUICK, max_examples=5)
LONG = settings(QUICK, max_examples=100, stateful_step_count=60)


@pytest.mark.timeout(600)  # only a failing run needs it, to find its shortest form
class TestQueueFollowsItsModel(QueueMachine.TestCase):  # type: ignore[misc]  # made at run time
    settings = QUICK


@pytest.mark.slow
@pytest.mark.timeout(3600)
class TestQueueFollowsItsModelForLong(QueueMachine.TestCase):  # type: ignore[misc]  # made at run time
    settings = LONG


class PostgreSQLMachine(QueueMachine):
    """The same on a database of its own for each example."""

    databases: Databases

    def new_store(self) -> OnServer:
        return OnServer(self.databases)


class OnPostgreSQL:
    """Brings the server."""

    @pytest.fixture(autouse=True)
    def _server(self, databases: Databases) -> None:
        PostgreSQLMachine.databases = databases


@pytest.mark.needs_postgresql
@pytest.mark.timeout(600)
class TestQueueOnPostgreSQLFollowsItsModel(OnPostgreSQL, PostgreSQLMachine.TestCase):  # type: ignore[misc]
    settings = BRIEF


@pytest.mark.slow
@pytest.mark.needs_postgresql
@pytest.mark.timeout(3600)
class TestQueueOnPostgreSQLFollowsItsModelForLong(OnPostgreSQL, PostgreSQLMachine.TestCase):  # type: ignore[misc]
    settings = LONG
