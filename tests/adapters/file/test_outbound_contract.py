"""The adapter ``file`` keeps the contract of outbound adapters, one message to a file and gathered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from crossdock.testing.outbound_contract import OutboundContract
from tests.adapters.file.case import pairs
from tests.guarantees import of_road


class Folder:
    """A folder of files, read in the order of their numbers."""

    carries_attributes = False

    def __init__(self, folder: Path, **options: Any) -> None:
        self._root = folder / "data"
        self.carries_bytes = options.get("rows", 1) == 1
        self.table: Mapping[str, Any] = {"file": "data/exports", "mode": "0600", **options}
        self.wrong: Sequence[tuple[Mapping[str, Any], str]] = [
            ({"file": "data/archive"}, "give the stage another name"),
            ({"file": 1}, "expected a folder"),
            ({"file": "data/exports", "format": "xml"}, 'expected "csv", "json"'),
            ({"file": "data/exports", "rowz": 1}, "unknown key; did you mean rows?"),
            ({"file": "data/exports", "rows": 0}, "expected a whole number from 1 to"),
            ({"file": "data/exports", "every": "5s"}, "rows = 1 waits for none"),
            ({"file": "data/exports", "columns": ["a"]}, "columns is of CSV"),
            ({"file": "data/exports", "format": "csv", "columns": ["a", "a"]}, "an array of different names"),
            ({"file": "data/exports", "format": "csv", "delimiter": ";;"}, "expected one character"),
            ({"file": "data/exports", "format": "csv", "encoding": "klingon"}, "expected an encoding"),
            ({"file": "data/exports", "format": "csv", "encoding": "base64"}, "expected an encoding"),
            (
                {"file": "data/exports", "format": "csv", "encoding": "ascii", "columns": ["prix €"]},
                "cannot be written in ascii",
            ),
            ({"file": "data/exports", "latest": "../newest.json"}, "expected the name of a file"),
            ({"file": "data/exports", "latest": "newest.csv"}, "latest must end in .json"),
            ({"file": "data/exports", "type": "a_b"}, "expected letters, digits"),
            ({"file": "data/exports", "mode": "0755"}, "expected a mode"),
        ]

    def received(self) -> list[Any]:
        found: list[Any] = []
        for pair in sorted(pairs(self._root), key=lambda pair: pair.path.name):
            try:
                found += [json.loads(line) for line in pair.content.decode().splitlines()]
            except UnicodeDecodeError:
                found.append(pair.content)
        return found

    def events(self) -> list[Mapping[str, Any]]:
        raise NotImplementedError

    def go_away(self) -> bool:
        (self._root / "exports").mkdir(parents=True)
        self._root.rename(self._root.with_name("away"))
        self._root.write_text("no folder")
        return True

    def come_back(self) -> None:
        self._root.unlink()
        self._root.with_name("away").rename(self._root)


WAYS: dict[str, dict[str, Any]] = {
    "one by one": {"format": "json"},
    "gathered": {"format": "jsonl", "rows": 7, "every": "50ms"},
}


@of_road("file")
class TestFile(OutboundContract):
    @pytest.fixture(params=WAYS)
    def far_side(self, request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
        return Folder(tmp_path, **WAYS[request.param])
