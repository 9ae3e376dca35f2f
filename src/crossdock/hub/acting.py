"""Work that a person or a program at a door asks for: what it does is told under that name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from crossdock.ports.store import Store, Transaction

T = TypeVar("T")


class ActingAs(Generic[T]):
    """Work of a transaction, done by somebody else than this process.

    Args:
        who: Stands in ``created_by`` and in the audit log.
        work: What is done.
    """

    __slots__ = ("_who", "_work", "only_sends")

    def __init__(self, who: str, work: Callable[[Transaction], T]) -> None:
        self._who = who
        self._work = work
        self.only_sends = getattr(work, "only_sends", False)

    def __call__(self, tx: Transaction) -> T:
        """Do it."""
        ours = tx.who
        tx.who = self._who
        try:
            return self._work(tx)
        finally:
            tx.who = ours


class ActingStore:
    """A store through which somebody else than this process writes; for the rest it is the same.

    Args:
        store: The one that it is.
        who: As for ``ActingAs``.
    """

    def __init__(self, store: Store, who: str) -> None:
        self._store = store
        self._who = who

    def __getattr__(self, name: str) -> Any:
        """Return what the store has."""
        return getattr(self._store, name)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Execute ``work`` in a durable transaction; return what it returned, after the commit."""
        return self._store.write(ActingAs(self._who, work))

    async def write_async(self, work: Callable[[Transaction], T]) -> T:
        """Do the same without blocking the event loop."""
        return await self._store.write_async(ActingAs(self._who, work))
