"""The commands that show something, piped and in a terminal, with the demo account at a fixed instant."""

from __future__ import annotations

import json
import subprocess
import sys

import jsonschema_rs
import pytest

from crossdock import __version__
from task_priority.views.schemas import schema_of
from tests.cli.command import environment, without_colour, without_library
from tests.cli.test_version import SLOW_TO_IMPORT
from tests.task_priority.cli.conftest import Owner

CALENDAR = (
    "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20261101T000000Z\n"
    "DTSTART:20261128T090000Z\nDURATION:PT1H\nSUMMARY:Training\nEND:VEVENT\nEND:VCALENDAR\n"
)
DEMO = ("--sandbox", "--now", "2026-11-26T08:07+01:00")
SCHEMAS = {
    ("today",): "tasks-today",
    ("list",): "ranked-tasks",
    ("plan",): "task-plan",
    ("week",): "task-plan",
    ("next",): "task-explanation",
    ("explain", "1"): "task-explanation",
    ("why-not", "2"): "task-explanation",
}

SHOWN = [("today",), ("week",), ("explain", "1"), ("sources",)]


@pytest.mark.parametrize("command", SCHEMAS, ids=" ".join)
def test_json_is_as_the_published_schema_says(owner: Owner, command: tuple[str, ...]) -> None:
    result = owner.good(*command, "--json", *DEMO)
    jsonschema_rs.validator_for(schema_of(SCHEMAS[command])).validate(result.json)
    assert len(result.out.splitlines()) == 1


@pytest.mark.parametrize("command", SHOWN, ids=" ".join)
def test_in_a_pipe_there_is_plain_text(owner: Owner, command: tuple[str, ...]) -> None:
    result = owner.good(*command, *DEMO)
    assert "\x1b" not in result.out
    assert "Sources: todoist just now, google-calendar just now, google-tasks just now." in result.out
    assert not [line for line in result.out.splitlines() if line.endswith(" ")]


@pytest.mark.parametrize("command", SHOWN, ids=" ".join)
def test_markdown_has_a_table_or_a_list(owner: Owner, command: tuple[str, ...]) -> None:
    result = owner.good(*command, "--markdown", *DEMO)
    assert [line for line in result.out.splitlines() if line.startswith(("| ", "- "))]


def test_the_same_instant_shows_the_same(owner: Owner) -> None:
    first, second = (owner.good("today", *DEMO).out for _ in range(2))
    assert first == second


def test_in_a_terminal_it_is_coloured_and_fits(owner: Owner) -> None:
    shown = owner.in_terminal("today", *DEMO, columns=90).out
    assert "\x1b[" in shown
    plain = without_colour(shown)
    assert max(len(line) for line in plain.splitlines()) <= 90
    assert "free today" in plain
    assert "more: task-priority list" in plain


def test_a_list_is_chosen_by_status_project_and_label(owner: Owner) -> None:
    everything = owner.ranked(*DEMO)
    waiting = owner.ranked("--status", "waiting", *DEMO)
    assert waiting == [one for one in everything if one["status"] == "waiting for"] != []
    project = everything[0]["task"]["project"]
    assert owner.ranked("--project", project.upper(), *DEMO) == [
        one for one in everything if one["task"]["project"] == project
    ]
    label = next(one["task"]["labels"][0] for one in everything if one["task"]["labels"])
    assert owner.ranked("--label", f"@{label}", *DEMO) == [
        one for one in everything if label in one["task"]["labels"]
    ]


def test_a_label_says_how_long_a_task_takes(owner: Owner) -> None:
    quick = [one["task"] for one in owner.ranked("--label", "15m", "--status", "next", *DEMO)]
    assert len(quick) >= 5
    assert {task["duration_minutes"] for task in quick} == {15}
    plan = json.loads(owner.good("plan", "--json", *DEMO).out)["plan"]
    lengths = {one["task_id"]: sum(piece["minutes"] for piece in one["pieces"]) for one in plan["placed"]}
    assert {lengths[task["id"]] for task in quick} == {15}
    explained = owner.good("explain", "Book the train to Trondheim", *DEMO).out
    assert "takes 15 min (label @15m)" in explained


def test_what_is_explained_can_be_named_in_words(owner: Owner) -> None:
    first = owner.ranked(*DEMO)[0]["task"]
    words = " ".join(reversed(first["title"].split()))
    assert first["title"] in owner.good("explain", words, *DEMO).out
    assert first["title"] in owner.good("explain", first["id"], *DEMO).out
    several = owner("explain", "the", *DEMO)
    assert several.code == 5
    assert "tasks are meant by 'the'" in several.err
    none = owner("why-not", "xyzzy", *DEMO)
    assert (none.code, none.out) == (5, "")
    assert "no open task is meant by 'xyzzy'" in none.err


def test_the_demo_shows_everything_with_one_command(owner: Owner) -> None:
    shown = owner.good("demo").out
    for part in (
        "Why the first one is the first",
        "Points  Term",
        "due and",
        "task-priority connect todoist",
    ):
        assert part in shown
    assert not owner.home.exists()


@pytest.mark.parametrize("command", [("today",), ("week",), ("list",), ("plan",), ("sources",)], ids=" ".join)
def test_with_nothing_connected_it_says_how_to_begin(owner: Owner, command: tuple[str, ...]) -> None:
    shown = owner.good(*command).out
    assert "task-priority demo" in shown
    assert "task-priority connect todoist" in shown
    assert "--ics my.ics --csv my.csv" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    "command", [("next",), ("sync",), ("done", "1"), ("undo",), ("export",)], ids=" ".join
)
def test_what_needs_a_source_refuses_without_one(owner: Owner, command: tuple[str, ...]) -> None:
    result = owner(*command)
    assert (result.code, result.out) == (5, "")
    assert "No source is connected" in result.err


def test_two_forms_at_once_are_refused(owner: Owner) -> None:
    assert owner("today", "--json", "--markdown", *DEMO).code == 2
    wrong = owner("today", "--now", "soon", "--sandbox")
    assert wrong.code == 2
    assert "'soon' is no instant such as" in wrong.err


def test_wrong_settings_are_told_before_anything_is_ranked(owner: Owner) -> None:
    owner.good("weights")
    (owner.home / "settings.toml").write_text("[weights]\ndeu = 3\nage = true\n")
    result = owner("today", *DEMO)
    assert result.code == 3
    assert "weights.deu: unknown key; did you mean due?" in result.err
    assert "weights.age: expected a whole number from -1000 to 1000, given true" in result.err


def test_weights_show_what_is_in_force(owner: Owner) -> None:
    owner.good("weights")
    (owner.home / "settings.toml").write_text("[weights]\ndue = 7\n")
    assert "*  due       7 " in owner.good("weights").out
    assert json.loads(owner.good("weights", "--json").out)["weights"]["due"] == 7


def test_weights_are_told_in_markdown(owner: Owner) -> None:
    owner.good("weights")
    (owner.home / "settings.toml").write_text('[weights]\ndue = 7\nlabels = { "a|b_c" = 3 }\n')
    shown = owner.good("weights", "--markdown")
    lines = shown.out.splitlines()
    assert "## weights" in lines
    assert [line.split(" | ")[1] for line in lines if line.startswith(("| due |", "| labels |"))] == [
        "**7**", r"**a\|b\_c +3**",
    ]  # fmt: skip
    assert [line for line in lines if line.startswith("| overdue | 40 | ")]
    assert shown.err == ""
    assert owner("weights", "--markdown", "--json").code == 2


def test_the_plan_is_written_as_a_calendar(owner: Owner) -> None:
    owner.good("plan", "--feed", "plan.ics", *DEMO)
    assert (owner.folder / "plan.ics").read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")


def test_nothing_slow_is_imported_for_the_version() -> None:
    program = (
        "import sys; sys.argv[1:] = ['--version']; from task_priority.cli.main import main; main();"
        f"print(sorted({SLOW_TO_IMPORT!r} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [f"task-priority {__version__}", "[]"]


@pytest.mark.parametrize(
    ("library", "command"), [("tzlocal", "demo"), ("dateutil", "sandbox"), ("httpx", "demo")]
)
def test_without_the_extra_it_says_what_to_install(owner: Owner, library: str, command: str) -> None:
    result = owner.anew(command, **without_library(library, owner.folder))
    assert (result.code, result.out, result.err) == (
        3,
        "",
        (
            f"task-priority: Task Priority Lite needs {library}; install it with: "
            "pip install 'crossdock[task-priority]'\n"
        ),
    )


def test_a_calendar_file_that_cannot_be_read_is_called_by_its_name(owner: Owner) -> None:
    for folder in ("first", "second"):
        (owner.folder / folder).mkdir()
        (owner.folder / folder / "mine.ics").write_text("hello")
    reason = "it is no calendar: it does not begin with BEGIN:VCALENDAR"
    alone = owner("today", "--ics", "first/mine.ics")
    assert (alone.code, alone.err) == (1, f"task-priority: mine.ics: {reason}\n")
    both = owner("today", "--ics", "first/mine.ics", "--ics", "second/mine.ics")
    assert (both.code, both.err) == (1, f"task-priority: 1 mine.ics: {reason}\n")


@pytest.mark.parametrize(
    ("option", "name", "words"),
    [
        (
            "--csv",
            "mine.csv",
            "mine.csv: it is no CSV export of Todoist: its first row does not begin with TYPE, or",
        ),
        ("--csv", "mine.json", "mine.json: it is no JSON, or only a part of it"),
        ("--csv", "mine.zip", "mine.zip: the archive cannot be opened"),
        ("--csv", "folder/mine.csv", "mine.csv: it is no CSV export of Todoist"),
        ("--ics", "mine.ics", "mine.ics: it is empty"),
        ("--ics", "folder/mine.ics", "the file mine.ics: it is empty"),
    ],
)
def test_where_no_given_file_can_be_read_nothing_is_ranked(
    owner: Owner, option: str, name: str, words: str
) -> None:
    (owner.folder / "folder").mkdir()
    (owner.folder / name).write_bytes(b"")
    result = owner("today", option, name.split("/", maxsplit=1)[0])
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"task-priority: {words}")
    assert "kept" not in result.err


def test_of_a_folder_that_is_given_what_cannot_be_read_is_told_and_the_rest_ranked(owner: Owner) -> None:
    (owner.folder / "folder").mkdir()
    (owner.folder / "folder" / "Home.csv").write_text("TYPE,CONTENT\ntask,Buy stamps\n")
    (owner.folder / "folder" / "Work.csv").write_bytes(b"")
    out = owner.good("today", "--csv", "folder").out
    assert "Buy stamps" in out
    assert "files Work.csv could not be read: Work.csv: it is no CSV export of Todoist" in out
    assert "kept" not in out


def test_of_several_exports_each_is_called_by_its_name(owner: Owner) -> None:
    for name in ("Home.csv", "Work.csv"):
        (owner.folder / name).write_text(f"TYPE,CONTENT\ntask,Sweep at {name}\n")
    out = owner.good("today", "--csv", "Home.csv", "--csv", "Work.csv").out
    assert "Sources: Home.csv just now, Work.csv just now." in out
    assert "Sources: todoist-backup just now." in owner.good("today", "--csv", "Home.csv").out


def test_two_exports_of_one_name_are_two_and_one_that_is_given_twice_is_one(owner: Owner) -> None:
    for name in ("a", "b"):
        (owner.folder / name).mkdir()
        (owner.folder / name / "Work.csv").write_text(
            "TYPE,CONTENT,INDENT\ntask,Sweep,1\ntask,Find the broom,2\n"
        )
    given = ("--csv", "a/Work.csv", "--csv", "b/Work.csv", "--csv", "b/../a/Work.csv")
    tasks = [one["task"] for one in owner.ranked(*given)]
    assert sorted(one["title"] for one in tasks) == ["Find the broom"] * 2 + ["Sweep"] * 2
    assert len({one["id"] for one in tasks}) == 4
    assert {one["parent_id"] for one in tasks} - {None} == {
        one["id"] for one in tasks if one["title"] == "Sweep"
    }
    out = owner.good("today", *given).out
    times = [line.split()[0] for line in out.splitlines() if "▸" in line]
    assert len(set(times)) == len(times) == 2
    assert "Sources: 1 Work.csv just now, 2 Work.csv just now." in out


def test_a_backup_without_tasks_is_no_defect(owner: Owner) -> None:
    (owner.folder / "mine.json").write_text('{"items": []}')
    assert owner.good("connect", "csv", "mine.json").out == "connected todoist-backup: 0 objects fetched\n"


def test_a_file_that_is_connected_and_is_no_export_is_told_at_once(owner: Owner) -> None:
    (owner.folder / "mine.csv").write_text("TYPE,CONTENT\ntask,Buy stamps\n")
    assert owner.good("connect", "csv", "mine.csv").out == "connected todoist-backup: 2 objects fetched\n"
    (owner.folder / "mine.csv").write_text("hello")
    again = owner("connect", "csv", "mine.csv")
    assert (again.code, again.out) == (1, "")
    assert again.err == (
        "task-priority: mine.csv: it is no CSV export of Todoist: its first row does not begin with TYPE, or has no "
        "CONTENT; nothing was connected, and what was connected before stays as it is\n"
    )


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"Home.csv": b"hello"}, "Home.csv: it is no CSV export"),
        ({"Home.csv": b""}, "Home.csv: it is no CSV export"),
        (
            {"Work.csv": b"TYPE,CONTENT\ntask,Other\n", "old.zip": b"PK junk"},
            "old.zip: the archive cannot be opened",
        ),
        ({}, "there is no .csv, .json or .zip of Todoist in it"),
    ],
)
def test_what_is_connected_stays_until_what_replaces_it_can_be_read(
    owner: Owner, files: dict[str, bytes], words: str
) -> None:
    (owner.folder / "mine.csv").write_text("TYPE,CONTENT\ntask,Buy stamps\n")
    owner.good("connect", "csv", "mine.csv")
    before = owner.good("list").out
    (owner.folder / "new").mkdir()
    for name, content in files.items():
        (owner.folder / "new" / name).write_bytes(content)
    result = owner("connect", "csv", "new")
    assert (result.code, result.out) == (1, "")
    assert words in result.err
    assert "kept" not in result.err
    assert owner.good("list").out == before
    assert owner.good("sync", "--full").code == 0
    assert [one["task"]["title"] for one in owner.ranked()] == ["Buy stamps"]


def test_a_folder_without_a_calendar_does_not_take_the_place_of_one(owner: Owner) -> None:
    (owner.folder / "club.ics").write_text(CALENDAR)
    owner.good("connect", "ics", "club.ics")
    before = owner.good("sources").out
    (owner.folder / "new").mkdir()
    empty = owner("connect", "ics", "new", "--name", "club")
    assert (empty.code, "there is no .ics file in this folder" in empty.err) == (1, True)
    (owner.folder / "new" / "a.ics").write_text("hello")
    broken = owner("connect", "ics", "new", "--name", "club")
    assert (broken.code, "club: the file a.ics: it is no calendar" in broken.err) == (1, True)
    assert owner.good("sources").out == before


def test_a_colon_in_the_name_of_a_calendar_is_no_defect(owner: Owner) -> None:
    (owner.folder / "club: games.ics").write_text(CALENDAR)
    assert owner.good("connect", "ics", "club: games.ics").out == "connected ics: 1 object fetched\n"
    result = owner("connect", "ics", "club: games.ics", "--name", "a:b")
    assert (result.code, "'a:b' is no name of a calendar" in result.err) == (2, True)


def test_all_files_that_are_not_there_are_named_and_folders_without_a_calendar(owner: Owner) -> None:
    (owner.folder / "empty").mkdir()
    (owner.folder / "full").mkdir()
    (owner.folder / "full" / "OURS.ICS").write_bytes(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n")
    result = owner("today", "--ics", "empty", "--ics", "full", "--ics", "no.ics", "--csv", "no.csv")
    assert (result.code, result.out) == (3, "")
    assert [line.strip() for line in result.err.removeprefix("task-priority:").splitlines()] == [
        "3 things are wrong",
        "no.ics: there is no such file or folder",
        "no.csv: there is no such file or folder",
        "empty: there is no .ics file in this folder",
    ]
    assert owner("today", "--ics", "full").code == 0
