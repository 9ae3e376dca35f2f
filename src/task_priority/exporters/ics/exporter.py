"""Exports calendars as iCalendar: each feed, file or folder is a scope with a state of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from crossdock import CrossdockError, PermanentError, TransientError
from crossdock.exporting import Pull, SetAside
from task_priority.exporters.asking import LONGEST, Asking
from task_priority.exporters.ics.components import NoCalendar
from task_priority.exporters.ics.fetching import fetch
from task_priority.exporters.ics.objects import EVENTS, TODOS, Taken, newest_last, objects_in
from task_priority.exporters.ics.sources import Source
from task_priority.words import count_text

MAX_DOCUMENT_BYTES: Final = 20 * 1024 * 1024
MAX_FILES: Final = 1_000
_KINDS: Final = (EVENTS, TODOS)


class IcsExporter:
    """Reads calendars that others publish or that lie in files.

    A document is all that there is: what is no longer in it is gone. One that is not whole changes nothing, and
    neither does one that is suddenly empty.

    Args:
        sources: Each under a name of its own.
        max_bytes: Of a document, or of all files of a folder.
        longest: That a document may take to come.

    Raises:
        ValueError: Two sources have the same name.
    """

    name = "ics"
    kinds: Sequence[str] = _KINDS

    def __init__(
        self, sources: Sequence[Source], *, max_bytes: int = MAX_DOCUMENT_BYTES, longest: timedelta = LONGEST
    ) -> None:
        names = [source.name for source in sources]
        if len(set(names)) < len(names):
            raise ValueError(f"two calendars have the same name; there are {', '.join(sorted(names))}")
        self._sources = tuple(sources)
        self._max_bytes = max_bytes
        self._longest = longest

    def pull(self, states: Mapping[str, Any]) -> Iterator[Pull]:
        """Ask each source; one that fails is told when the others have been asked."""
        ended = states.keys() - {source.name for source in self._sources}
        for scope in sorted(ended):
            yield Pull(scope, None, ended=frozenset({scope}))
        failures: list[CrossdockError] = []
        with self._asking() as asking:
            for source in self._sources:
                try:
                    pull = self._pull(asking, source, states.get(source.name) or {})
                except CrossdockError as error:
                    failures.append(error)
                else:
                    yield pull
        if failures:
            raise failures[0]

    def try_out(self) -> None:
        """Make sure that there is a calendar at each source, before anything of them is stored.

        Raises:
            DeliveryError: There is none, or a feed does not answer.
        """
        with self._asking() as asking:
            for source in self._sources:
                documents = self._documents_now(asking, source)
                if not documents:
                    raise PermanentError(f"{source.path}: there is no .ics file in this folder")
                taken, broken = _taken(source, documents)
                if not taken:
                    raise PermanentError(f"{source.name}: {broken[0].reason}")

    def _asking(self) -> Asking:
        return Asking(longest=self._longest, max_body_bytes=self._max_bytes)

    def _documents_now(self, asking: Asking, source: Source) -> Mapping[str, bytes]:
        if source.url is None:
            return _documents(source, self._max_bytes)
        fetched = fetch(asking, source, {})
        if fetched is None:
            raise TransientError(
                f"{source.name}: the server says that nothing has changed, and was asked for all"
            )
        return {"": fetched.document}

    def _pull(self, asking: Asking, source: Source, state: Mapping[str, Any]) -> Pull:
        if source.url is None:
            documents, tags = _documents(source, self._max_bytes), {}
        else:
            fetched = fetch(asking, source, state.get("tags", {}))
            if fetched is None:
                return Pull(source.name, state)
            documents, tags = {"": fetched.document}, dict(fetched.tags)
        digest = _digest(documents)
        if digest == state.get("digest"):
            return Pull(source.name, {**state, "tags": tags})
        taken, broken = _taken(source, documents)
        count = sum(len(one.versions) + len(one.set_aside) for one in taken)
        if not count and not broken and state.get("count"):
            raise TransientError(
                f"{source.name}: it had {count_text(state['count'], 'entry', 'entries')} and is suddenly empty; "
                "nothing was changed. If it is right, sync it in full"
            )
        return Pull(
            source.name,
            {"tags": tags, "digest": None if broken else digest, "count": count},
            found=newest_last(taken),
            set_aside=[one for part in taken for one in part.set_aside] + broken,
            whole=frozenset() if broken else frozenset(_KINDS),
            remark=_remark(frozenset().union(*(part.unknown_zones for part in taken))),
        )


def _taken(source: Source, documents: Mapping[str, bytes]) -> tuple[list[Taken], list[SetAside]]:
    """Take documents apart. In a folder a broken one is set aside, and then nobody knows what is gone."""
    taken: list[Taken] = []
    broken: list[SetAside] = []
    for name, document in documents.items():
        try:
            taken.append(objects_in(document, source.name))
        except NoCalendar as error:
            if not name:
                raise TransientError(f"{source.name}: {error}") from error
            broken.append(SetAside(EVENTS, f"{source.name}:{name}", f"the file {name}: {error}"))
    return taken, broken


def _digest(documents: Mapping[str, bytes]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in documents.values())).hexdigest()


def calendar_files(folder: Path) -> list[Path]:
    """Return the calendars of a folder, in the order of their names."""
    return sorted(one for one in folder.iterdir() if one.suffix.lower() == ".ics")


def _documents(source: Source, max_bytes: int) -> dict[str, bytes]:
    """Read the file, under no name, or those of the folder whose names end in ``.ics``, in the order of their names."""
    path = source.path
    try:
        paths = {one.name: one for one in calendar_files(path)} if path.is_dir() else {"": path}
        if len(paths) > MAX_FILES:
            raise PermanentError(f"{source.name}: the folder has more than {MAX_FILES} files")
        if sum(one.stat().st_size for one in paths.values()) > max_bytes:
            raise PermanentError(f"{source.name}: there are more than {max_bytes} bytes")
        return {name: one.read_bytes() for name, one in paths.items()}
    except FileNotFoundError as error:
        raise PermanentError(f"{source.name}: {error.filename} is not there") from error
    except OSError as error:
        raise TransientError(f"{source.name}: cannot be read: {error.strerror}") from error


def _remark(unknown: frozenset[str]) -> str | None:
    if not unknown:
        return None
    names = ", ".join(repr(name[:40]) for name in sorted(unknown)[:5])
    return f"nobody knows the time zones {names}: times in them are read in the zone of the calendar, or in yours"
