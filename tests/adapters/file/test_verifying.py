"""A file is checked as it would be when it is taken, and nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossdock.adapters.file.inbound import rules_of
from crossdock.adapters.file.verifying import MOST_ISSUES, Verdict, verify
from tests.adapters.file.inbox import Inbox, checksum

CSV = "a,b\n1,2\n3,4\n"


def verdict(inbox: Inbox, name: str = "a.csv") -> Verdict:
    """Verify a file of the inbox; nothing in the tree may change by it."""
    before = {path: path.read_bytes() for path in inbox.root.rglob("*") if path.is_file()}
    found = verify(inbox.imports / name, rules_of(inbox.settings, inbox.folder))
    assert {path: path.read_bytes() for path in inbox.root.rglob("*") if path.is_file()} == before
    return found


@pytest.mark.parametrize("name", ["a.csv", "a.meta.json"])
def test_good_pair_is_good_whichever_of_it_is_named(tmp_path: Path, name: str) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV, row_count=2)
    found = verdict(inbox, name)
    assert found == Verdict(
        file=inbox.imports / "a.csv", manifest=inbox.imports / "a.meta.json", rows=2, bad=0, issues=()
    )
    assert found.is_good


@pytest.mark.parametrize(
    ("changes", "check", "words"),
    [
        ({"file_size": 3}, "size", "the file has 12 bytes, and its manifest says 3"),
        ({"checksum": checksum(b"x")}, "checksum", "the file is another than its manifest says"),
        ({"row_count": 3}, "row_count", "the file has 2 rows, and its manifest says 3"),
        ({"created_at": "yesterday"}, "manifest", "created_at"),
        ({"filename": "b.csv"}, "manifest", "filename: 'b.csv' is not a file of a.meta.json"),
    ],
)
def test_what_is_wrong_with_a_pair_is_told_as_when_it_is_set_aside(
    tmp_path: Path, changes: dict[str, Any], check: str, words: str
) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV, **changes)
    (issue,) = verdict(inbox).issues
    assert issue.check == check
    assert words in issue.issue
    assert issue.advice
    inbox.wait(1e9)
    inbox.take()
    [report] = [path for path in inbox.tree() if path.endswith(".error.json")]
    told = inbox.json(report)
    assert (told["check"], told["issue"]) == (issue.check, issue.issue)


def test_bad_rows_are_told_with_row_line_and_field(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", "a,b\n1,2\n3\n4,5\n")
    found = verdict(inbox)
    assert (found.rows, found.bad) == (3, 1)
    (issue,) = found.issues
    assert (issue.check, issue.row, issue.line, issue.field) == ("row", 2, 3, "b")


def test_many_bad_rows_are_counted_and_some_named(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", "a,b\n" + "1\n" * 1234)
    found = verdict(inbox)
    assert (found.rows, found.bad, len(found.issues)) == (1234, 1234, MOST_ISSUES)


def test_missing_manifest_second_file_of_a_stem_and_missing_data_are_told(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    (inbox.imports / "a.csv").write_text(CSV)
    assert [one.check for one in verdict(inbox).issues] == ["manifest"]
    inbox.drop("b.csv", CSV)
    (inbox.imports / "b.json").write_text("[]")
    assert [one.check for one in verdict(inbox, "b.json").issues] == ["stem"]
    inbox.drop("c.csv", CSV).unlink()
    assert [one.check for one in verdict(inbox, "c.meta.json").issues] == ["present"]
    with pytest.raises(FileNotFoundError):
        verdict(inbox, "d.csv")


def test_rows_are_held_against_schema_and_partition_key(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    schema = {"properties": {"a": {"pattern": "^[0-9]+$"}}}
    (tmp_path / "schemas" / "1.json").write_text(json.dumps(schema))
    inbox = Inbox(tmp_path, schemas="schemas", partition_key="b")
    inbox.drop("a.csv", "a,b\nx,2\n1,\n1,1\n", schema_version="1")
    found = verdict(inbox)
    assert [(one.row, one.field) for one in found.issues] == [(1, "a"), (2, "b")]
    inbox.drop("b.csv", CSV, schema_version="2")
    assert [one.check for one in verdict(inbox, "b.csv").issues] == ["schema_version"]


def test_row_that_can_be_no_message_is_bad(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.jsonl", '{"a": 1}\n{"a": "\\ud800"}\n')
    found = verdict(inbox, "a.jsonl")
    inbox.take()
    assert found.bad == inbox.archived("a.meta.json")["taken"]["set_aside"]
