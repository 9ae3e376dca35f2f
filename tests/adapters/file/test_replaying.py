"""A file is sent again: one of the archive as another, one of the errors as the one that it was."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.inbound import rules_of
from crossdock.adapters.file.reading.rows import CHUNK_ROWS
from crossdock.adapters.file.replaying import Replaying, find_replay
from crossdock.adapters.file.tree import tree_of
from crossdock.durable_files import FileSystem
from tests.adapters.file.inbox import Inbox
from tests.adapters.file.taking_program import stepping

CSV = "n\n1\n2\n"
ARCHIVED = "archive/2031-05/a.csv"
IN_ERRORS = "errors/2031-05-17/a.csv"


def replaying(inbox: Inbox, files: FileSystem | None = None) -> Replaying:
    """Return what puts files back into the inbox."""
    return Replaying(
        tree_of("data/imports", above=inbox.folder),
        rules_of(inbox.settings, inbox.folder),
        files or inbox.files,
        now=lambda: inbox.now,
    )


@pytest.mark.parametrize("name", ["a.csv", "a.meta.json"])
def test_archived_file_is_sent_again_and_stays(tmp_path: Path, name: str) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV, made_for="x")
    inbox.take()
    inbox.wait(60)
    replaying(inbox).put_copy(find_replay(inbox.root / "archive/2031-05" / name))
    inbox.take()
    assert Counter(row["n"] for row in inbox.data) == {"1": 2, "2": 2}
    assert [event for event, _ in inbox.notices] == ["file.replayed"]
    assert inbox.notices[0][1] == "a.csv was sent again, 2 rows of it: it was archive/2031-05/a.csv"
    assert inbox.archived("a.meta.json")["taken"]["replayed"] == [inbox.now.isoformat()]
    [again] = [path for path in inbox.tree() if path.endswith(".meta.json") and "/a.meta" not in path]
    manifest = inbox.json(again)
    assert manifest["made_for"] == "x"
    assert manifest["replay_of"]["file"] == ARCHIVED
    assert manifest["taken"]["duplicate_of"] is None


def test_copy_of_a_replayed_file_can_be_replayed_too(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV)
    inbox.take()
    for _ in range(2):
        inbox.wait(60)
        newest = max(
            (path for path in inbox.tree() if path.endswith(".csv")),
            key=lambda path: (inbox.root / path).stat().st_ctime_ns,
        )
        replaying(inbox).put_copy(find_replay(inbox.root / newest))
        inbox.take()
    assert Counter(row["n"] for row in inbox.data) == {"1": 3, "2": 3}


def take_alone(inbox: Inbox) -> None:
    """Let a process take what came without a manifest and has settled."""
    intake = inbox.intake()
    inbox.drain(intake)
    inbox.wait(60)
    inbox.drain(intake)
    intake.close()
    inbox.boot += 1


def arrive(inbox: Inbox, name: str, content: str) -> None:
    """Put a file there without a manifest."""
    (inbox.imports / name).write_text(content)
    if inbox.settings.arrival == "done-marker":
        (inbox.imports / f"{name}.done").touch()


ALONE = pytest.mark.parametrize("arrival", ["done-marker", "stable"])


@ALONE
def test_archived_file_without_manifest_is_another_by_its_time(tmp_path: Path, arrival: str) -> None:
    inbox = Inbox(tmp_path, arrival=arrival)
    arrive(inbox, "a.csv", CSV)
    take_alone(inbox)
    assert inbox.notices == []
    replaying(inbox).put_copy(find_replay(inbox.root / ARCHIVED))
    take_alone(inbox)
    assert Counter(row["n"] for row in inbox.data) == {"1": 2, "2": 2}
    assert inbox.notices == [
        ("file.replayed", "a.csv was sent again, 2 rows of it: it was archive/2031-05/a.csv")
    ]
    [again] = [path for path in inbox.tree() if path.endswith(".meta.json") and "/a.meta" not in path]
    assert inbox.json(again)["replay_of"]["file"] == ARCHIVED
    assert list(inbox.imports.iterdir()) == []


@ALONE
@pytest.mark.parametrize("way", ["put_back", "put_mended"])
def test_file_of_the_errors_without_manifest_tells_what_it_was(
    tmp_path: Path, arrival: str, way: str
) -> None:
    inbox = Inbox(tmp_path, arrival=arrival)
    arrive(inbox, "a.csv", '"n\n1\n')
    take_alone(inbox)
    (inbox.root / IN_ERRORS).write_text(CSV)
    inbox.notices.clear()
    getattr(replaying(inbox), way)(find_replay(inbox.root / IN_ERRORS))
    take_alone(inbox)
    assert inbox.data == [{"n": "1"}, {"n": "2"}]
    assert inbox.notices == [("file.replayed", f"a.csv was sent again, 2 rows of it: it was {IN_ERRORS}")]
    assert inbox.archived("a.meta.json")["replay_of"]["created_at"] is None
    assert list(inbox.imports.iterdir()) == []


@ALONE
@pytest.mark.parametrize("way", ["put_back", "put_mended"])
def test_file_of_the_errors_without_manifest_stays_there_while_it_is_wrong(
    tmp_path: Path, arrival: str, way: str
) -> None:
    inbox = Inbox(tmp_path, arrival=arrival)
    arrive(inbox, "a.csv", "n,n\n1,2\n")
    take_alone(inbox)
    with pytest.raises(FileFault) as caught:
        getattr(replaying(inbox), way)(find_replay(inbox.root / IN_ERRORS))
    assert caught.value.check == "header"
    assert inbox.tree() == [IN_ERRORS, "errors/2031-05-17/a.error.json"]


@ALONE
def test_new_file_of_the_name_of_a_replayed_one_is_no_replay(tmp_path: Path, arrival: str) -> None:
    inbox = Inbox(tmp_path, arrival=arrival)
    arrive(inbox, "a.csv", CSV)
    take_alone(inbox)
    replaying(inbox).put_copy(find_replay(inbox.root / ARCHIVED))
    arrive(inbox, "a.csv", "n\n3\n")
    take_alone(inbox)
    assert inbox.data[-1] == {"n": "3"}
    assert inbox.notices == []
    assert list(inbox.imports.iterdir()) == []


def test_archived_file_that_is_damaged_is_not_sent(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV)
    inbox.take()
    (inbox.root / ARCHIVED).write_text("n\n1\n3\n")
    with pytest.raises(FileFault, match="checksum"):
        replaying(inbox).put_copy(find_replay(inbox.root / ARCHIVED))
    assert list(inbox.imports.iterdir()) == []


def test_file_in_the_way_is_not_replaced(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV)
    inbox.take()
    inbox.drop("a.json", "[]")
    with pytest.raises(FileFault, match=r"imports/a.*json is there already"):
        replaying(inbox).put_copy(find_replay(inbox.root / ARCHIVED))
    assert sorted(path.name for path in inbox.imports.iterdir()) == ["a.json", "a.meta.json"]


def test_what_is_no_file_of_an_archive_is_refused(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    path = inbox.drop("a.csv", CSV)
    with pytest.raises(FileFault, match="no file of an archive or of errors"):
        find_replay(path)


def broken_off(tmp_path: Path) -> Inbox:
    """Return an inbox whose file was sent up to the end of its first rows, and set aside since somebody wrote to it."""
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", "n\n" + "".join(f"{n}\n" for n in range(CHUNK_ROWS + 1)))
    intake = inbox.intake()
    chunk = intake.next()
    with (inbox.root / "claimed/boot-0/imports/a.csv").open("a") as file:
        file.write("x")
    inbox.store(intake, chunk)
    inbox.drain(intake)
    intake.close()
    inbox.boot += 1
    assert len(inbox.data) == CHUNK_ROWS
    return inbox


def test_file_of_the_errors_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    inbox = broken_off(tmp_path)
    path = inbox.root / IN_ERRORS
    with pytest.raises(FileFault, match="size"):
        replaying(inbox).put_back(find_replay(path))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1)
    replaying(inbox).put_back(find_replay(path))
    inbox.take()
    assert [row["n"] for row in inbox.data] == [str(n) for n in range(CHUNK_ROWS + 1)]
    assert inbox.tree() == [ARCHIVED, "archive/2031-05/a.meta.json"]
    assert inbox.notices[-1][0] == "file.replayed"


def test_mended_file_gets_a_new_manifest(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", "x", schema_version="7", row_count=2)
    inbox.take()
    (inbox.root / IN_ERRORS).write_text(CSV)
    with pytest.raises(FileFault) as caught:
        replaying(inbox).put_back(find_replay(inbox.root / IN_ERRORS))
    assert caught.value.check == "size"
    replaying(inbox).put_mended(find_replay(inbox.root / "errors/2031-05-17/a.error.json"))
    inbox.take()
    assert inbox.data == [{"n": "1"}, {"n": "2"}]
    assert inbox.tree() == [ARCHIVED, "archive/2031-05/a.meta.json"]
    assert inbox.archived("a.meta.json")["schema_version"] == "7"


def test_second_file_of_a_stem_gets_a_manifest_when_it_is_mended(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV)
    (inbox.imports / "a.jsonl").write_text('{"n": "3"}\n')
    inbox.take()
    path = inbox.root / "errors/2031-05-17/a.jsonl"
    with pytest.raises(FileFault, match="manifest"):
        replaying(inbox).put_back(find_replay(path))
    replaying(inbox).put_mended(find_replay(path))
    inbox.take()
    assert inbox.data[-1] == {"n": "3"}


class Stop(Exception):
    """The process is killed here."""


@pytest.mark.parametrize("way", ["put_back", "put_mended"])
def test_kill_at_any_step_is_made_good_by_doing_it_again(tmp_path: Path, way: str) -> None:
    at, stopped = 0, True
    while stopped:
        at += 1
        stopped = False
        inbox = Inbox(tmp_path / str(at))
        inbox.drop("a.csv", CSV, schema_version=None if way == "put_back" else "1")
        _set_aside(inbox)
        left = [at]

        def step(_name: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Stop

        try:
            getattr(replaying(inbox, stepping(step)), way)(find_replay(inbox.root / IN_ERRORS))
        except Stop:
            stopped = True
            inbox.take()
            if inbox.data == []:
                getattr(replaying(inbox), way)(find_replay(inbox.root / IN_ERRORS))
        inbox.take()
        assert inbox.data == [{"n": "1"}, {"n": "2"}], at
        files = [path for path in inbox.tree() if not path.endswith(".error.json")]
        assert files == [ARCHIVED, "archive/2031-05/a.meta.json"], at
    assert at > 3


def _set_aside(inbox: Inbox) -> None:
    """Let the file of an inbox be set aside, and then be good after all."""
    manifest = inbox.imports / "a.meta.json"
    good = manifest.read_bytes()
    manifest.write_text(json.dumps({**json.loads(good), "file_size": 1}))
    inbox.take()
    (inbox.root / "errors/2031-05-17/a.meta.json").write_bytes(good)
