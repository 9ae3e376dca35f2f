"""Ways to open a store on PostgreSQL: directly, through a proxy that loses things, on another host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy.engine import make_url

from crossdock import Queue, StoreSettings
from tests.postgresql_databases import Databases
from tests.postgresql_proxy import Proxy

Open: TypeAlias = Callable[..., Queue]
PATIENCE = timedelta(seconds=10)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("needs_postgresql")


@pytest.fixture
def postgresql_url(databases: Databases) -> Iterator[str]:
    """A database of a test's own; the keeper of leases stays connected for some seconds after the last queue."""
    url = databases.prepared()
    yield url
    databases.drop(url, quietly=True)


@pytest.fixture
def open_queue(tmp_path: Path) -> Iterator[Open]:
    """Opens queues, each on the host of its name, and closes them."""
    with ExitStack() as opened:

        def open_one(
            url: str, *, host: str = "here", patience: timedelta = PATIENCE, **options: Any
        ) -> Queue:
            settings = StoreSettings(host_folder=tmp_path / host, lock_timeout=patience)
            options = {"app": "tests", "settings": settings, **options}
            return opened.enter_context(Queue(url, **options))

        yield open_one


@pytest.fixture
def proxy(postgresql_url: str) -> Iterator[Proxy]:
    """Stands before the test's database; see ``through``."""
    with Proxy(make_url(postgresql_url).port or 5432) as made:
        yield made


@pytest.fixture
def through(postgresql_url: str, proxy: Proxy) -> str:
    """The URL of the test's database through the proxy."""
    return make_url(postgresql_url).set(port=proxy.port).render_as_string(hide_password=False)
