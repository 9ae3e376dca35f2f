"""Every block of code in the documents does what the page says."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.docs.pages import Block, blocks_of, name_of, pages
from tests.docs.run_page import PATIENCE_S, environment
from tests.requirements import could_not_run

EXECUTED = {"python", "console", "sh"}
CHECKED = {"toml", "sql"}
PLAIN = {"output", "text", "json", "mermaid"}
SERVER = "crossdock@db.example/orders"
"""The database of the pages; the tests bring one."""
RUNNER = Path(__file__).with_name("run_page.py")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder on the disk, as a reader has it; doctor would have something to say of one in memory."""
    with tempfile.TemporaryDirectory(prefix="crossdock-") as folder:
        yield Path(folder).resolve()


def steps_of(page: Path) -> list[Block]:
    """Return what a reader does on a page, in order."""
    return [
        block
        for block in blocks_of(page)
        if block.reason is None and (block.title or block.language in EXECUTED | {"output"})
    ]


def wants_server(page: Path) -> bool:
    """Tell whether a page works with the PostgreSQL server that it names."""
    return any(SERVER in step.text for step in steps_of(page))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.needs_postgresql] if wants_server(page) else [])
        for page in pages()
        if blocks_of(page)
    ],
    ids=name_of,
)
@pytest.mark.timeout(300)
def test_blocks_of_page_run(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    steps = steps_of(page)
    if wants_server(page):
        demand("psql", "pg_dump", "pg_restore")
        _, _, server = request.getfixturevalue("empty_postgresql_url").partition("://")
        steps = [replace(step, text=step.text.replace(SERVER, server)) for step in steps]
    if any("sqlite3 " in step.text for step in steps if step.language == "console"):
        demand("sqlite3")
    if any("$ node " in step.text for step in steps):
        demand("node")
    (tmp_path / "blocks.json").write_text(json.dumps([asdict(step) for step in steps]), encoding="utf-8")
    folder = tmp_path / "reader"
    folder.mkdir()
    environ = {
        **environment(),
        "PATH": search_path(),
        "READER_STATE": str(tmp_path / "state.sh"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", str(RUNNER), str(tmp_path / "blocks.json")],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=4 * PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_block_says_what_it_is(page: Path) -> None:
    for block in blocks_of(page):
        known = block.title or block.language in EXECUTED | CHECKED | PLAIN
        assert known, f"{block.page}:{block.line}: a block of {block.language!r} is not known here"


def demand(*commands: str) -> None:
    """Leave the test out where a command is missing."""
    for command in commands:
        if shutil.which(command, path=search_path()) is None:
            could_not_run(f"the command {command} is not installed")


def search_path() -> str:
    """Return where a reader's shell looks for commands: first those that go with the server of the tests."""
    path: str = environment()["PATH"]
    if importlib.util.find_spec("psycopg") is None:
        return path
    from tests.postgresql_server import programs

    found = programs()
    return path if found is None else f"{found}{os.pathsep}{path}"


def test_runner_notices_wrong_output(tmp_path: Path) -> None:
    done = run_steps(
        tmp_path, Block("page.md", 5, "python", "print(1)\n"), Block("page.md", 8, "output", "2\n")
    )
    assert done.returncode == 1
    assert "page.md:8: the page says\n2\nbut it prints\n1" in done.stderr


def test_runner_names_the_line_that_fails(tmp_path: Path) -> None:
    done = run_steps(tmp_path, Block("page.md", 5, "python", "x = 1\nx / 0\n"))
    assert done.returncode == 1
    assert 'File "page.md", line 6' in done.stderr


def test_runner_notices_a_command_that_fails(tmp_path: Path) -> None:
    done = run_steps(tmp_path, Block("page.md", 5, "console", "$ echo fine\nfine\n$ exit 3\n"))
    assert done.returncode == 1
    assert "exit code 3 of: exit 3" in done.stderr


def test_dots_stand_for_anything(tmp_path: Path) -> None:
    said = "a … c\n…\nlast\n"
    done = run_steps(tmp_path, Block("page.md", 5, "console", f"$ printf 'a b c\\nx\\ny\\nlast\\n'\n{said}"))
    assert done.returncode == 0, done.stderr


def run_steps(tmp_path: Path, *steps: Block) -> subprocess.CompletedProcess[str]:
    """Execute blocks as the page's test does."""
    (tmp_path / "blocks.json").write_text(json.dumps([asdict(step) for step in steps]), encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(RUNNER), "blocks.json"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "READER_STATE": str(tmp_path / "state.sh")},
    )  # fmt: skip
