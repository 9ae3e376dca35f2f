"""A transaction that stays open keeps its partition key, and nobody but those who want that key waits for it."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crossdock import StoreUnavailable, create_engine

if TYPE_CHECKING:
    from tests.store.postgresql.conftest import Open


def test_only_those_who_want_a_kept_key_wait_for_it(postgresql_url: str, open_queue: Open) -> None:
    queue = open_queue(postgresql_url, patience=timedelta(seconds=60))
    engine = create_engine(postgresql_url)
    late = threading.Thread(target=lambda: queue.send("app", "second", partition_key="k"))
    try:
        with engine.begin() as connection:
            queue.send("app", "first", partition_key="k", connection=connection)
            late.start()
            began = time.monotonic()
            while time.monotonic() - began < 1.0:  # longer than the others would wait for a key
                queue.send("app", "other")
            assert late.is_alive()
        late.join(60)
        assert not late.is_alive()
    finally:
        engine.dispose()
    found = [each.message.data for each in queue.consume("app", wait=timedelta(0))]
    assert [data for data in found if data != "other"] == ["first", "second"]


def test_key_that_is_kept_for_too_long_is_told(postgresql_url: str, open_queue: Open) -> None:
    queue = open_queue(postgresql_url, patience=timedelta(seconds=1))
    engine = create_engine(postgresql_url)
    try:
        with engine.begin() as connection:
            queue.send("app", "first", partition_key="k", connection=connection)
            with pytest.raises(StoreUnavailable, match="for too long"):
                queue.send("app", "second", partition_key="k")
    finally:
        engine.dispose()
