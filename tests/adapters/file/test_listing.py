"""What lies in a tree is listed by its stages, and what became of files is found again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crossdock.adapters.file.arrival import Watch
from crossdock.adapters.file.listing import (
    Entry,
    fates,
    list_archive,
    list_claimed,
    list_errors,
    list_stage,
)
from crossdock.adapters.file.tree import Tree, tree_of
from tests.adapters.file.case import Table as Rows
from tests.adapters.file.case import adapter, deliver
from tests.adapters.file.inbox import Inbox

CSV = "n\n1\n2\n"


def tree(inbox: Inbox) -> Tree:
    return tree_of("data/imports", above=inbox.folder)


def short(entries: list[Entry]) -> list[tuple[str, str, int | None, int | None, str]]:
    """Return what does not depend on the time."""
    return [(one.file, one.state, one.rows, one.size, one.reason) for one in entries]


def test_stage_says_what_is_ready_and_what_waits_for_what(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV, row_count=2)
    (inbox.imports / "b.csv").write_text(CSV)
    inbox.drop("c.csv", CSV).unlink()
    size = (inbox.imports / "c.meta.json").stat().st_size
    (inbox.imports / ".d.csv").write_text(CSV)
    inbox.drop("e.csv", CSV, created_at="x")
    found = {one[0]: one[1:] for one in short(list(list_stage(tree(inbox), [Watch()])))}
    reason = found.pop("imports/e.csv")[-1]
    assert reason.startswith("manifest: e.meta.json: created_at")
    assert found == {
        "imports/a.csv": ("ready", 2, 6, ""),
        "imports/b.csv": ("waiting", None, 6, "it waits for its manifest, b.meta.json"),
        "imports/c.meta.json": ("waiting", None, size, "it waits for its data file"),
    }


def test_stage_without_manifests_is_seen_as_its_reader_sees_it(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    for name in ("a.csv", "b.csv", "b.csv.done"):
        (inbox.imports / name).touch()
    marked = list_stage(tree(inbox), [Watch(arrival="done-marker")])
    assert {one.file: one.state for one in marked} == {"imports/a.csv": "waiting", "imports/b.csv": "ready"}


def test_claimed_files_say_whose_they_are(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV)
    intake = inbox.intake()
    intake.next()
    assert short(list(list_claimed(tree(inbox)))) == [
        ("claimed/boot-0/imports/a.csv", "claimed", None, 6, "by worker/boot-0")
    ]
    inbox.kill(intake)


def test_archive_and_errors_say_what_became_of_each_file_the_newest_first(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    for _ in range(2):
        inbox.drop("a.csv", CSV + "3,x\n")
        inbox.take()
    inbox.drop("b.csv", CSV, file_size=1)
    inbox.take()
    duplicate, taken = list(list_archive(tree(inbox)))
    assert (taken.file, taken.state, taken.rows, taken.size) == ("archive/2031-05/a.csv", "taken", 3, 10)
    assert taken.reason == (
        "1 of its rows set aside, see errors/2031-05-17/a_rejected.jsonl; "
        "row 3, line 4: the row has 2 fields for 1 column"
    )
    assert (duplicate.state, duplicate.reason) == ("duplicate", "it is archive/2031-05/a.csv")
    assert taken.since == inbox.now
    error, rejected = list(list_errors(tree(inbox)))
    assert (error.file, error.state) == ("errors/2031-05-17/b.csv", "set aside")
    assert error.reason == "size: the file has 6 bytes, and its manifest says 1"
    assert (rejected.state, rejected.rows) == ("rows set aside", 1)


def test_what_others_have_left_there_is_passed_over(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.take()
    for folder in ("archive/2031-05", "errors/2031-05-17", "claimed/x"):
        (inbox.root / folder).mkdir(parents=True)
    for path in (
        "archive/2031-05/a.meta.json",
        "errors/2031-05-17/a.error.json",
        "archive/2031-05/b.meta.json",
    ):
        (inbox.root / path).write_text("[" if "a." in path else '{"filename": 1, "taken": []}')
    assert [*list_archive(tree(inbox)), *list_errors(tree(inbox)), *list_claimed(tree(inbox))] == []


def test_written_files_are_ready(tmp_path: Path) -> None:
    rows = Rows(tmp_path / "table.json")
    rows.send({"1": {"n": 1}, "2": {"n": 2}})

    async def write() -> None:
        to = adapter(tmp_path, format="csv", rows=10)
        await to.connect()
        await deliver(to, rows, ["1", "2"])
        await to.close()

    asyncio.run(write())
    (entry,) = list_stage(tree_of("data/exports", above=tmp_path), [])
    assert (entry.stage, entry.state, entry.rows) == ("exports", "ready", 2)


def test_fates_since_a_moment_are_found(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV)
    inbox.drop("b.csv", CSV, file_size=1)
    inbox.drop("c.csv", CSV)
    inbox.take()
    since = datetime.now(UTC) - timedelta(minutes=1)
    found = fates(tree(inbox), ["a.csv", "b.csv"], since)
    assert {fate.name: fate.state for fate in found} == {"a.csv": "taken", "b.csv": "set aside"}
    assert fates(tree(inbox), ["a.csv"], since + timedelta(hours=1)) == []
    assert fates(replace(tree(inbox), stage="other"), ["a.csv"], since) == []
