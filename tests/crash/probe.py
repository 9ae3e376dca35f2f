"""Waits for what the histories tell, with a deadline, instead of sleeping for so long and hoping."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from tests.crash.account import Account
from tests.crash.history import read_histories

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.crash.history import Kind, Sighting
    from tests.crash.nursery import Child, Nursery
    from tests.crash.stage import Place


T = TypeVar("T")

PATIENCE_S = 60.0


class Play:
    """One scene: a nursery, a store, and what was seen so far.

    Args:
        notices: Whether workers may tell people that something is amiss; else that fails the test.
    """

    def __init__(self, nursery: Nursery, folder: Path, place: Place, *, notices: bool = False) -> None:
        self.nursery = nursery
        self.folder = folder
        self.place = place
        self._notices = notices
        self.once("prepare")

    def fork(self, role: str, **arguments: object) -> Child:
        """Start a worker on this store."""
        return self.nursery.fork(role, **{**self.place, **arguments})

    def once(self, role: str, *, timeout_s: float = PATIENCE_S, **arguments: object) -> None:
        """Play one role to its end; it must end well."""
        child = self.fork(role, **arguments)
        self.nursery.wait(child, timeout_s=timeout_s)
        assert child.status == 0, f"{role} ended with {child.status}:\n{child.complaint()}"

    def saw(self, *kinds: Kind, **fields: object) -> list[Sighting]:
        """The sightings of these kinds whose fields have these values."""
        return [
            each
            for each in read_histories(self.folder)
            if each.kind in kinds and all(getattr(each, name) == value for name, value in fields.items())
        ]

    def wait_for(
        self, *kinds: Kind, count: int = 1, timeout_s: float = PATIENCE_S, **fields: object
    ) -> list[Sighting]:
        """Wait until so many such sightings are there."""
        return self.wait_until(
            lambda: found if len(found := self.saw(*kinds, **fields)) >= count else None, timeout_s
        )

    def wait_until(self, look: Callable[[], T | None], timeout_s: float = PATIENCE_S) -> T:
        """Wait until looking finds something."""
        deadline = time.monotonic() + timeout_s
        while not (found := look()):
            self.check()
            assert time.monotonic() < deadline, f"not seen within {timeout_s} s"
            self.nursery.attend(0.02)
        return found

    def check(self) -> None:
        """See that no worker failed, or complained."""
        complaints = self.nursery.complaints(notices=self._notices)
        assert not complaints, "\n".join(complaints)

    def account(self) -> Account:
        """What the store says now, read by a fresh process."""
        self.once("take", timeout_s=300)
        return Account.read(self.folder / "account.json")
