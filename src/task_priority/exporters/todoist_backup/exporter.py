"""The exporter of Todoist's own exports: CSV files of projects, archives of backups, and JSON backups."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from crossdock import PermanentError
from crossdock.exporting import Found, Pull, SetAside
from task_priority.exporters.todoist.changes import KIND_OF
from task_priority.exporters.todoist_backup.files import BadFile, Export, exports_in, newest_of
from task_priority.exporters.todoist_backup.objects import ROWS, Taken, objects_of_backup, objects_of_rows
from task_priority.exporters.todoist_backup.rows import rows_of

NAME: Final = "todoist-backup"
_FILES: Final = "files"
_KEPT: Final = "; what it held before is kept"
_EDITION: Final = 2
"""Of how files are read: after a change all are read again."""


class TodoistBackupExporter:
    """Takes in what Todoist exported; a project whose file did not change is not looked at again.

    Args:
        path: A .csv, .json or .zip file, or a folder with any of these; of several of one project the newest counts.
        owner: Whose list it is, a name or an id as in the column RESPONSIBLE, so that what is somebody else's is known.
    """

    name: str = NAME
    kinds: Sequence[str] = (*dict.fromkeys(KIND_OF.values()), ROWS, _FILES)

    def __init__(self, path: Path, *, owner: str | None = None) -> None:
        self._path = path
        self._owner = owner

    def pull(self, states: Mapping[str, Any]) -> Iterator[Pull]:
        """Read what changed, one file after the other, as ``Exporter`` says."""
        exports, bad = exports_in(self._path)
        scopes = newest_of(exports)
        for scope, (newest, *older) in scopes.items():
            pull = self._pull(newest, older, states.get(scope))
            if pull is not None:
                yield pull
        yield from _folder(states, scopes, bad)

    def try_out(self) -> None:
        """Make sure that there is something to take, before what was connected until now makes way for it.

        Raises:
            DeliveryError: No file can be read, or an archive cannot be opened.
        """
        _, bad = exports_in(self._path)
        if bad:
            raise PermanentError(": ".join(bad[0]))
        pulls = list(self.pull({}))
        reasons = [one.reason for pull in pulls for one in pull.set_aside]
        if reasons and not any(pull.found for pull in pulls):
            raise PermanentError(reasons[0])

    def _pull(self, export: Export, older: Sequence[Export], state: object) -> Pull | None:
        try:
            data = export.read()
            new_state = {
                "sha256": hashlib.sha256(data).hexdigest(),
                "owner": self._owner,
                "edition": _EDITION,
            }
            if new_state == state:
                return None
            taken = list(self._taken(export, data))
        except BadFile as error:
            words = f"{error}{_KEPT}" if state is not None else str(error)
            return Pull(scope=export.scope, state=state, set_aside=[_bad_file(export.place, words)])
        return Pull(
            scope=export.scope,
            state=new_state,
            found=[one for one in taken if isinstance(one, Found)],
            set_aside=[one for one in taken if isinstance(one, SetAside)],
            whole=frozenset(self.kinds),
            remark=self._remark(export, older, taken),
        )

    def _taken(self, export: Export, data: bytes) -> Iterator[Taken]:
        if export.is_json:
            return objects_of_backup(data)
        return objects_of_rows(export.name, rows_of(data), exported=export.written.date(), owner=self._owner)

    def _remark(self, export: Export, older: Sequence[Export], taken: Sequence[Taken]) -> str | None:
        remarks = []
        if older:
            remarks.append(
                f"{export.place} is the newest of its project; left: {', '.join(one.place for one in older)}"
            )
        if self._owner is None and any(_is_assigned(one) for one in taken):
            remarks.append(
                "tasks are assigned to people; say who you are (owner) to have those of others told apart"
            )
        return "; ".join(remarks) or None


def _folder(
    states: Mapping[str, Any], scopes: Iterable[str], bad: Sequence[tuple[str, str]]
) -> Iterator[Pull]:
    """Tell what is wrong with archives, and which projects are there no more: none, if an archive may hold them.

    Raises:
        PermanentError: Everything is asked for, so that nobody knows which projects an archive held.
    """
    if bad and not states:
        raise PermanentError(": ".join(bad[0]))
    ended = frozenset() if bad else frozenset(states) - frozenset(scopes) - {""}
    state = {"bad": [place for place, _ in bad]}
    if ended or state != states.get("", {"bad": []}):
        set_aside = [_bad_file(place, f"{reason}{_KEPT}") for place, reason in bad]
        yield Pull(scope="", state=state, set_aside=set_aside, whole=frozenset({_FILES}), ended=ended)


def _bad_file(place: str, reason: str) -> SetAside:
    return SetAside(_FILES, place, f"{place}: {reason}")


def _is_assigned(one: Taken) -> bool:
    return isinstance(one, Found) and one.data is not None and one.data.get("responsible") is not None
