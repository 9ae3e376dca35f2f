"""The queue in memory that applications test with: all of a queue, but for what needs a file."""

from __future__ import annotations

import pytest

from crossdock import Queue, StoreError


def test_transaction_needs_a_store_on_disk_and_says_so() -> None:
    with Queue.testing() as queue:
        queue.send("app", 1)
        (delivery,) = queue.claim("app")
        with pytest.raises(StoreError, match="on disk"):
            delivery.transaction()


def test_each_is_a_store_of_its_own() -> None:
    with Queue.testing() as one, Queue.testing() as other:
        one.send("app", 1)
        assert other.list() == []
        assert len(one.list()) == 1


def test_options_are_those_of_a_queue() -> None:
    with Queue.testing(app="shop") as queue:
        assert queue.send("app", 1).source == "shop"
