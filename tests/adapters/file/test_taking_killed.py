"""A process that takes files in is killed at each of its steps; afterwards all is as if nothing had happened."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crossdock import Queue
from crossdock.adapters.file.naming import is_data
from crossdock.adapters.file.reading.rows import CHUNK_ROWS
from tests.adapters.file.inbox import Inbox

ROOT = Path(__file__).resolve().parents[3]
CONFIGURATION = """\
[store]
url = "sqlite:///work.db"
[apps.importer]
inbound = {{ file = "data/imports", every = "10ms", settle = "20ms", arrival = "{arrival}" }}
next = ["receiver"]
"""
ROWS = 2 * CHUNK_ROWS + 100  # so that the file is taken in by three transactions
GOOD = [str(n) for n in range(ROWS)]
CSV = "n\n" + "".join(f"{n}\n" if int(n) % 1300 else f"{n}\n{n},bad\n" for n in GOOD)
FEW = "n\n1\n2,\n3\n"


class Killer:
    """The program, and what it is told to do."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, folder: Path, at: int) -> str:
        """Take files in, killed at a step; returns its name, empty if it came to its end before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{folder} {at}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the program has ended with {self._process.wait()}"
        return line.strip()


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.adapters.file.taking_program"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield Killer(process)
        process.terminate()


def prepared(folder: Path, arrival: str) -> Inbox:
    """Return an inbox with files of every fate."""
    folder.mkdir()
    (folder / "crossdock.toml").write_text(CONFIGURATION.format(arrival=arrival))
    inbox = Inbox(folder)
    inbox.drop("a.csv", CSV if folder.name.startswith("long") else FEW)
    if arrival == "manifest":
        inbox.drop("b.json", '{"n": "b"}', file_size=1)
        (inbox.imports / "a.json").write_text("1")
        (inbox.imports / "c.json").write_text("1")
        (inbox.imports / "c.meta.json").write_text("broken")
    for path in list(inbox.imports.iterdir()):
        if arrival == "done-marker" and path.name == "a.csv":
            path.with_name(f"{path.name}.done").touch()
        if arrival != "manifest" and path.name.endswith(".meta.json"):
            path.unlink()
    return inbox


def check(inbox: Inbox, arrival: str, step: str) -> None:
    """Account for every file and row."""
    rows = GOOD if inbox.folder.name.startswith("long") else ["1", "3"]
    bad = [str(n) for n in range(0, ROWS, 1300)] if len(rows) > 2 else ["2"]
    with Queue(f"sqlite:///{inbox.folder}/work.db") as queue:
        sent = Counter(one.message.data["n"] for one in queue.list("receiver", limit=10_000))
    assert sent == Counter(rows), step
    tree = inbox.tree()
    assert [path for path in tree if path.startswith(("imports", "claimed"))] == [], step
    [rejected] = [path for path in tree if path.endswith("a_rejected.jsonl")]
    lines = [json.loads(line) for line in (inbox.root / rejected).read_text().splitlines()]
    assert [line["given"].split(",")[0] for line in lines] == bad, step
    names = Counter(Path(path).name for path in tree)
    expected = {"a.csv", "a.meta.json", "a_rejected.jsonl"}
    if arrival == "manifest":
        expected |= {f"{name}{end}" for name in "bc" for end in (".json", ".meta.json", ".error.json")}
        expected |= {"a.json", "a.error.json"}
    assert names == Counter(expected), step
    [manifest] = [path for path in tree if path.endswith("/a.meta.json")]
    said: dict[str, Any] = inbox.json(manifest)
    assert (said["taken"]["sent"], said["taken"]["set_aside"]) == (len(rows), len(bad)), step


def places(inbox: Inbox) -> dict[str, set[str]]:
    """Return in which folders of the root each data file is."""
    found: dict[str, set[str]] = {}
    for path in inbox.tree():
        if is_data(Path(path).name) and not path.endswith("_rejected.jsonl"):
            found.setdefault(Path(path).name, set()).add(path.split("/")[0])
    return found


@pytest.mark.parametrize(
    "arrival", ["manifest", *(pytest.param(one, marks=pytest.mark.slow) for one in ("done-marker", "stable"))]
)
@pytest.mark.parametrize(
    ("size", "every"),
    [("short", 4), *(pytest.param(size, 1, marks=pytest.mark.slow) for size in ("short", "long"))],
)
@pytest.mark.timeout(600)
def test_kill_at_any_step_loses_and_repeats_nothing(
    tmp_path: Path, killer: Killer, arrival: str, size: str, every: int
) -> None:
    at, step = random.randrange(every) + 1 - every, "?"
    while step:
        at += every
        inbox = prepared(tmp_path / f"{size}-{at}", arrival)
        step = killer(inbox.folder, at)
        for name, folders in places(inbox).items():
            assert len(folders) == 1, f"killed at {at}, {step}: {name} is in {folders}"
        if step:
            assert killer(inbox.folder, 0) == ""
        check(inbox, arrival, f"killed at {at}, {step}")
    assert at > 15
