"""The adapter ``file`` keeps the contract of inbound adapters, in each format and with each way to arrive."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.adapters.file.naming import manifest_of
from crossdock.testing.inbound_contract import InboundContract
from tests.guarantees import of_road


class Folder:
    """A folder into which files are put, one for all items that are given together."""

    patience = timedelta(seconds=0.5)

    def __init__(self, folder: Path, name: str, **options: Any) -> None:
        self._stage = folder / "data" / "imports"
        self._stage.mkdir(parents=True)
        self._name = name
        self._options = options
        self._number = 0
        self.table: Mapping[str, Any] = {"file": "data/imports", "every": "20ms", "settle": "50ms", **options}
        self.wrong: Sequence[tuple[Mapping[str, Any], str]] = [
            ({"file": "data/archive"}, "give the stage another name"),
            ({"file": "/"}, "name a folder in another"),
            ({"file": 1}, "expected a folder"),
            ({"file": "data/imports", "pattern": "a/*"}, "expected a pattern of file names"),
            ({"file": "data/imports", "split": "lines"}, 'expected "rows" or "file"'),
            ({"file": "data/imports", "arrival": "soon"}, 'expected "manifest", "done-marker" or "stable"'),
            ({"file": "data/imports", "encoding": "klingon"}, "expected an encoding"),
            ({"file": "data/imports", "encoding": "base64"}, "expected an encoding"),
            ({"file": "data/imports", "delimiter": ";;"}, "expected one character"),
            ({"file": "data/imports", "delimiter": '"'}, "delimiter and quote are both"),
            ({"file": "data/imports", "columns": ["a", "a"]}, "'a' stands in it twice"),
            ({"file": "data/imports", "every": "0s"}, "expected a duration of more than 0"),
            ({"file": "data/imports", "marker": "done"}, "expected a suffix"),
            ({"file": "data/imports", "schemas": 3}, "expected a folder"),
            ({"file": "data/imports", "patern": "*"}, "unknown key; did you mean pattern?"),
        ]

    def give(self, items: Sequence[Any]) -> None:
        self._number += 1
        name = f"sender_items_2025-11-24_{self._number:03}.{self._name}"
        content = written(items, self._name)
        hidden = self._stage / f".{name}"
        hidden.write_bytes(content)
        hidden.rename(self._stage / name)
        arrival = self._options.get("arrival", "manifest")
        if arrival == "done-marker":
            (self._stage / f"{name}.done").touch()
        elif arrival == "manifest":
            manifest = {
                "filename": name, "created_at": "2025-11-24T08:30:00Z", "file_size": len(content),
                "checksum": f"sha256:{hashlib.sha256(content).hexdigest()}", "row_count": len(items),
            }  # fmt: skip
            (self._stage / manifest_of(name)).write_text(json.dumps(manifest))

    def left(self) -> int:
        waiting = [path for path in self._stage.rglob("*") if path.is_file()]
        return len(waiting) + len(list((self._stage.parent / "claimed").rglob("*.csv")))


def written(items: Sequence[Any], name: str) -> bytes:
    """Return items as a file of some format."""
    if name.startswith("csv"):
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, list(items[0]))
        table.writeheader()
        table.writerows(items)
        content = text.getvalue().encode()
    elif name.startswith("jsonl"):
        content = "".join(json.dumps(item) + "\n" for item in items).encode()
    else:
        content = json.dumps(items, ensure_ascii=False).encode()
    return gzip.compress(content) if name.endswith(".gz") else content


WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "csv": ("csv", {"pattern": "*.csv"}),
    "json.gz": ("json.gz", {}),
    "jsonl with done markers": ("jsonl", {"arrival": "done-marker"}),
    "csv that is stable": ("csv", {"arrival": "stable"}),
}


@of_road("file")
class TestFile(InboundContract):
    @pytest.fixture(params=WAYS)
    def far_side(self, request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
        name, options = WAYS[request.param]
        return Folder(tmp_path, name, **options)
