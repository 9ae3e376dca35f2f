"""Asks Todoist for what changed until there is no more, and makes one pull of it.

A full answer may have been prepared a while ago, so it is followed at once by an incremental question; both are stored
together, so that nobody ever sees the older state.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from crossdock.exporting import Pull
from task_priority.exporters.todoist.asking import Refused, Todoist
from task_priority.exporters.todoist.changes import EVERYTHING, Changes, changes_of
from task_priority.exporters.todoist.late_comments import without_late_comments
from task_priority.exporters.todoist.owners import without_owners
from task_priority.exporters.todoist.state import RESOURCE_TYPES, SyncState, stored_state


def gather(todoist: Todoist, stored: object) -> Pull:
    """Ask for everything that changed since a stored state.

    Args:
        todoist: Is asked two to six times at most.
        stored: The state of the last pull; None: everything is asked for.

    Raises:
        DeliveryError: As ``Todoist.sync`` says; nothing may be stored.
    """
    state, remark = stored_state(stored)
    gathering = _Gathering(todoist, state, remark)
    while not gathering.ask():
        pass
    return gathering.pull()


class _Gathering:
    """The answers of one run. It ends, since each reason to begin again counts once."""

    def __init__(self, todoist: Todoist, state: SyncState, remark: str | None) -> None:
        self._todoist = todoist
        self._state = state
        self._remark = remark
        self._answers: list[Changes] = []
        self._trusts_token = False
        self._trusts_answers = False

    def ask(self) -> bool:
        """Ask once; return whether that was all."""
        asked = self._state.token
        try:
            changes = self._question(asked)
        except Refused as refused:
            if asked == EVERYTHING or self._trusts_token or not refused.may_mean_the_sync_token:
                raise
            self._trusts_token = True
            self._begin_again("Todoist does not accept the last sync token any more", None)
            return False
        if changes.full:
            return self._take_all(changes, asked)
        return self._take_some(changes)

    def pull(self) -> Pull:
        """Return what was found."""
        found = [found for answer in self._answers for found in answer.found]
        whole: frozenset[str] = frozenset()
        if self._answers[0].full:
            whole = _whole(self._answers)
            found += without_owners(found)
        return Pull(
            scope="",
            state=self._state.to_json(),
            found=found,
            set_aside=[aside for answer in self._answers for aside in answer.set_aside],
            whole=whole,
            remark=self._remark,
        )

    def _question(self, asked: str) -> Changes:
        fields = {"sync_token": asked, "resource_types": json.dumps(RESOURCE_TYPES)}
        answer = self._todoist.sync(fields)
        return without_late_comments(changes_of(answer, asked=asked), answer)

    def _take_all(self, changes: Changes, asked: str) -> bool:
        if asked != EVERYTHING and not self._answers:
            self._remark = (
                "Todoist answered with everything instead of the changes; what it did not name is gone"
            )
        again = bool(self._answers) and self._answers[0].full
        self._answers = [changes]
        self._state = self._state.after(changes)
        return again

    def _take_some(self, changes: Changes) -> bool:
        reason = None if self._trusts_answers else self._state.doubt(changes)
        if reason is not None:
            self._trusts_answers = True
            self._begin_again(f"{reason}, and Todoist does not promise to tell of everything in it", changes)
            return False
        changes = self._state.without_closed(changes)
        self._answers.append(changes)
        self._state = self._state.after(changes)
        return True

    def _begin_again(self, reason: str, changes: Changes | None) -> None:
        self._state, self._answers = self._state.anew(changes), []
        self._remark = f"{reason}, so everything was asked for again; what was not named is gone"


def _whole(answers: Iterable[Changes]) -> frozenset[str]:
    """Return the kinds of which everything is known: one object without an id could be any of those stored."""
    first, *later = answers
    return first.told - frozenset(_nameless([first, *later]))


def _nameless(answers: Iterable[Changes]) -> Iterator[str]:
    return (aside.kind for answer in answers for aside in answer.set_aside if aside.id is None)
