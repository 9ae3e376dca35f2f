"""Exports of Todoist as files: all rows are taken or told, and the same file again changes nothing."""

from __future__ import annotations

import csv
import json
import os
import zipfile
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock import PermanentError
from crossdock.exporting import Found
from crossdock.testing.exporter_contract import ExporterContract
from task_priority.exporters.todoist_backup import TodoistBackupExporter, read
from task_priority.exporters.todoist_backup.files import BadFile
from task_priority.exporters.todoist_backup.objects import objects_of_rows
from task_priority.exporters.todoist_backup.rows import Row, rows_of
from task_priority.model import Priority, Task
from task_priority.moments import Day, Instant
from task_priority.reading import Reading, Window
from tests.task_priority.cases import NOW, OSLO
from tests.task_priority.exporters.kept import Kept, objects_of

WINDOW = Window(NOW, NOW, OSLO)
HEADER = (
    "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE,DURATION,DURATION_UNIT,"
    "DEADLINE,DEADLINE_LANG\r\n"
)
WORK = HEADER + (
    "meta,view_style=list,,,,,,,,,,,,\r\n"
    'task,"Draft the ""big"" roadmap @work @deep",Outline,1,1,Kari (1),,2026-11-30 at 14:00,en,Europe/Oslo,45,minute,'
    "Dec 4 2026,en\r\n"
    "note,Remember the plan,,,,Kari (1),,2026-11-10T14:03:22Z,,,,,,\r\n"
    "task,Ask around,,4,2,Kari (1),Ola (2),every friday,en,,,None,,\r\n"
    ",,,,,,,,,,,,,\r\n"
    "section,Later,,,,,,,,,,,,\r\n"
    "task,* Reference,,,1,Kari (1),,,,,,,,\r\n"
    "task,Ask around,,3,3,Kari (1),,2026-12-01,en,Europe/Oslo,1,day,,\r\n"
)


def kept_of(path: Path, **options: Any) -> Kept:
    kept = Kept()
    kept.run(TodoistBackupExporter(path, **options))
    return kept


def reading_of(kept: Kept) -> Reading:
    return read(kept.objects(), WINDOW)


def tasks_of(kept: Kept) -> dict[str, Task]:
    return {f"{task.section}/{task.title}": task for task in reading_of(kept).tasks}


def write(path: Path, text: str | bytes = WORK, *, age: timedelta = timedelta(0)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, (NOW.timestamp() - age.total_seconds(),) * 2)
    return path


def test_a_csv_export_says_all_that_todoist_wrote(tmp_path: Path) -> None:
    kept = kept_of(write(tmp_path / "Work [220474322].csv"), owner="Kari")
    tasks = tasks_of(kept)
    draft = tasks['/Draft the "big" roadmap']
    assert draft == Task(
        id=draft.id,
        title='Draft the "big" roadmap',
        project="Work",
        labels=("work", "deep"),
        priority=Priority.URGENT,
        due=Instant(datetime(2026, 11, 30, 14, tzinfo=ZoneInfo("Europe/Oslo"))),
        deadline=date(2026, 12, 4),
        duration=timedelta(minutes=45),
    )
    ask = tasks["/Ask around"]
    assert (ask.parent, ask.priority, ask.assignee, ask.recurring, ask.due) == (
        draft.id,
        Priority.NORMAL,
        "Ola",
        True,
        None,
    )
    assert not tasks["Later/Reference"].actionable
    later = tasks["Later/Ask around"]
    assert (later.due, later.duration, later.priority) == (
        Day(date(2026, 12, 1)),
        timedelta(hours=8),
        Priority.RAISED,
    )
    assert later.parent == tasks["Later/Reference"].id
    assert [comment["content"] for comment in kept.objects()["comments"].values()] == ["Remember the plan"]
    assert len(tasks) == len({task.id for task in tasks.values()}) == 4
    assert [(one.kind, one.reason) for one in reading_of(kept).unread] == [
        ("tasks", "its due date cannot be read, and is left out: 'every friday' names no day for certain")
    ]


def priorities_of(text: bytes) -> list[Any]:
    taken = objects_of_rows("x", rows_of(text), exported=NOW.date(), owner=None)
    found = [one for one in taken if isinstance(one, Found)]
    return [one.data["priority"] for one in found[1:] if one.data]


def test_priority_1_of_the_csv_is_p1_and_so_is_an_empty_one() -> None:
    rows = b"\n".join(b"task,a,%b" % one for one in (b"1", b"2", b"3", b"4", b""))
    assert priorities_of(b"TYPE,CONTENT,PRIORITY\n" + rows) == [4, 3, 2, 1, 4]


def test_where_nobody_wrote_priorities_no_task_is_urgent() -> None:
    assert priorities_of(b"TYPE,CONTENT\ntask,a\ntask,b\n") == [1, 1]


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    """Complaint 32: what was imported twice was there twice."""
    file = write(tmp_path / "Work.csv")
    kept = kept_of(file)
    assert list(TodoistBackupExporter(file).pull(kept.states)) == []
    before = kept.objects()
    write(file, WORK + "\r\n")
    kept.run(TodoistBackupExporter(file))
    assert kept.objects() == before


def test_a_task_stays_the_same_when_all_but_its_title_changes(tmp_path: Path) -> None:
    file = write(tmp_path / "Work.csv")
    kept = kept_of(file)
    before = kept.ids("tasks")
    write(
        file, WORK.replace(" @work", "").replace("2026-12-01", "2026-12-24").replace(",1,1,Kari", ",2,1,Kari")
    )
    kept.run(TodoistBackupExporter(file))
    assert kept.ids("tasks") == before
    write(file, WORK.replace("* Reference", "* Other"))
    kept.run(TodoistBackupExporter(file))
    assert len(kept.ids("tasks") & before) == 3


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\r\n", "\n").encode(),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.lower().replace("type", "Type").encode(),
    ],
)
def test_files_that_went_through_other_programs_are_read(tmp_path: Path, encode: Any) -> None:
    plain = HEADER + "task,Ærend,,1,1,,,,,,,,,\r\ntask,b,,1,2,,,,,,,,,\r\n"
    kept = kept_of(write(tmp_path / "Work.csv", encode(plain)))
    assert {task.title.lower() for task in reading_of(kept).tasks} == {"ærend", "b"}
    assert not kept.reasons()


def test_ragged_rows_are_set_aside_with_their_lines_and_the_rest_is_taken(tmp_path: Path) -> None:
    text = HEADER + (
        "task,one,,1,1,,,,,,,,,\r\n"
        "task,too, many, commas,,1,2,,,,,,,,,\r\n"
        "note,on what?,,,,,,,,,,,,\r\n"
        "task,whose part?,,1,2,,,,,,,,,\r\n"
        'task,"never closed,,1,1,,,,,,,,,\r\n'
        "task,two,,1,1,,,,,,,,,\r\n"
        "task,too few\r\n"
        "task,,,1,1,,,,,,,,,\r\n"
        "task,deep,,1,x,,,,,,,,,\r\n"
        "idea,three,,1,1,,,,,,,,,\r\n"
    )
    kept = kept_of(write(tmp_path / "Work.csv", text))
    assert {task.title: task.parent for task in reading_of(kept).tasks} == {
        "one": None,
        "whose part?": None,
        "two": None,
    }
    lines = [reason.split(";")[0] for reason in kept.reasons()]
    assert lines == [
        "line 10: INDENT 'x' is no level",
        "line 11: TYPE 'idea' is none of task, section, note and meta",
        "line 3: it has 16 cells, and the header 14",
        "line 4: the row that it belongs to could not be read",
        "line 6: it has 2 cells, and the header 14",
        "line 8: it has 2 cells, and the header 14",
        "line 9: it has no CONTENT",
    ]


@pytest.mark.parametrize("limit", [131_072, 2**30], ids=["limit-of-csv", "limit-raised-by-others"])
def test_a_cell_without_an_end_takes_no_other_row_with_it(
    tmp_path: Path, limit: int, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(partial(csv.field_size_limit, csv.field_size_limit(limit)))
    text = HEADER + f'task,"{"long" * 40_000},,1,1,,,,,,,,,\r\ntask,two,,1,1,,,,,,,,,\r\n'
    kept = kept_of(write(tmp_path / "Work.csv", text))
    assert [task.title for task in reading_of(kept).tasks] == ["two"]
    assert [reason.split(";")[0] for reason in kept.reasons()] == [
        "line 2: a cell of it is longer than 131072 characters"
    ]


CELL = st.text(st.sampled_from('ab@ ,;"\r\n1éT-[]()'), max_size=6) | st.sampled_from(
    ["task", "note", "section", "every day"]
)


@given(st.lists(st.lists(CELL, min_size=1, max_size=16).map(",".join), max_size=8).map("\n".join))
def test_whatever_the_rows_are_taken_and_set_aside_together_are_all(text: str) -> None:
    rows = list(rows_of((HEADER + text).encode()))
    taken = list(objects_of_rows("x", rows, exported=NOW.date(), owner="a"))
    assert len(taken) == 1 + len(rows)
    found = [one for one in taken if isinstance(one, Found)]
    objects = objects_of(found)
    assert sum(map(len, objects.values())) == len(found)  # no two have one id
    assert len(read(objects, WINDOW).tasks) == len(objects.get("tasks", {}))


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_is_in_a_file_it_is_read_or_said_to_be_bad(data: bytes) -> None:
    with suppress(BadFile):
        assert all(isinstance(row, Row) or row.reason for row in rows_of(data))


def test_an_archive_of_backups_is_opened_and_its_newest_projects_count(tmp_path: Path) -> None:
    """Complaint 32: doubles. Each daily backup has every project again."""
    for day in (24, 25, 26):
        with zipfile.ZipFile(tmp_path / f"2026-11-{day} 04_00.zip", "w") as archive:
            member = zipfile.ZipInfo("Work [2204].csv", (2026, 11, day, 4, 0, 0))
            archive.writestr(member, HEADER + f"task,day {day},,1,1,,,,,,,,,\r\n")
            archive.writestr("readme.txt", "hello")
            archive.writestr("__MACOSX/._Work [2204].csv", b"\x00\x05\x16\x07")
    kept = kept_of(tmp_path)
    assert [task.title for task in reading_of(kept).tasks] == ["day 26"]
    older = [f"2026-11-{day} 04_00.zip/Work [2204].csv" for day in (25, 24)]
    newest = "2026-11-26 04_00.zip/Work [2204].csv"
    assert kept.remarks == [f"{newest} is the newest of its project; left: {', '.join(older)}"]


def test_a_file_that_goes_takes_its_tasks_with_it(tmp_path: Path) -> None:
    write(tmp_path / "Work.csv")
    home = write(tmp_path / "sub" / "Home.csv", HEADER + "task,sweep,,1,1,,,,,,,,,\r\n")
    kept = kept_of(tmp_path)
    assert "/sweep" in tasks_of(kept)
    home.unlink()
    kept.run(TodoistBackupExporter(tmp_path))
    assert "/sweep" not in tasks_of(kept)
    assert set(kept.states) == {"", "project Work"}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("Home.csv", b"\xff\x00\xffbroken", "its text is not in UTF-8 (byte 0): save it as “CSV UTF-8”"),
        ("Home.csv", b"", "it is no CSV export of Todoist"),
        ("Home.csv", b"Name,Due\nx,y\n", "it is no CSV export of Todoist"),
        ("Home.json", b'{"items": [', "it is no JSON, or only a part of it"),
        ("Home.json", b"[]", "it is no backup of Todoist"),
        ("Home.json", b'{"items": {}}', "it is no backup of Todoist"),
        ("Home.zip", b"PK\x03\x04 cut", "the archive cannot be opened"),
    ],
)
def test_a_bad_file_is_said_and_neither_stops_the_others_nor_loses_what_it_held(
    tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    write(tmp_path / "Work.csv")
    other = tmp_path / name
    good = json.dumps({"items": [{"id": "x", "content": "sweep"}]}) if name.endswith("json") else WORK
    if name.endswith("zip"):
        with zipfile.ZipFile(other, "w") as archive:
            archive.writestr("Home.csv", good)
    else:
        write(other, good)
    kept = kept_of(tmp_path)
    before = kept.objects()
    write(other, data)
    kept.run(TodoistBackupExporter(tmp_path))
    assert words in kept.reasons()[0]
    assert kept.objects() == before
    other.unlink()
    kept.run(TodoistBackupExporter(tmp_path))
    assert set(kept.states) == {"", "project Work"}
    assert kept.states[""] == {"bad": []}
    assert not kept.reasons()


def test_an_encrypted_or_damaged_member_of_an_archive_is_said(tmp_path: Path) -> None:
    path = tmp_path / "backup.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Work.csv", WORK)
    path.write_bytes(path.read_bytes().replace(b"Draft", b"Drift"))
    kept = kept_of(path)
    assert kept.reasons()[0].startswith("backup.zip/Work.csv: it cannot be unpacked: Bad CRC-32")
    assert kept.states == {"project Work": None}


def test_a_json_backup_is_read_as_the_service_would_have_told_it(tmp_path: Path) -> None:
    backup = {
        "items": [
            {"id": "a", "content": "a", "project_id": "p"},
            {"id": "b", "content": "b", "checked": True},
            {"id": "c", "content": "c", "project_id": "old"},
            "broken",
        ],
        "projects": [{"id": "p", "name": "Home"}, {"id": "old", "name": "Old", "is_archived": True}],
        "user": {"id": "1", "token": "secret"},
    }
    kept = kept_of(write(tmp_path / "todoist.json", json.dumps(backup)))
    titles = {task.title: task.project for task in reading_of(kept).tasks}
    assert titles == {"a": "Home"}
    assert kept.objects()["user"] == {"1": {"id": "1"}}
    assert kept.reasons() == ["it is no object but 'broken'"]


@pytest.mark.parametrize(
    ("owner", "assignee"), [(None, None), ("Ola", None), ("2", None), ("Kari", "Ola"), ("1", "Ola")]
)
def test_what_is_somebody_elses_is_known_if_the_owner_is(
    tmp_path: Path, owner: str | None, assignee: str | None
) -> None:
    kept = kept_of(write(tmp_path / "Work.csv"), owner=owner)
    assert tasks_of(kept)["/Ask around"].assignee == assignee
    assert (kept.remarks == []) == (owner is not None)


def test_a_full_run_over_a_bad_archive_fails_and_loses_nothing(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "Home.zip", "w") as archive:
        archive.writestr("Home.csv", WORK)
    write(tmp_path / "Work.csv")
    kept = kept_of(tmp_path)
    before = kept.objects()
    write(tmp_path / "Home.zip", b"PK\x03\x04 cut")
    with pytest.raises(PermanentError, match=r"Home\.zip: the archive cannot be opened"):
        kept.run(TodoistBackupExporter(tmp_path), full=True)
    assert kept.objects() == before


class Files:
    """The files of somebody, as the contract suite plays them."""

    def __init__(self, folder: Path) -> None:
        self._file = write(folder / "Work.csv")

    def exporter(self) -> TodoistBackupExporter:
        return TodoistBackupExporter(self._file)

    def change(self) -> None:
        write(self._file, WORK.replace("* Reference", "new").replace("Outline", "other"))

    def present(self) -> dict[str, set[str]]:
        rows = rows_of(self._file.read_bytes())
        taken = objects_of_rows("Work", rows, exported=NOW.date(), owner=None)
        return {
            kind: set(found)
            for kind, found in objects_of(one for one in taken if isinstance(one, Found)).items()
        }


class TestContract(ExporterContract):
    @pytest.fixture
    def far_side(self, tmp_path: Path) -> Files:
        return Files(tmp_path)
