"""Takes one claimed file: checks it, reads it piece by piece, and says in the end what became of its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from crossdock.adapters.file.archived import mark_of
from crossdock.adapters.file.arrival import Watch
from crossdock.adapters.file.checking import Facts, changed, claimed_facts, open_data, state_of
from crossdock.adapters.file.claim import Claim
from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.reading.formats import Reading
from crossdock.adapters.file.reading.rows import Chunk, Place, RowReader, Wanted
from crossdock.adapters.file.rejected import Rejected
from crossdock.adapters.file.schemas import Schema, Schemas
from crossdock.domain.message import text_issue
from crossdock.durable_files import FileSystem


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How files of a folder are taken.

    Attributes:
        schemas: None: nothing is held against a schema.
        partition_key: The field whose value is the partition key.
    """

    watch: Watch
    reading: Reading
    schemas: Schemas | None = None
    partition_key: str | None = None


class Taking:
    """One file on its way in. Used by one thread at a time.

    Args:
        claim: The file.
        stage: The name of the folder that it came from.
        rules: How it is taken.
        files: The file system.
        go_on: Asked again and again while the file is checked.

    Raises:
        FileFault: The file is not what it should be.
        Stopped: It is not to go on.
        OSError: The disk cannot tell.
    """

    def __init__(
        self, claim: Claim, stage: str, rules: Rules, *, files: FileSystem, go_on: Callable[[], bool]
    ) -> None:
        self.claim = claim
        self._rules = rules
        self.facts: Facts = claimed_facts(claim, rules.reading, go_on=go_on)
        self._schema = self._schema_of(claim)
        created = (
            claim.manifest.created_at.isoformat() if claim.manifest else str(self.facts.state.written_ns)
        )
        digest = hashlib.sha256(f"{claim.name!a} {self.facts.checksum} {created}".encode()).hexdigest()[:32]
        self.mark = mark_of(digest)
        self.key = f"{stage}/{shown_name(claim.name)}#{digest}"
        self.rejected = Rejected(claim.rejected_path, files)
        self.place = Place()
        self._file: BinaryIO | None = None
        self._reader: RowReader | None = None

    def start(self, place: Place | None) -> None:
        """Begin to read, or go on at a place."""
        self.rejected.resume(place.rows if place else 0)
        self._file = open_data(self.claim.path)
        self._reader = self._rules.reading.reader(self._file, self.claim.name, place, self._wanted)
        self.place = place or Place()

    def read(self) -> Chunk | None:
        """Return the next rows; None: there are no more.

        Raises:
            FileFault: The file was changed, or cannot be read any further.
        """
        assert self._reader is not None and self._file is not None  # noqa: S101, PT018 - started
        chunk = self._reader.read()
        if state_of(self._file) != self.facts.state:
            raise changed()
        if chunk is not None:
            self._hold_against_rules(chunk)
        return chunk

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def summary(self) -> dict[str, Any]:
        """Return what became of the rows."""
        return {
            "rows": self.place.rows,
            "sent": self.place.rows - self.rejected.count,
            "set_aside": self.rejected.count,
        }

    @property
    def _wanted(self) -> Wanted:
        """Values where something is to be found out about them, else their JSON is enough."""
        looks = self._schema is not None or self._rules.partition_key is not None
        return Wanted.VALUES if looks else Wanted.TEXTS

    def _schema_of(self, claim: Claim) -> Schema | None:
        if self._rules.schemas is None or claim.manifest is None:
            return None
        return self._rules.schemas.of(claim.manifest.schema_version)

    def _hold_against_rules(self, chunk: Chunk) -> None:
        if self._schema is None and self._rules.partition_key is None:
            return
        issues = {at: found for at, item in enumerate(chunk.items) if (found := self._issues(item))}
        if issues and self._rules.reading.split == "file":
            field, issue = issues[0][0]
            raise FileFault("schema", f"{field}: {issue}" if field else issue, advice="mend the file")
        chunk.reject(issues)

    def _issues(self, item: Any) -> tuple[tuple[str, str], ...]:
        issues = self._schema.issues(item) if self._schema is not None else ()
        name = self._rules.partition_key
        return issues if name is None else (*issues, *_key_issues(item, name))


def partition_key_of(item: Any, name: str) -> str:
    """Return the partition key of a row that has a good one."""
    return str(item[name])


def shown_name(name: str) -> str:
    """Return the name of a file as text that can be part of a message."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _key_issues(item: Any, name: str) -> tuple[tuple[str, str], ...]:
    """Return why a row has no partition key."""
    value = item.get(name) if isinstance(item, Mapping) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return ()
    issue = "is missing" if value is None else text_issue(value)
    return () if issue is None else ((name, f"{issue}, and the partition key is to be read from it"),)
