"""Everything the store says of every message, to be compared with itself: nothing may have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from tests.crash.stage import Place, open_queue

if TYPE_CHECKING:
    from pathlib import Path


def dump(folder: Path, *, name: str, **place: Unpack[Place]) -> None:
    """Role: write every record and timeline in full."""
    with open_queue("dump", **place) as queue:
        content = [
            f"{record}\n  " + "\n  ".join(map(str, queue.timeline(record.message.id, app=record.app)))
            for app in sorted(queue.stats())
            for record in queue.list(app, limit=1000)
        ]
    (folder / name).write_text("\n".join(content))
