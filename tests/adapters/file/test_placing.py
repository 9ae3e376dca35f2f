"""A file from elsewhere is put into a stage."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from crossdock.adapters.file import placing
from crossdock.adapters.file.inbound import rules_of
from crossdock.adapters.file.placing import place_copy
from crossdock.adapters.file.tree import tree_of
from tests.adapters.file.inbox import Inbox

CSV = "n\n1\n2\n"


def put(inbox: Inbox, file: Path) -> Path:
    tree = tree_of("data/imports", above=inbox.folder)
    return place_copy(file, tree, rules_of(inbox.settings, inbox.folder).watch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a file elsewhere."""
    file = tmp_path / "elsewhere.csv"
    file.write_text(CSV)
    return file


def test_manifest_of_a_copy_says_what_was_copied(tmp_path: Path, file: Path) -> None:
    inbox = Inbox(tmp_path)
    written_ns = 1_795_719_477_835_227_600  # no float of its seconds has these microseconds
    os.utime(file, ns=(written_ns, written_ns))
    copy = put(inbox, file)
    manifest = json.loads(copy.with_name("elsewhere.meta.json").read_text())
    assert copy.read_text() == CSV
    assert manifest["filename"] == "elsewhere.csv"
    assert manifest["file_size"] == len(CSV)
    assert manifest["created_at"] == "2026-11-26T18:57:57.835227+00:00"
    inbox.take()
    assert [row["n"] for row in inbox.data] == ["1", "2"]


def test_file_is_read_once(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    open_plain = placing.open_plain

    def noted(path: Path) -> object:
        opened.append(path)
        return open_plain(path)

    monkeypatch.setattr(placing, "open_plain", noted)
    put(Inbox(tmp_path), file)
    assert opened == [file]
