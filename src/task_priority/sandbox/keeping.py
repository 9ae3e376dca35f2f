"""Keeps the sandbox in a file: what was changed in its accounts is there the next time, and who was let in stays so."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from task_priority.sandbox.access import AccessTokens
from task_priority.sandbox.authority import Authority
from task_priority.sandbox.exchange import Json
from task_priority.sandbox.google.calendars import Calendar
from task_priority.sandbox.google.service import Google
from task_priority.sandbox.google.task_lists import TaskList
from task_priority.sandbox.todoist.service import Todoist

_FORMAT: Final = 1


class Keeper:
    """Writes the accounts to a file, with the tokens that were given out for them, and reads them from there.

    Args:
        file: None: nothing is kept.
        access: The tokens that are good now.
        authorities: Who gives them out, by name.
    """

    def __init__(
        self,
        file: Path | None,
        *,
        todoist: Todoist,
        google: Google,
        access: AccessTokens,
        authorities: Mapping[str, Authority],
    ) -> None:
        self._file = file
        self._todoist = todoist
        self._google = google
        self._access = access
        self._authorities = authorities

    def keep(self) -> None:
        """Write everything, in one step: a reader finds the old or the new."""
        if self._file is None:
            return
        kept = {
            "format": _FORMAT,
            "todoist": self._packed_todoist(),
            "google": self._packed_google(),
            "access": self._access.packed(),
            "grants": {name: one.packed() for name, one in self._authorities.items()},
        }
        new = self._file.with_name(f"{self._file.name}.new")
        new.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        os.replace(new, self._file)  # noqa: PTH105 - Path.replace says less of what it does

    def restore(self) -> bool:
        """Read everything; False: there is no file.

        Raises:
            ValueError: The file is not one of the sandbox.
        """
        if self._file is None or not self._file.exists():
            return False
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            if kept["format"] != _FORMAT:
                raise ValueError(kept["format"])
            self._unpack_todoist(kept["todoist"])
            self._unpack_google(kept["google"])
            self._access.unpack(kept["access"])
            for name, authority in self._authorities.items():
                authority.unpack(kept["grants"][name])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{self._file} does not hold the accounts of a sandbox; name another file, or take it away"
            ) from error
        return True

    def _packed_todoist(self) -> Json:
        account = self._todoist.account
        return {
            "user": account.user,
            "objects": account.objects,
            "changed": account.changed,
            "version": account.version,
            "forgotten": account.forgotten,
            "completions": account.completions,
            "collaborators": account.collaborators,
            "executed": self._todoist.commands.executed,
            "ids": account.ids.state(),
        }

    def _unpack_todoist(self, kept: Json) -> None:
        account = self._todoist.account
        account.user.update(kept["user"])
        account.objects, account.changed = kept["objects"], kept["changed"]
        account.version, account.forgotten = kept["version"], kept["forgotten"]
        account.completions, account.collaborators = kept["completions"], kept["collaborators"]
        self._todoist.commands.executed = kept["executed"]
        account.ids.go_on(kept["ids"])

    def _packed_google(self) -> Json:
        calendars, tasks = self._google.calendars, self._google.tasks
        return {
            "version": calendars.version,
            "entries_changed": calendars.entries_changed,
            "entries_forgotten": calendars.entries_forgotten,
            "calendars": {
                id: {
                    "entry": one.entry,
                    "events": one.events,
                    "changed": one.changed,
                    "gone": one.gone,
                    "forgotten": one.forgotten,
                }
                for id, one in calendars.calendars.items()
            },
            "lists": {id: {"entry": one.entry, "tasks": one.tasks} for id, one in tasks.lists.items()},
            "tasks_version": tasks.version,
        }

    def _unpack_google(self, kept: Json) -> None:
        calendars, tasks = self._google.calendars, self._google.tasks
        calendars.version = kept["version"]
        calendars.entries_changed = kept["entries_changed"]
        calendars.entries_forgotten = kept["entries_forgotten"]
        calendars.calendars = {id: Calendar(**one) for id, one in kept["calendars"].items()}
        tasks.lists = {id: TaskList(**one) for id, one in kept["lists"].items()}
        tasks.version = kept["tasks_version"]
