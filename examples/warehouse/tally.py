"""Counts by what the orders say: what was dropped in, what came out, what was set aside, and why."""

import csv
import json
from collections import Counter
from pathlib import Path

from place import DATA
from pour import Shop

from crossdock import Queue

LATE_S = 20.0


class Tally:
    """Compares what the shop has dropped with what came out.

    Attributes:
        out: How often each order of this run stands in the exports.
        by_way: How many orders came by which way.
        set_aside: Why each order that was set aside was.
    """

    def __init__(self, queue: Queue, shop: Shop) -> None:
        self.out: Counter[str] = Counter()
        self.by_way: Counter[str] = Counter()
        self.set_aside: dict[str, tuple[str, str]] = {}
        self._queue = queue
        self._shop = shop
        self._seen = set(_manifests()) | set(_reports())

    def look(self) -> list[tuple[Path, int]]:
        """Count what is new; return the new files of exports, each with its number of rows."""
        new = [(path, self._read_export(path)) for path in self._unseen(_manifests())]
        for path in self._unseen(_reports()):
            self._read_report(path)
        for record in self._queue.list("validator", status="failed", limit=200, newest_first=True):
            if record.error is not None:
                self._note(record.message.data["order"], "validator", record.error.message)
        return new

    @property
    def on_the_way(self) -> list[str]:
        """The orders that have neither come out nor been set aside."""
        ended = self.out.keys() | self.set_aside.keys()
        return [number for number in self._shop.dropped if number not in ended]

    def lost(self, *, at_the_end: bool = False) -> int:
        """Return how many orders are gone; while others pour in: those that orders of 20 s later have overtaken.

        On a slow machine all of them take long, and none of them is lost.
        """
        dropped = self._shop.dropped
        newest = max((dropped[number] for number in self.out), default=0.0)
        return sum(at_the_end or dropped[number] < newest - LATE_S for number in self.on_the_way)

    @property
    def repeated(self) -> int:
        """How many rows of the exports say what another one says, or what was set aside."""
        return sum(times - 1 for times in self.out.values()) + len(self.out.keys() & self.set_aside.keys())

    def _unseen(self, paths: list[Path]) -> list[Path]:
        new = [path for path in paths if path not in self._seen]
        self._seen.update(new)
        return new

    def _read_export(self, manifest: Path) -> int:
        data = manifest.with_name(json.loads(manifest.read_text(encoding="utf-8"))["filename"])
        with data.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        ours = [row for row in rows if row["order"] in self._shop.dropped]
        self.out.update(row["order"] for row in ours)
        self.by_way.update(row["enriched_by"] for row in ours)
        return len(rows)

    def _read_report(self, path: Path) -> None:
        """Read which rows of a file could not be read as rows."""
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            number = next((number for number in self._shop.dropped if number in str(row["given"])), None)
            if number is not None:
                self._note(number, "file-importer", f"{row['field']} {row['issue']}".strip())

    def _note(self, number: str, app: str, why: str) -> None:
        if number in self._shop.dropped:
            self.set_aside[number] = (app, why)


def _manifests() -> list[Path]:
    return sorted((DATA / "exports").glob("*/[!.]*.meta.json"))


def _reports() -> list[Path]:
    return sorted((DATA / "errors").glob("*/[!.]*_rejected*.jsonl"))
