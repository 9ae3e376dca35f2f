"""What is written twice, because one layer may not see the other, must be the same."""

from __future__ import annotations

import inspect
from dataclasses import fields

from crossdock import Queue, StoreSettings
from crossdock.config import Config, model
from crossdock.hub import gateway


def test_the_defaults_are_those_of_the_queue() -> None:
    parameters = inspect.signature(Queue).parameters
    config = Config()
    assert config.store.url == parameters["url"].default
    assert config.queue.lease == parameters["lease"].default
    assert config.queue.max_crashes == parameters["max_crashes"].default


def test_the_defaults_are_those_of_the_store() -> None:
    settings, table = StoreSettings(), Config().store
    names = {field.name for field in fields(settings)} & set(type(table).model_fields)
    assert names == {
        "outside_writers", "claim_check_bytes", "min_free_bytes", "lock_timeout", "host_folder", "password",
    }  # fmt: skip
    assert {name: getattr(table, name) for name in names} == {name: getattr(settings, name) for name in names}


def test_the_shortest_lease_is_that_of_the_hub() -> None:
    assert model.SHORTEST_LEASE == gateway.SHORTEST_LEASE
