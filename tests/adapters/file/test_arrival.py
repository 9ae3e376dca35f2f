from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.adapters.file.inbox import Inbox

CSV = "a,b\n1,2\n3,4\n"
ROWS = [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_file_with_its_manifest_is_taken_and_archived(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("sales_001.csv", CSV, row_count=2, next_app="x")
    inbox.take()
    assert inbox.data == ROWS
    assert inbox.tree() == ["archive/2031-05/sales_001.csv", "archive/2031-05/sales_001.meta.json"]
    manifest = inbox.archived("sales_001.meta.json")
    assert manifest["filename"] == "sales_001.csv"
    assert manifest["next_app"] == "x"
    assert {key: manifest["taken"][key] for key in ("by", "rows", "sent", "set_aside", "duplicate_of")} == {
        "by": "importer", "rows": 2, "sent": 2, "set_aside": 0, "duplicate_of": None,
    }  # fmt: skip
    assert inbox.notices == []


def test_parts_wait_for_each_other_and_after_an_hour_a_person_is_told(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    (inbox.imports / "a.csv").write_text(CSV)
    inbox.drop("b.csv", CSV).unlink()
    intake = inbox.intake()
    for seconds in (0, 3599, 10, 7200):
        inbox.wait(seconds)
        assert intake.next() is None
    assert inbox.tree() == ["imports/a.csv", "imports/b.meta.json"]
    assert sorted(inbox.notices) == [
        ("file.waiting", "imports/a.csv has waited for over an hour; it needs its manifest, a.meta.json"),
        ("file.waiting", "imports/b.meta.json has waited for over an hour; it needs its data file"),
    ]
    (inbox.imports / "b.csv").write_text(CSV)
    inbox.drain(intake)
    assert inbox.data == ROWS


def test_files_are_taken_in_the_order_of_their_completion(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    for at, name in enumerate(("c", "a", "b")):
        inbox.drop(f"{name}.json", f'"{name}"')
        os.utime(inbox.imports / f"{name}.meta.json", (at, at))
    assert inbox.take().data == ["c", "a", "b"]


def test_folders_of_days_are_looked_into_too(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV, folder=inbox.imports / "2025-11-24")
    inbox.drop("b.csv", CSV, folder=inbox.imports / "other")
    inbox.take()
    assert inbox.data == ROWS
    assert "imports/other/b.csv" in inbox.tree()
    assert "archive/2031-05/a.csv" in inbox.tree()


def test_pattern_says_which_files_are_meant(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, pattern="s*.csv")
    for name in ("sales.csv", "other.csv", "sales.json", ".sales.csv"):
        (inbox.imports / name).write_text(CSV)
    inbox.drop("s2.csv", CSV)
    assert inbox.take().data == ROWS
    assert [name for name in inbox.tree() if name.startswith("imports")] == [
        "imports/.sales.csv", "imports/other.csv", "imports/sales.csv", "imports/sales.json",
    ]  # fmt: skip


def test_done_marker_says_that_a_file_is_whole(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, arrival="done-marker")
    (inbox.imports / "a.csv").write_text(CSV)
    assert inbox.take().data == []
    (inbox.imports / "a.csv.done").touch()
    assert inbox.take().data == ROWS
    assert inbox.tree() == ["archive/2031-05/a.csv", "archive/2031-05/a.meta.json"]
    assert inbox.archived("a.meta.json")["row_count"] == 2


def test_done_marker_may_be_named_otherwise(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, arrival="done-marker", marker=".ok")
    (inbox.imports / "a.csv").write_text(CSV)
    (inbox.imports / "a.csv.ok").touch()
    assert inbox.take().data == ROWS


def test_file_is_stable_when_it_has_not_changed_for_a_while(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, arrival="stable", settle="5s")
    path = inbox.imports / "a.csv"
    path.write_text("a,b\n1,")
    intake = inbox.intake()
    for more in ("2\n", "3,", "4\n"):
        inbox.wait(4)
        assert intake.next() is None
        with path.open("a") as file:
            file.write(more)
    assert intake.next() is None
    inbox.wait(4.9)
    assert intake.next() is None
    inbox.wait(0.1)
    inbox.drain(intake)
    assert inbox.data == ROWS
    assert inbox.tree() == ["archive/2031-05/a.csv", "archive/2031-05/a.meta.json"]


def test_file_replaced_while_it_settles_settles_anew(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, arrival="stable", settle="5s")
    path = inbox.imports / "a.json"
    path.write_text("1")
    intake = inbox.intake()
    assert intake.next() is None
    inbox.wait(4)
    (inbox.imports / ".new").write_text("2")
    os.utime(inbox.imports / ".new", ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    (inbox.imports / ".new").rename(path)
    assert intake.next() is None
    inbox.wait(4)
    assert intake.next() is None
    inbox.wait(2)
    inbox.drain(intake)
    assert inbox.data == [2]


def test_second_data_file_of_a_stem_goes_to_errors(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    (inbox.imports / "a.json").write_text("1")
    inbox.drop("a.csv", CSV)
    assert inbox.take().data == ROWS
    assert inbox.tree() == [
        "archive/2031-05/a.csv", "archive/2031-05/a.meta.json",
        "errors/2031-05-17/a.error.json", "errors/2031-05-17/a.json",
    ]  # fmt: skip
    assert inbox.error("a.error.json")["check"] == "stem"


@pytest.mark.parametrize("arrival", ["manifest", "stable"])
def test_links_are_not_followed_and_pipes_not_waited_for(tmp_path: Path, arrival: str) -> None:
    inbox = Inbox(tmp_path, arrival=arrival)
    (tmp_path / "secret.json").write_text('"secret"')
    for name in ("link.json", "pipe.json"):
        inbox.drop(name, '"secret"').unlink()
    (inbox.imports / "link.json").symlink_to(tmp_path / "secret.json")
    os.mkfifo(inbox.imports / "pipe.json")
    intake = inbox.intake()
    assert intake.next() is None
    inbox.wait(2)
    inbox.drain(intake)
    assert inbox.data == []
    assert inbox.error("link.error.json")["issue"] == "'link.json' is a link, which is not followed"
    assert inbox.error("pipe.error.json")["issue"] == "'pipe.json' is not a plain file"


def test_manifest_that_is_a_link_is_wrong(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.json", "1")
    (inbox.imports / "a.meta.json").rename(tmp_path / "elsewhere.json")
    (inbox.imports / "a.meta.json").symlink_to(tmp_path / "elsewhere.json")
    inbox.now = inbox.now.replace(year=2040)
    assert inbox.take().data == []
    assert (tmp_path / "elsewhere.json").exists()


@pytest.mark.parametrize("name", ["../outside.json", "/etc/passwd", "sub/x.json", "b.json", ".a.json"])
def test_manifest_names_its_own_file_and_no_other(tmp_path: Path, name: str) -> None:
    inbox = Inbox(tmp_path)
    (inbox.root / "outside.json").write_text("1")
    inbox.drop("a.json", "1", filename=name)
    inbox.now = inbox.now.replace(year=2040)
    assert inbox.take().data == []
    assert (inbox.root / "outside.json").exists()
    [report] = [path for path in inbox.tree() if path.endswith("a.error.json")]
    assert "filename" in inbox.json(report)["issue"]


def test_half_written_manifest_is_given_time(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, settle="5s")
    inbox.drop("a.json", "1")
    manifest = inbox.imports / "a.meta.json"
    whole = manifest.read_text()
    manifest.write_text(whole[:20])
    os.utime(manifest, (inbox.now.timestamp(), inbox.now.timestamp()))
    intake = inbox.intake()
    assert intake.next() is None
    manifest.write_text(whole)
    inbox.drain(intake)
    assert inbox.data == [1]


def test_name_that_can_be_none_is_left_and_told_of(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, arrival="stable")
    for name in ("a\nb.json", "c\\d.json", f"{'x' * 201}.json", os.fsdecode(b"\xff.json"), "é.json"):
        (inbox.imports / name).write_text("1")
    intake = inbox.intake()
    for seconds in (0, 2, 3600):
        inbox.wait(seconds)
        inbox.drain(intake)
    assert inbox.data == [1, 1]
    assert sorted(event for event, _ in inbox.notices) == ["file.waiting"] * 3
    assert {options["subject"] for options in inbox.stored.options} <= {"?.json", "é.json"}
