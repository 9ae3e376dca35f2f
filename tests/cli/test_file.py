"""``crossdock file take``, ``verify``, ``list`` and ``replay``."""

from __future__ import annotations

import hashlib
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import TIME_LIMIT_S, Shell

CONFIGURATION = """\
[apps.importer]
inbound = { file = "data/imports", pattern = "*.csv", every = "50ms" }
next = ["validator"]
[apps.warehouse]
outbound = { file = "data/exports" }
"""
CSV = "n\n1\n2\n"


@pytest.fixture
def imports(shell: Shell) -> Path:
    """Write the configuration, and give the folder whose files are taken in."""
    (shell.folder / "crossdock.toml").write_text(CONFIGURATION)
    folder = shell.folder / "data" / "imports"
    folder.mkdir(parents=True)
    return folder


def drop(folder: Path, name: str, content: str = CSV, **changes: Any) -> Path:
    """Put a pair there."""
    (folder / name).write_text(content)
    digest = hashlib.sha256(content.encode()).hexdigest()
    manifest = {
        "filename": name, "created_at": "2025-11-24T08:30:00Z", "file_size": len(content),
        "checksum": f"sha256:{digest}", **changes,
    }  # fmt: skip
    (folder / f"{name.partition('.')[0]}.meta.json").write_text(json.dumps(manifest))
    return folder / name


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + TIME_LIMIT_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def archived(shell: Shell, name: str) -> Path:
    [path] = shell.folder.glob(f"data/archive/*/{name}")
    return path


def queued(shell: Shell) -> list[str]:
    lines = shell.good("queue", "list", "validator", "--json").json_lines
    return [line["message"]["data"]["n"] for line in lines]


def test_take_takes_what_lies_there_and_says_what_became_of_it(shell: Shell, imports: Path) -> None:
    drop(imports, "a.csv", CSV + "3,x\n")
    (imports / "c.csv").write_text(CSV)
    result = shell.good("file", "take", "importer")
    assert result.out.startswith("taken      a.csv: 2 rows sent, 1 set aside, see errors/")
    assert "row 3, line 4: the row has 2 fields for 1 column" in result.out
    assert "c.csv was left there: it waits for its manifest, c.meta.json" in result.err
    assert result.err.endswith("2 rows sent from 1 file; set aside: 1 row\n")
    assert queued(shell) == ["1", "2"]


def test_take_tells_duplicates_and_files_set_aside_to_programs(shell: Shell, imports: Path) -> None:
    drop(imports, "a.csv")
    shell.good("file", "take", "importer")
    drop(imports, "a.csv")
    drop(imports, "b.csv", file_size=1)
    result = shell("file", "take", "importer", "--json")
    assert result.code == 1
    assert {line["name"]: line["state"] for line in result.json_lines} == {
        "a.csv": "duplicate",
        "b.csv": "set aside",
    }
    assert queued(shell) == ["1", "2"]


def test_take_of_a_file_from_elsewhere_copies_it_and_knows_it_again(shell: Shell, imports: Path) -> None:
    (shell.folder / "own.csv").write_text(CSV)
    drop(imports, "other.csv")
    for state in ("taken", "duplicate"):
        (line,) = shell.good("file", "take", "importer", "own.csv", "--json").json_lines
        assert (line["name"], line["state"]) == ("own.csv", state)
    assert (shell.folder / "own.csv").read_text() == CSV
    assert (imports / "other.csv").exists()
    refused = shell("file", "take", "importer", "crossdock.toml")
    assert (refused.code, refused.out) == (1, "")
    assert "'crossdock.toml' is not among the files that are taken here (*.csv)" in refused.err


def test_take_beside_a_running_hub_leaves_it_to_the_hub_and_tells_what_it_did(
    shell: Shell, imports: Path
) -> None:
    worker = shell.start("worker")
    try:
        wait_for(lambda: any(shell.folder.glob("crossdock.db.d/inbound-importer*")))
        (shell.folder / "own.csv").write_text(CSV)
        for state in ("taken", "duplicate"):
            result = shell.good("file", "take", "importer", "own.csv", "--json")
            assert [(line["name"], line["state"]) for line in result.json_lines] == [("own.csv", state)]
            assert "another process takes in for this app" in result.err
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=30)
    assert queued(shell) == ["1", "2"]


def test_take_that_nobody_receives_or_no_app_does_is_refused(shell: Shell, imports: Path) -> None:
    drop(imports, "a.csv")
    config = shell.folder / "crossdock.toml"
    config.write_text(CONFIGURATION.replace('next = ["validator"]\n', ""))
    result = shell("file", "take", "importer")
    assert result.code == 3
    assert "no app receives what 'importer' sends" in result.err
    config.write_text(CONFIGURATION)
    assert shell.good("file", "take", "importer").out == "taken      a.csv: 2 rows sent\n"
    unknown = shell("file", "take", "warehouse")
    assert unknown.code == 3
    assert "no app 'warehouse' takes files in; those that do: importer" in unknown.err


def test_take_without_the_root_says_so(shell: Shell, imports: Path) -> None:
    imports.rmdir()
    imports.parent.rmdir()
    result = shell("file", "take", "importer")
    assert result.code == 1
    assert "data is not there; make the folder, or bring it back\n" in result.err


def test_verify_tells_good_from_wrong(shell: Shell, imports: Path) -> None:
    drop(imports, "a.csv")
    drop(imports, "b.csv", CSV + "3,x\n", row_count=4)
    good = shell.good("file", "verify", "data/imports/a.csv")
    assert good.out == "good   data/imports/a.csv, 2 rows\n"
    both = shell("file", "verify", "data/imports/a.csv", "data/imports/b.meta.json", "--json")
    assert both.code == 1
    assert [line["good"] for line in both.json_lines] == [True, False]
    assert both.json_lines[1]["issues"][0]["check"] == "row_count"
    assert both.err == "2 files, 1 of them wrong\n"
    drop(imports, "b.csv", CSV + "3,x\n")
    wrong = shell("file", "verify", "data/imports/b.csv")
    assert wrong.out.splitlines() == [
        "wrong  data/imports/b.csv, 3 rows, 1 of them bad",
        "       row 3, line 4: the row has 2 fields for 1 column",
    ]


def test_file_that_is_not_there_is_a_wrong_command_line(shell: Shell, imports: Path) -> None:
    for arguments in (["verify"], ["take", "importer"], ["replay"]):
        result = shell("file", *arguments, "nowhere.csv")
        assert (result.code, result.out) == (2, "")
        assert "there is no file 'nowhere.csv' in " in result.err


def test_verify_reads_as_the_app_that_takes_the_file(shell: Shell, imports: Path) -> None:
    config = shell.folder / "crossdock.toml"
    config.write_text(CONFIGURATION.replace('"*.csv"', '"*.csv", delimiter = ";"'))
    path = drop(imports, "a.csv", "n;m\n1;2\n3\n")
    assert "row 2, line 3: m:" in shell("file", "verify", str(path)).out
    elsewhere = drop(shell.folder, "b.csv", "n;m\n1;2\n3\n")
    assert 'say delimiter = ";"' in shell("file", "verify", str(elsewhere)).out
    assert "row 2, line 3: m:" in shell("file", "verify", str(elsewhere), "--app", "importer").out


def test_verify_reads_as_the_app_that_wrote_the_file(shell: Shell) -> None:
    written = 'file = "data/exports", format = "csv", delimiter = ";", encoding = "latin-1"'
    (shell.folder / "crossdock.toml").write_text(
        f"[apps.a]\noutbound = {{ {written} }}\n[apps.b]\noutbound = {{ file = 'data/exports' }}\n"
    )
    options = ("--app", "a", "--format", "csv", "--delimiter", ";", "--encoding", "latin-1")
    path = shell.good("file", "write", "data/exports", *options, stdin='{"n": "Zoë", "m": 1}\n').out.strip()
    assert shell.good("file", "verify", path).out.endswith(", 1 row\n")


def test_file_that_cannot_be_put_there_does_not_keep_the_others(shell: Shell, imports: Path) -> None:
    files = [shell.folder / name for name in ("a.csv", "a.csv.gz", "b.csv")]
    for file in files:
        file.write_text(CSV)
    result = shell("file", "take", "importer", *map(str, files), "nowhere.csv")
    assert [line.split()[:2] for line in result.out.splitlines()] == [
        ["taken", "a.csv:"],
        ["taken", "b.csv:"],
    ]
    assert f"{files[1]} is not taken: name: imports/a." in result.err
    assert "nowhere.csv is not taken: there is no file 'nowhere.csv'" in result.err
    assert result.code == 1
    assert shell("file", "take", "importer", "nowhere.csv", "neither.csv").code == 2


def test_stage_that_is_not_there_is_a_wrong_command_line(shell: Shell, imports: Path) -> None:
    result = shell("file", "list", "--stage", "import")
    assert (result.code, result.out) == (2, "")
    assert "no stage 'import'; known are archive, claimed, errors, exports" in result.err


def test_list_shows_the_stages_of_the_configuration(shell: Shell, imports: Path) -> None:
    drop(imports, "a.csv")
    drop(imports, "b.csv", file_size=1)
    shell("file", "take", "importer")
    drop(imports, "c.csv", row_count=2)
    shell.good("file", "write", "data/exports", "--app", "shop", stdin="1\n")
    lines = shell.good("file", "list", "--json").json_lines
    states = {Path(line["file"]).name[:5]: (line["stage"], line["state"]) for line in lines}
    assert states == {
        "a.csv": ("archive", "taken"),
        "b.csv": ("errors", "set aside"),
        "c.csv": ("imports", "ready"),
        "shop_": ("exports", "ready"),
    }
    shown = shell.good("file", "list", "--stage", "errors").out.splitlines()
    assert shown[0] == f"{(shell.folder / 'data').resolve()}:"
    assert "size: the file has 6 bytes, and its manifest says 1" in shown[2]
    assert len(shown) == 3


def test_list_needs_no_configuration(shell: Shell, imports: Path) -> None:
    (shell.folder / "crossdock.toml").unlink()
    drop(imports, "c.csv")
    drop(shell.folder / "data", "no.csv")
    for folder in ("data", "data/imports"):
        if folder == "data":
            (shell.folder / "data" / "errors").mkdir()
        (line,) = shell.good("file", "list", folder, "--json").json_lines
        assert (line["file"], line["state"]) == ("imports/c.csv", "ready")


def test_replay_of_an_archived_file_sends_it_again(shell: Shell, imports: Path) -> None:
    drop(imports, "a.csv")
    shell.good("file", "take", "importer")
    result = shell.good("file", "replay", str(archived(shell, "a.csv")))
    assert result.out == f"{imports / 'a.csv'}\n"
    assert result.err == "'importer' takes it when it runs, or now: crossdock file take importer\n"
    taken = shell.good("file", "take", "importer")
    assert "a.csv was sent again, 2 rows of it: it was archive/" in taken.err
    assert queued(shell) == ["1", "2", "1", "2"]


def test_replay_of_a_file_that_was_set_aside(shell: Shell, imports: Path) -> None:
    drop(imports, "a.csv", file_size=1)
    assert shell("file", "take", "importer").code == 1
    [path] = shell.folder.glob("data/errors/*/a.csv")
    refused = shell("file", "replay", str(path))
    assert refused.code == 1
    assert "size: the file has 6 bytes, and its manifest says 1" in refused.err
    (line,) = shell.good("file", "replay", str(path), "--mended", "--json").json_lines
    assert (line["file"], line["app"]) == (str(imports / "a.csv"), "importer")
    shell.good("file", "take", "importer")
    assert queued(shell) == ["1", "2"]
    no_file = shell("file", "replay", "crossdock.toml")
    assert no_file.code == 1
    assert "is no file of an archive or of errors" in no_file.err
