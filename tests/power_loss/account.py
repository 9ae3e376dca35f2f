"""What each step of a program promises about messages, and what a power cut may therefore leave of them.

Before a step the program notes what the step is to change, and afterwards that it returned. A step that
returned must be found done. One that was under way may be found done or not begun, but nothing between.
Nothing else may be found.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.power_loss.cuts import Notes


APPS = ("one", "many", "threads", "consumer", "outbox")
STORE = "work.db"
DELETED = "deleted"
"""The status of a message that no list shows any more."""


@dataclass(frozen=True, slots=True)
class State:
    """One message at its app, as far as a power cut could spoil it.

    Attributes:
        waits: It is pending, and its time has not come.
        history: Its lines of the audit log, in order; the ordinary life leaves none.
        effect: Whether the handler's own row was written, in the transaction of the acknowledgement.
    """

    app: str
    text: str = field(repr=False)
    status: str = "pending"
    attempts: int = 0
    crashes: int = 0
    waits: bool = False
    result: object = None
    code: str | None = None
    history: tuple[str, ...] = ()
    effect: bool = False

    def after(self, *events: str, **changes: Any) -> State:
        """Return the state after one more thing happened."""
        return replace(self, history=(*self.history, *events), **changes)

    def claimed(self) -> State:
        """Return the state after a claim."""
        return self.after(status="processing", attempts=self.attempts + 1)

    def found_again(self) -> State:
        """Return what becomes of it when the store is opened and the process that held it is found dead."""
        if self.status != "processing":
            return self
        return self.after(
            "message.crashed", status="pending", attempts=self.attempts - 1, crashes=self.crashes + 1
        )


States: TypeAlias = dict[int, State]


@dataclass(slots=True)
class Account:
    """What was acknowledged, and the steps whose outcome nobody was told.

    Attributes:
        claiming: The app for which a claim was under way, if any: each of its messages may have been taken.
        claimed: The apps for which a claim was ever made.
        sync_failed: So one commit was refused, although the disk may have it. If it was a claim, its messages have
            been given back, with nothing spent.
    """

    settled: States = field(default_factory=dict)
    under_way: dict[int, States] = field(default_factory=dict)
    claiming: str | None = None
    claimed: set[str] = field(default_factory=set)
    sync_failed: bool = False

    @classmethod
    def of(cls, notes: Notes) -> Account:
        """Read what a program noted until the power went."""
        account = cls()
        for note in notes:
            match note:
                case ("asked", step, changes):
                    account.under_way[step] = changes
                case ("done", step):
                    account.settled |= account.under_way.pop(step)
                case ("claiming", app):
                    account.claiming = app
                    account.claimed.add(app)
                case ("sync failed",):
                    account.sync_failed = True
                case ("claimed", states):
                    account.claiming = None
                    account.settled |= states
        return account

    def problems(self, found: Mapping[int, State]) -> list[str]:
        """Compare with the messages that the store holds, now that it was opened again."""
        wrong = []
        expected = dict(self.settled)
        for changes in self.under_way.values():
            done = {number for number, state in changes.items() if self._fits(state, found.get(number))}
            if done == changes.keys():
                expected |= changes
            elif not all(self._fits(self.settled.get(number), found.get(number)) for number in changes):
                wrong.append(f"half done: {sorted(done)} of {sorted(changes)}")
        wrong += [
            f"message {number}: expected {expected.get(number)}, found {found.get(number)}"
            for number in sorted(expected.keys() | found.keys())
            if not self._fits(expected.get(number), found.get(number))
        ]
        return wrong

    def _fits(self, expected: State | None, found: State | None) -> bool:
        if expected is None or expected.status == DELETED:
            return found is None
        if found is None:
            return False
        if found == expected.found_again():
            return True
        if expected.status != "pending" or expected.waits:
            return False
        given_back = self.sync_failed and expected.app in self.claimed
        return (expected.app == self.claiming and found == expected.claimed().found_again()) or (
            given_back and found == expected.after("message.handed_back")
        )
