"""The endpoint ``/sync``: reads by token, and commands."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from task_priority.sandbox.clock import micros
from task_priority.sandbox.exchange import Json, Quirk, Reply, Request, json_reply
from task_priority.sandbox.todoist.account import KINDS, Account
from task_priority.sandbox.todoist.commands import Commands
from task_priority.sandbox.todoist.errors import forbidden, invalid, rate_limited
from task_priority.sandbox.tokens import BadToken, Sealer

_PURPOSE: Final = "todoist-sync"
_OTHERS: Final = ("user", "collaborators", "collaborator_states", "user_plan_limits")
MAX_COMMANDS: Final = 100


@dataclass(slots=True)
class Budget:
    """How many syncs a user has within a sliding window.

    Attributes:
        most: None: any number.
    """

    most: int | None
    window: timedelta = timedelta(minutes=15)
    _spent: deque[datetime] = field(default_factory=deque)

    def spend(self, now: datetime) -> None:
        """Take one.

        Raises:
            TodoistRefusal: None is left.
        """
        while self._spent and self._spent[0] <= now - self.window:
            self._spent.popleft()
        if self.most is not None and len(self._spent) >= self.most:
            wait = self._spent[0] + self.window - now
            raise rate_limited(max(int(wait.total_seconds()), 1))
        self._spent.append(now)


class Syncing:
    """Answers ``/sync`` for an account.

    Attributes:
        full_budget: Todoist's is 100 in 15 minutes.
        incremental_budget: Todoist's is 1000 in 15 minutes.
    """

    def __init__(self, account: Account, commands: Commands, sealer: Sealer) -> None:
        self._account = account
        self._commands = commands
        self._sealer = sealer
        self.full_budget = Budget(100)
        self.incremental_budget = Budget(1000)

    def answer(self, request: Request, *, may_write: bool) -> Reply:
        """Do the commands, then tell what changed.

        Args:
            request: A form, or JSON.
            may_write: The token allows it.
        """
        fields = request.fields()
        commands = _list(fields, "commands")
        types = self._types(_list(fields, "resource_types"))
        if len(commands) > MAX_COMMANDS:
            raise invalid("commands", f"at most {MAX_COMMANDS} commands")
        if commands and not may_write:
            raise forbidden()
        done = self._commands.run(commands)
        told = self._tell(fields.get("sync_token") or "*", types, request.quirks)
        return json_reply({**told, **done})

    def _tell(self, told_so_far: str, types: Collection[str], quirks: Collection[Quirk]) -> Json:
        since = self._since(told_so_far, types, quirks)
        now = self._account.clock()
        (self.full_budget if since is None else self.incremental_budget).spend(now)
        told = self._everything(types) if since is None else self._changes(types, since)
        return {"full_sync": since is None, **told}

    def _since(self, told_so_far: str, types: Collection[str], quirks: Collection[Quirk]) -> int | None:
        """Return after which version to tell, None for everything."""
        if told_so_far == "*" or Quirk.EXPIRED_SYNC_TOKEN in quirks:
            return None
        try:
            user, version, of_types = self._sealer.open(_PURPOSE, told_so_far)
        except BadToken as error:
            raise invalid("sync_token", "* or the token of the last answer") from error
        if user != self._account.user_id:
            raise invalid("sync_token", "a token of this user")
        if version < self._account.forgotten or set(of_types) != set(types):
            return None
        return int(version)

    def _everything(self, types: Collection[str]) -> Json:
        account, snapshot = self._account, self._account.snapshot
        told: Json = {}
        for kind in KINDS:
            if kind in types:
                told[kind] = (
                    list(account.active(kind)) if snapshot is None else list(snapshot.objects[kind].values())
                )
        told |= self._others(types)
        told["full_sync_date_utc"] = micros(account.clock() if snapshot is None else snapshot.taken)
        told["sync_token"] = self._token(types, account.version if snapshot is None else snapshot.version)
        return told

    def _changes(self, types: Collection[str], since: int) -> Json:
        told: Json = {kind: self._account.changed_since(kind, since) for kind in KINDS if kind in types}
        return {
            **{kind: objects for kind, objects in told.items() if objects},
            "sync_token": self._token(types, self._account.version),
        }

    def _others(self, types: Collection[str]) -> Json:
        """Return what is the same in every full answer of this account."""
        others = {
            "user": self._account.user,
            "collaborators": self._account.collaborators,
            "collaborator_states": [],
            "user_plan_limits": {"current": {"plan_name": "pro"}, "next": None},
        }
        return {name: value for name, value in others.items() if name in types}

    def _token(self, types: Collection[str], version: int) -> str:
        return self._sealer.seal(_PURPOSE, [self._account.user_id, version, sorted(types)])

    @staticmethod
    def _types(names: Sequence[Any]) -> frozenset[str]:
        """Return the types that a list means; a leading minus takes one out of ``all``."""
        if not all(isinstance(name, str) for name in names):
            raise invalid("resource_types", "a list of strings")
        wanted = {name for name in names if not name.startswith("-")}
        if "all" in wanted:
            wanted |= {*KINDS, *_OTHERS}
        return frozenset(wanted - {"all"} - {name[1:] for name in names if name.startswith("-")})


def _list(fields: Json, name: str) -> list[Any]:
    """Return a list that is either JSON itself, or JSON in a field of a form."""
    value = fields.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise invalid(name, "a JSON list") from error
    if value is not None and not isinstance(value, list):
        raise invalid(name, "a JSON list")
    return value or []
