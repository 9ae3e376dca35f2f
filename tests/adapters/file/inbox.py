"""A tree of folders with files in it, and what the store of an endpoint has after they were taken."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crossdock.adapters.file.inbound import FileInboundAdapter, inbound_adapter
from crossdock.adapters.file.inbound_settings import FileInbound
from crossdock.adapters.file.intake import Intake
from crossdock.adapters.file.naming import manifest_of
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.json_texts import JsonTexts
from crossdock.domain.message import AppId, Message
from crossdock.durable_files import FileSystem
from crossdock.ports.inbound import Refusal
from crossdock.ports.surroundings import Surroundings

CREATED = "2025-11-24T08:30:00Z"
Refuses = Callable[[Any], bool]


@dataclass
class Stored:
    """What the store has: messages, and positions; both survive the adapter."""

    items: list[Any] = field(default_factory=list)
    options: list[Mapping[str, Any]] = field(default_factory=list)
    positions: dict[str, Any] = field(default_factory=dict)


def values(items: Sequence[Any]) -> Sequence[Any]:
    """Return the data of rows, or their messages, whether the adapter has encoded them or not."""
    return [json.loads(text) for text in items] if isinstance(items, JsonTexts) else items


class Inbox:
    """Folders under a root, and one adapter after the other that takes files from ``imports``.

    Args:
        folder: A fresh one.
        settings: Of the adapter.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.root = folder / "data"
        self.imports = self.root / "imports"
        self.imports.mkdir(parents=True)
        defaults = {"file": "data/imports", "settle": "1s", "every": "10ms"}
        self.settings = FileInbound.model_validate({**defaults, **settings})
        self.folder = folder
        self.stored = Stored()
        self.notices: list[tuple[str, str]] = []
        self.alive: set[str] = set()
        self.boot = 0
        self.elapsed = 0.0
        self.now = datetime(2031, 5, 17, 8, 30, tzinfo=UTC)
        self.files = FileSystem()

    def drop(self, name: str, content: bytes | str, *, folder: Path | None = None, **changes: Any) -> Path:
        """Put a file and its manifest there; ``changes`` are to the manifest, None leaves a key out."""
        content = content.encode() if isinstance(content, str) else content
        path = (folder or self.imports) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        manifest = {
            "filename": name, "created_at": CREATED, "file_size": len(content),
            "checksum": checksum(content), **changes,
        }  # fmt: skip
        kept = {key: value for key, value in manifest.items() if value is not None}
        path.with_name(manifest_of(name)).write_text(json.dumps(kept))
        return path

    def surroundings(self) -> Surroundings:
        """Return what an adapter of the present process is told."""
        return Surroundings(
            app=AppId("importer"), folder=self.folder, owner=f"worker/boot-{self.boot}",
            lives=lambda owner: owner in self.alive, now=lambda: self.now,
            notice=lambda event, text: self.notices.append((event, text)),
        )  # fmt: skip

    def adapter(self) -> FileInboundAdapter:
        """Make an adapter."""
        return inbound_adapter(
            self.settings, self.surroundings(), files=self.files, elapsed=lambda: self.elapsed
        )

    def intake(self) -> Intake:
        """Make what does the adapter's work, for tests that need no loop, and connect it."""
        intake = self.adapter()._intake
        intake.connect(self.stored.positions)
        return intake

    def take(self, *, refuses: Refuses = lambda _: False) -> Inbox:
        """Let a process take everything that is there, and end in good order."""
        intake = self.intake()
        self.drain(intake, refuses=refuses)
        intake.close()
        self.boot += 1
        return self

    def kill(self, intake: Intake) -> None:
        """Let a process die: it only loses what it had open."""
        intake._let_go()
        self.boot += 1

    def drain(
        self, intake: Intake, *, receipts: int | None = None, refuses: Refuses = lambda _: False
    ) -> None:
        """Store what an intake gives until it has nothing more, or so many receipts."""
        while receipts != 0 and (chunk := intake.next()) is not None:
            self.store(intake, chunk, refuses=refuses)
            receipts = None if receipts is None else receipts - 1

    def store(self, intake: Intake, chunk: Any, *, refuses: Refuses = lambda _: False) -> None:
        """Store some rows and their positions, as the endpoint does, and let the intake read ahead meanwhile."""
        positions = intake.positions(chunk)
        intake.read_ahead()
        refused = [
            Refusal(place, InvalidMessage.of("data", "refused"))
            for place, item in enumerate(values(chunk.items))
            if refuses(item)
        ]
        self.keep([item for item in values(chunk.items) if not refuses(item)], positions)
        intake.stored(chunk, positions, refused)

    def keep(self, items: Sequence[Any], positions: Sequence[tuple[str, Any]]) -> None:
        """Store in one transaction; positions go through JSON, as in a database."""
        self.stored.items += values(items)
        for key, value in positions:
            if value is None:
                self.stored.positions.pop(key, None)
            else:
                self.stored.positions[key] = json.loads(json.dumps(value))

    @property
    def data(self) -> list[Any]:
        """The data of what was stored."""
        return [item.data if isinstance(item, Message) else item for item in self.stored.items]

    def tree(self) -> list[str]:
        """Return what lies in the root, but for folders and what we keep in ``claimed``."""
        return sorted(
            path.relative_to(self.root).as_posix()
            for path in self.root.rglob("*")
            if not path.is_dir() and path.name not in {".owner", ".released"}
        )

    def archived(self, name: str) -> dict[str, Any]:
        """Return what a manifest in the archive says."""
        return self.json(f"archive/2031-05/{name}")

    def error(self, name: str) -> dict[str, Any]:
        """Return what a report of errors says."""
        return self.json(f"errors/2031-05-17/{name}")

    def json(self, path: str) -> dict[str, Any]:
        """Read a JSON file of the tree."""
        document: dict[str, Any] = json.loads((self.root / path).read_text())
        return document

    def rejected(self, name: str) -> list[dict[str, Any]]:
        """Return the rows that were set aside."""
        text = (self.root / "errors/2031-05-17" / name).read_text()
        return [json.loads(line) for line in text.splitlines()]

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.elapsed += seconds
        self.now += timedelta(seconds=seconds)


def checksum(content: bytes) -> str:
    """Return the checksum of a file."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def packed(text: str) -> bytes:
    """Return a gzip file."""
    return gzip.compress(text.encode(), mtime=0)
