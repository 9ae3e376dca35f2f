"""``crossdock file write``: rows from standard input, as files."""

from __future__ import annotations

from pathlib import Path

from tests.adapters.file.case import pairs, visible
from tests.cli.command import Shell

WRITE = ("file", "write", "data/imports", "--app", "shop")


def test_rows_become_files_with_manifests(shell: Shell) -> None:
    lines = "".join(f'{{"n": {n}}}\n' for n in range(5))
    result = shell.good(
        *WRITE, "--type", "orders", "--format", "csv", "--rows", "2", "--next-app", "b", stdin=lines
    )
    found = pairs(shell.folder / "data" / "imports")
    assert result.out.splitlines() == [str(pair.path.resolve()) for pair in found]
    assert result.err == "5 rows in 3 files\n"
    assert [row["n"] for pair in found for row in pair.rows] == list("01234")
    assert {(pair.manifest["created_by"], pair.manifest["next_app"]) for pair in found} == {("shop", "b")}


def test_json_tells_files_and_rows(shell: Shell) -> None:
    result = shell.good(*WRITE, "--json", "--latest", "newest.jsonl", stdin="1\n\n2\n")
    assert [(Path(line["file"]).name[:12], line["rows"]) for line in result.json_lines] == [
        ("shop_export_", 2)
    ]
    assert (shell.folder / "data" / "imports" / "newest.jsonl").read_text() == "1\n2\n"


def test_columns_and_delimiter_are_those_of_the_adapter(shell: Shell) -> None:
    options = (
        "--format",
        "csv",
        "--column",
        "b",
        "--column",
        "a",
        "--delimiter",
        ";",
        "--encoding",
        "latin-1",
    )
    shell.good(*WRITE, *options, stdin='{"a": "é", "c": 1}\n')
    (pair,) = pairs(shell.folder)
    assert pair.content == "b;a\r\n;é\r\n".encode("latin-1")


def test_wrong_row_keeps_its_file_from_being_written(shell: Shell) -> None:
    result = shell(*WRITE, "--format", "csv", "--rows", "2", stdin='{"a": 1}\n{"a": 2}\n{"a": 3}\n[4]\n')
    assert result.code == 2
    assert result.err == (
        "crossdock: standard input, row 4: data: expected an object, whose fields become a row of CSV; given an array; "
        "1 file before it written\n"
    )
    assert len(pairs(shell.folder)) == 1


def test_what_is_no_json_is_told_with_its_line(shell: Shell) -> None:
    result = shell(*WRITE, stdin="1\n\nnonsense\n")
    assert result.code == 2
    assert result.err.startswith("crossdock: standard input, line 3: not JSON")
    assert visible(shell.folder) == []


def test_wrong_options_are_told_all_at_once(shell: Shell) -> None:
    result = shell(*WRITE, "--format", "xml", "--mode", "7", stdin="1\n")
    assert (result.code, result.out) == (2, "")
    assert '--format: expected "csv", "json"' in result.err
    assert "--mode: expected a mode" in result.err


def test_folder_that_can_be_no_stage_is_refused(shell: Shell) -> None:
    result = shell("file", "write", "data/archive", "--app", "shop", stdin="1\n")
    assert result.code == 2
    assert "give the stage another name" in result.err


def test_folder_that_cannot_be_made_is_told(shell: Shell) -> None:
    (shell.folder / "data").write_text("a file")
    result = shell(*WRITE, stdin="1\n")
    assert result.code == 1
    assert "cannot write to" in result.err
    assert "nothing was written" in result.err
