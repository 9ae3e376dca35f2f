"""Everything the store says of every message, to be compared with itself: nothing may have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock import Queue

if TYPE_CHECKING:
    from pathlib import Path


def dump(folder: Path, *, url: str, outside_writers: bool = False, name: str) -> None:
    """Role: write every record and timeline in full."""
    with Queue(url, app="dump") as queue:
        content = [
            f"{record}\n  " + "\n  ".join(map(str, queue.timeline(record.message.id, app=record.app)))
            for app in sorted(queue.stats())
            for record in queue.list(app, limit=1000)
        ]
    (folder / name).write_text("\n".join(content))
