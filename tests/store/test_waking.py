"""The ears of consumers, while their queue is closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock import Queue, StoreError
from crossdock.hub.ears import EarShelf
from crossdock.store.waking import MemoryEar, Waker


def test_closed_waker_says_that_the_queue_is_closed(tmp_path: Path) -> None:
    waker = Waker(tmp_path / "wake", "boot")
    waker.listen("app").close()
    waker.close()
    with pytest.raises(StoreError, match="closed"):
        waker.listen("app")


def test_shelf_is_closed_while_another_app_borrows() -> None:
    class Gossip(MemoryEar):
        """Asks for another while it is closed, as another thread may."""

        def close(self) -> None:
            shelf.borrow("third")

    with Queue("sqlite://") as queue:
        shelf = EarShelf(queue._store)
        for app in ("first", "second"):
            shelf.give_back(app, Gossip())
        shelf.close()
