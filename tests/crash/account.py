"""What the store says at the end of a run, as plain values that a test can forge."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DEAD = "failed"
COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class RowEvent:
    """One entry of a message's timeline; ``at`` in seconds of the wall clock."""

    at: float
    event: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One message in the queue of one app, as the store tells it."""

    app: str
    message_id: str
    row_id: int
    status: str
    attempts: int = 0
    crashes: int = 0
    max_attempts: int = 20
    priority: int = 4
    key: str = ""
    code: str = ""
    fingerprint: str = ""
    processed_at: float | None = None
    events: tuple[RowEvent, ...] = ()

    @property
    def settled(self) -> bool:
        """Completed or dead: nothing will happen to it by itself."""
        return self.status in (COMPLETED, DEAD)

    def stands_before(self, other: Row) -> bool:
        """Whether it is claimed before another message of its queue when both are ready."""
        return (-self.priority, self.row_id) < (-other.priority, other.row_id)

    def times(self, *events: str) -> list[float]:
        """When these events happened, in order."""
        return sorted(each.at for each in self.events if each.event in events)


@dataclass(frozen=True, slots=True)
class Account:
    """The store's side of the story.

    Attributes:
        effects: How many rows each handler's own transaction wrote, by message id.
        outbox: How many rows each sender's own transaction wrote beside its send, by message id.
        damage: What SQLite's integrity check found; empty when the file is sound.
    """

    rows: list[Row] = field(default_factory=list)
    effects: dict[str, int] = field(default_factory=dict)
    outbox: dict[str, int] = field(default_factory=dict)
    damage: str = ""

    def write(self, path: Path) -> None:
        """Write it where another process can read it."""
        path.write_text(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Account:
        """The account that ``write`` wrote."""
        content = json.loads(path.read_text())
        rows = [
            Row(**{**row, "events": tuple(RowEvent(**event) for event in row["events"])})
            for row in content["rows"]
        ]
        return cls(rows, content["effects"], content["outbox"], content["damage"])
