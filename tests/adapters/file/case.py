"""What the tests of the file adapters share: rows that outlive a process, a file layer that breaks, a reader."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from crossdock.adapters.file.outbound import FileOutboundAdapter
from crossdock.adapters.file.outbound_settings import FileOutbound
from crossdock.domain.errors import DeliveryError, InvalidMessage
from crossdock.domain.message import AppId, Message, MessageId
from crossdock.durable_files import FileSystem
from crossdock.ports.notice import log_notice
from crossdock.ports.outbound import Delivered, Handover
from crossdock.ports.surroundings import Surroundings

NOW = datetime(2025, 11, 24, 8, 30, tzinfo=UTC)
DAY = "2025-11-24"


def surroundings(folder: Path, now: Callable[[], datetime] = lambda: NOW) -> Surroundings:
    """An app ``warehouse`` whose configuration is in a folder."""
    return Surroundings(
        app=AppId("warehouse"),
        folder=folder,
        owner="test/boot-1",
        lives=lambda _owner: False,
        now=now,
        notice=log_notice,
    )


def adapter(
    folder: Path, files: FileSystem | None = None, now: Callable[[], datetime] = lambda: NOW, **settings: Any
) -> FileOutboundAdapter:
    """An adapter that writes to ``data/exports``."""
    return FileOutboundAdapter(
        FileOutbound(**{"file": "data/exports"} | settings), surroundings(folder, now), files
    )


class Table:
    """The rows of a queue, in a file: what was noted on them and what became of them outlives the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            self._save({})

    def send(self, data: Mapping[str, Any]) -> None:
        """Add messages, by id."""
        self._save(
            self.rows
            | {key: {"data": value, "note": None, "state": "waiting"} for key, value in data.items()}
        )

    @property
    def rows(self) -> dict[str, Any]:
        """All rows, by id."""
        return dict(json.loads(self._path.read_bytes()))

    def update(self, ids: Iterable[str], **values: Any) -> None:
        """Change rows."""
        rows = self.rows
        for key in ids:
            rows[key] |= values
        self._save(rows)

    def settle(self, replies: Mapping[str, Any]) -> None:
        """Write down what became of rows; what was delivered has its result where its note was."""
        rows = self.rows
        for key, reply in replies.items():
            delivered = isinstance(reply, Delivered)
            rows[key] |= {"state": "delivered", "note": reply.result} if delivered else {"state": "refused"}
        self._save(rows)

    def waiting(self) -> list[str]:
        """Return the ids of those that wait."""
        return [key for key, row in self.rows.items() if row["state"] == "waiting"]

    def _save(self, rows: Mapping[str, Any]) -> None:
        hidden = self._path.with_suffix(f".{os.getpid()}")
        hidden.write_text(json.dumps(rows))
        hidden.replace(self._path)


class TableBatch:
    """Some rows, handed over together."""

    def __init__(
        self, table: Table, ids: Sequence[str], step: Callable[[str], None] = lambda _name: None
    ) -> None:
        rows = table.rows
        self._table = table
        self._ids = ids
        self._step = step
        self.handovers = [Handover(message(rows[key]["data"], key), 1, rows[key]["note"]) for key in ids]

    async def note(self, words: Mapping[str, Any], places: Sequence[int] | None = None) -> None:
        """Note on rows."""
        self._step("note")
        chosen = range(len(self._ids)) if places is None else places
        self._table.update([self._ids[place] for place in chosen], note=dict(words))
        self._step("noted")


def message(data: Any, key: str = "m") -> Message:
    """A message with that data."""
    return Message(id=MessageId(key), source="test", type="test", data=data, time=NOW)


async def deliver(
    to: FileOutboundAdapter,
    table: Table,
    ids: Sequence[str],
    step: Callable[[str], None] = lambda _name: None,
) -> list[Delivered | DeliveryError | InvalidMessage]:
    """Hand rows over, and write down what became of each."""
    replies = list(await to.deliver(TableBatch(table, ids, step)))
    assert len(replies) == len(ids)
    table.settle(dict(zip(ids, replies, strict=True)))
    return replies


class StepFiles(FileSystem):
    """Calls ``step`` before and after everything that is done to files, and once in the middle of each writing."""

    def __init__(self, step: Callable[[str], None]) -> None:
        self._step = step

    def make_folder(self, folder: Path, mode: int = 0o700) -> None:
        self._around("make_folder", folder, lambda: super(StepFiles, self).make_folder(folder, mode))

    def create_new(self, path: Path, mode: int = 0o600) -> BinaryIO:
        self._step(f"create {path.name}")
        file = super().create_new(path, mode)
        try:
            file.write(b"torn")
            file.flush()
            self._step(f"write {path.name}")
        except BaseException:
            file.close()
            raise
        file.seek(0)
        file.truncate()
        return file

    def sync(self, path: Path) -> None:
        self._around("sync", path, lambda: super(StepFiles, self).sync(path))

    def rename(self, source: Path, target: Path) -> None:
        self._around("rename", target, lambda: super(StepFiles, self).rename(source, target))

    def rename_new(self, source: Path, target: Path) -> None:
        self._around("rename", target, lambda: super(StepFiles, self).rename_new(source, target))

    def remove(self, path: Path) -> None:
        self._around("remove", path, lambda: super(StepFiles, self).remove(path))

    def _around(self, name: str, path: Path, work: Callable[[], None]) -> None:
        self._step(f"{name} {path.name}")
        work()
        self._step(f"after {name} {path.name}")


@dataclass(frozen=True, slots=True)
class Pair:
    """A data file and what its manifest says."""

    path: Path
    content: bytes
    manifest: dict[str, Any]

    @property
    def rows(self) -> list[Any]:
        """Its rows."""
        plain = gzip.decompress(self.content) if self.path.suffix == ".gz" else self.content
        match self.path.name.removesuffix(".gz").rpartition(".")[2]:
            case "csv":
                return list(csv.DictReader(io.StringIO(plain.decode(), newline="")))
            case "jsonl":
                return [json.loads(line) for line in plain.splitlines()]
            case _:
                return list(json.loads(plain))


def pairs(folder: Path) -> list[Pair]:
    """Return all files that have a manifest, each compared with it; a manifest without its file fails."""
    found = []
    for path in sorted(folder.rglob("*.meta.json")):
        if path.name.startswith("."):
            continue
        stated = json.loads(path.read_bytes())
        data = path.parent / stated["filename"]
        content = data.read_bytes()
        assert stated["file_size"] == len(content), data
        assert stated["checksum"] == "sha256:" + hashlib.sha256(content).hexdigest(), data
        found.append(Pair(data, content, stated))
    return found


def visible(folder: Path) -> list[str]:
    """Return the names of all files that are not hidden."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def hidden(folder: Path, suffix: str = "") -> list[str]:
    """Return the names of all hidden files."""
    return sorted(path.name for path in folder.rglob(f".*{suffix}") if path.is_file())


def take(folder: Path, into: Path) -> None:
    """Do as a consumer does: take away each pair that is there, the manifest first."""
    into.mkdir(exist_ok=True)
    for number, pair in enumerate(pairs(folder)):
        place = into / f"{len(list(into.iterdir()))}-{number}"
        place.mkdir()
        manifest = pair.path.with_name(pair.path.name.partition(".")[0] + ".meta.json")
        manifest.rename(place / manifest.name)
        pair.path.rename(place / pair.path.name)
