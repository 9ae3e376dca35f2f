from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from crossdock.adapters.file.reading.rows import CHUNK_ROWS
from crossdock.domain.errors import ConfigError, NotConnected
from crossdock.durable_files import FileSystem
from tests.adapters.file.inbox import Inbox, checksum, packed

CSV = "a,b\n1,2\n3,4\n"
ROWS = [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


THREE_CHUNKS = 2 * CHUNK_ROWS + 904


def rows(count: int) -> str:
    """Return CSV with so many rows."""
    return "n\n" + "".join(f"{n}\n" for n in range(count))


def numbers(inbox: Inbox) -> list[int]:
    """Return the rows that were stored."""
    return [int(item["n"]) for item in inbox.data]


@pytest.mark.parametrize(
    ("changes", "check", "expected", "given"),
    [
        ({"file_size": 99}, "size", 99, 12),
        ({"checksum": checksum(b"")}, "checksum", checksum(b""), checksum(CSV.encode())),
        ({"row_count": 3}, "row_count", 3, 2),
    ],
)
def test_file_that_is_not_what_its_manifest_says_is_set_aside(
    tmp_path: Path, changes: dict[str, Any], check: str, expected: Any, given: Any
) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV, **changes)
    assert inbox.take().data == []
    assert inbox.tree() == [f"errors/2031-05-17/a.{end}" for end in ("csv", "error.json", "meta.json")]
    report = inbox.error("a.error.json")
    assert (report["check"], report["expected"], report["given"]) == (check, expected, given)
    assert (report["filename"], report["stage"], report["app"]) == ("a.csv", "imports", "importer")
    assert report["advice"]
    [(event, text)] = inbox.notices
    assert event == "file.set_aside"
    assert text.startswith("a.csv was set aside as errors/2031-05-17/a.csv: ")


def test_manifest_that_is_none_says_what_is_wrong_and_stays_as_it_is(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV)
    (inbox.imports / "a.meta.json").write_bytes(b"{broken \xff")
    inbox.now = inbox.now.replace(year=2040)
    inbox.take()
    assert (inbox.root / "errors/2040-05-17/a.meta.json").read_bytes() == b"{broken \xff"
    assert "not JSON" in inbox.json("errors/2040-05-17/a.error.json")["issue"]


@pytest.mark.parametrize("content", [packed("n\n1\n")[:-5], b"\x1f\x8bnonsense", b""])
def test_bad_gzip_is_set_aside_whole(tmp_path: Path, content: bytes) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv.gz", content)
    assert inbox.take().data == []
    assert inbox.error("a.error.json")["check"] == "gzip"


def test_every_good_row_is_sent_and_every_bad_one_set_aside_once(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    content = "n,x\n" + "".join(f"{n},\n" if n % 2 else f"{n}\n" for n in range(2001))
    inbox.drop("a.csv", content, row_count=2001)
    inbox.take()
    assert numbers(inbox) == list(range(1, 2001, 2))
    rejected = inbox.rejected("a_rejected.jsonl")
    assert [row["row"] for row in rejected] == list(range(1, 2002, 2))
    assert rejected[0] == {
        "row": 1, "line": 2, "field": "x", "issue": "the row has 1 field for 2 columns", "more": [],
        "given": "0",
    }  # fmt: skip
    taken = inbox.archived("a.meta.json")["taken"]
    assert (taken["rows"], taken["sent"], taken["set_aside"]) == (2001, 1000, 1001)
    assert taken["rejected"] == "errors/2031-05-17/a_rejected.jsonl"
    assert inbox.notices[0][0] == "file.rows_set_aside"
    assert inbox.notices[0][1].startswith(
        "a.csv: 1,001 of 2,001 rows set aside, see errors/2031-05-17/a_rejected.jsonl; row 1: x: the row has 1"
    )


def test_manifest_that_begins_with_a_byte_order_mark_goes_whole_to_the_archive(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    manifest = inbox.drop("a.csv", "n\n1\n", made_for="x").with_name("a.meta.json")
    manifest.write_text(manifest.read_text(), encoding="utf-8-sig")
    assert inbox.take().data == [{"n": "1"}]
    assert inbox.archived("a.meta.json")["made_for"] == "x"


def test_rows_that_the_endpoint_refuses_are_set_aside_too(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", "n\n1\n2,2\n3\n4\n")
    inbox.take(refuses=lambda row: row["n"] == "3")
    assert numbers(inbox) == [1, 4]
    assert [(row["row"], row["issue"]) for row in inbox.rejected("a_rejected.jsonl")] == [
        (2, "the row has 2 fields for 1 column"), (3, "refused"),
    ]  # fmt: skip
    taken = inbox.archived("a.meta.json")["taken"]
    assert (taken["rows"], taken["sent"], taken["set_aside"]) == (4, 2, 2)


@pytest.mark.parametrize("content", ["", "n\n", "n\n\n\n"])
def test_file_without_rows_is_archived(tmp_path: Path, content: str) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", content, row_count=0)
    assert inbox.take().data == []
    assert inbox.archived("a.meta.json")["taken"]["rows"] == 0


def test_whole_files_are_messages(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, split="file")
    inbox.drop("a.csv", CSV, row_count=2)
    inbox.drop("b.json.gz", gzip.compress(b'{"b": 1}'), row_count=1)
    inbox.drop("c.bin", b"\x00\xff")
    inbox.drop("d.csv", "a,b\n1\n")
    inbox.take()
    assert sorted(inbox.data, key=str) == sorted([ROWS, {"b": 1}, b"\x00\xff"], key=str)
    assert inbox.error("d.error.json")["check"] == "rows"


@pytest.mark.parametrize("split", ["rows", "file"])
def test_what_is_counted_in_one_json_value_is_the_business_of_its_maker(tmp_path: Path, split: str) -> None:
    document = {"tasks": [1, 2, 3]}
    inbox = Inbox(tmp_path, split=split)
    inbox.drop("a.json", json.dumps(document), row_count=3)
    inbox.drop("b.json.gz", gzip.compress(b" 7 "), row_count=2)
    inbox.drop("c.json", "[1, 2, 3]", row_count=1)
    assert sorted(inbox.take().data, key=str) == [7, document]
    assert inbox.error("c.error.json")["check"] == "row_count"


def test_file_that_was_taken_before_is_archived_as_a_duplicate(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    for _ in range(3):
        inbox.drop("a.csv", CSV)
        inbox.take()
    assert inbox.data == ROWS
    duplicates = [
        inbox.json(path)["taken"]["duplicate_of"] for path in inbox.tree() if path.endswith(".meta.json")
    ]
    assert sorted(map(str, duplicates)) == ["None", "archive/2031-05/a.csv", "archive/2031-05/a.csv"]
    assert [event for event, _ in inbox.notices] == ["file.duplicate"] * 2


@pytest.mark.parametrize("changes", [{"created_at": "2025-11-24T08:30:01Z"}, {"content": CSV + "5,6\n"}])
def test_file_of_the_same_name_that_differs_is_none(tmp_path: Path, changes: dict[str, Any]) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV)
    inbox.take()
    inbox.drop("a.csv", **{"content": CSV, **changes})
    inbox.take()
    assert len(inbox.data) > 3
    assert len([path for path in inbox.tree() if path.endswith(".csv")]) == 2
    inbox.drop("a.csv", **{"content": CSV, **changes})
    inbox.take()
    assert inbox.notices[-1][0] == "file.duplicate"


def test_without_manifest_the_time_of_the_file_tells_a_duplicate(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, arrival="done-marker")
    for at in (1, 2, 1):
        path = inbox.imports / "a.csv"
        path.write_text(CSV)
        os.utime(path, (at, at))
        (inbox.imports / "a.csv.done").touch()
        inbox.take()
    assert inbox.data == ROWS * 2
    assert [event for event, _ in inbox.notices] == ["file.duplicate"]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.json"])
@pytest.mark.parametrize("receipts", [1, 2, 3, 4])
def test_next_process_goes_on_in_the_middle_of_a_file(tmp_path: Path, name: str, receipts: int) -> None:
    inbox = Inbox(tmp_path)
    content = {
        "a.csv": rows(THREE_CHUNKS), "a.csv.gz": gzip.compress(rows(THREE_CHUNKS).encode()),
        "a.jsonl": "".join(f'{{"n": {n}}}\n' for n in range(THREE_CHUNKS)),
        "a.json": json.dumps([{"n": n} for n in range(THREE_CHUNKS)]),
    }[name]  # fmt: skip
    inbox.drop(name, content, row_count=THREE_CHUNKS)
    intake = inbox.intake()
    inbox.drain(intake, receipts=receipts)
    intake.read_ahead()
    inbox.kill(intake)
    inbox.take()
    assert numbers(inbox) == list(range(THREE_CHUNKS))
    assert inbox.archived("a.meta.json")["taken"]["sent"] == THREE_CHUNKS
    assert len([path for path in inbox.tree() if path.startswith("claimed")]) == 0


@pytest.mark.parametrize("receipts", [1, 2, 3])
def test_rows_are_set_aside_once_whenever_the_process_dies(tmp_path: Path, receipts: int) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", "n\n" + "".join(f"{n}\n{n},bad\n" for n in range(8000)))
    intake = inbox.intake()
    inbox.drain(intake, receipts=receipts, refuses=lambda row: row["n"].endswith("7"))
    assert intake.next() is not None
    [rejected] = (inbox.root / "claimed").rglob("*.rejected.jsonl")
    with rejected.open("ab") as file:
        file.write(b'{"row": 15999, "cut o')
    inbox.kill(intake)
    inbox.take(refuses=lambda row: row["n"].endswith("7"))
    assert numbers(inbox) == [n for n in range(8000) if n % 10 != 7]
    found = sorted(row["row"] for row in inbox.rejected("a_rejected.jsonl"))
    assert found == sorted([*range(2, 16001, 2), *(2 * n + 1 for n in range(7, 8000, 10))])
    assert inbox.archived("a.meta.json")["taken"]["set_aside"] == 8800


def test_claim_of_a_process_that_lives_is_left_alone_until_it_lets_go(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", rows(THREE_CHUNKS))
    first = inbox.intake()
    inbox.drain(first, receipts=1)
    inbox.alive.add("worker/boot-0")
    inbox.boot += 1
    second = inbox.intake()
    assert second.next() is None
    first.stop()
    first.close()
    inbox.wait(5)
    second.connect(inbox.stored.positions)
    inbox.drain(second)
    assert numbers(inbox) == list(range(THREE_CHUNKS))


def test_what_was_not_stored_comes_again(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", rows(CHUNK_ROWS + 400))
    intake = inbox.intake()
    chunk = intake.next()
    intake.read_ahead()
    assert intake.next() is chunk
    assert chunk is not None
    inbox.store(intake, chunk)
    inbox.drain(intake)
    assert numbers(inbox) == list(range(CHUNK_ROWS + 400))


@pytest.mark.parametrize("how", ["append", "truncate", "rewrite"])
def test_file_that_is_written_to_while_it_is_read_is_set_aside(tmp_path: Path, how: str) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", rows(THREE_CHUNKS))
    intake = inbox.intake()
    inbox.drain(intake, receipts=1)
    [path] = (inbox.root / "claimed").rglob("a.csv")
    with path.open({"append": "ab", "truncate": "r+b", "rewrite": "r+b"}[how]) as file:
        if how == "truncate":
            file.truncate(100)
        else:
            file.write(b"x")
    os.utime(path, ns=(1, 1))
    inbox.drain(intake)
    report = inbox.error("a.error.json")
    assert report["check"] == "unchanged"
    assert report["rows_sent"] == len(inbox.data)
    assert numbers(inbox) == list(range(len(inbox.data)))


def test_positions_of_archived_files_are_forgotten(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    for n in range(5):
        inbox.drop(f"a{n}.csv", rows(3))
        inbox.take()
    assert len(inbox.stored.positions) == 1


def test_folder_that_is_away_is_asked_for_again(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.root.rename(tmp_path / "away")
    with pytest.raises(NotConnected, match="data is not there"):
        inbox.intake()
    (tmp_path / "away").rename(inbox.root)
    inbox.intake()


def test_link_in_the_tree_is_refused(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    (inbox.root / "archive").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="archive is a link"):
        inbox.intake()


def test_disk_that_fails_loses_nothing(tmp_path: Path) -> None:
    """Whatever step of the file system fails, and however often: after a new ``connect`` all is well."""

    class Failing(FileSystem):
        steps = -1

        def __getattribute__(self, name: str) -> Any:
            if name in {"rename", "rename_new", "create", "sync", "remove", "make_folder"}:
                self.steps -= 1
                if self.steps == 0:
                    raise OSError(5, "broken", name)
            return super().__getattribute__(name)

    for step in range(1, 40):
        inbox = Inbox(tmp_path / str(step))
        inbox.files = files = Failing()
        inbox.drop("a.csv", rows(1100) + "1,2\n")
        intake = inbox.adapter()._intake
        files.steps = step
        try:
            intake.connect(inbox.stored.positions)
            inbox.drain(intake)
        except OSError:
            files.steps = -1
            intake.connect(inbox.stored.positions)
            inbox.drain(intake)
        assert numbers(inbox) == list(range(1100))
        assert [row["row"] for row in inbox.rejected("a_rejected.jsonl")] == [1101]
        assert [path for path in inbox.tree() if path.startswith(("claimed", "imports"))] == []
