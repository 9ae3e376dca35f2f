"""Programs that write badly: they stall, truncate, rename and rewrite; half a file is never taken."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from crossdock.adapters.file.intake import Intake
from crossdock.adapters.file.reading.rows import CHUNK_ROWS
from tests.adapters.file.inbox import Inbox

SETTLE_S = 1.0
STEPS = ("append", "half", "truncate", "rewrite", "replace", "stall", "pause")
steps = some.lists(some.sampled_from(STEPS), max_size=12)


class Writer:
    """Writes ``a.jsonl``, one step after the other, each at another time; between them the adapter looks.

    Args:
        inbox: Where to.
        intake: Takes files from there.
    """

    def __init__(self, inbox: Inbox, intake: Intake) -> None:
        self.path = inbox.imports / "a.jsonl"
        self.changed_at = 0.0
        self._inbox = inbox
        self._intake = intake
        self._number = 0

    def do(self, step: str) -> None:
        """Do one step of a writer."""
        self._number += 1
        whole = f'{{"n": {self._number}}}\n'
        old = self.path.read_text() if self.path.exists() else ""
        match step:
            case "append":
                self._put(old + whole)
            case "half":
                self._put(old + whole[:5])
            case "truncate":
                self._put("")
            case "rewrite":
                self._put(old.replace("1", "2") + whole)
            case "replace":
                self._put(whole, replaced=True)
            case "stall":
                self._inbox.wait(SETTLE_S * 0.9)
            case "pause":
                self._inbox.wait(SETTLE_S * 1.1)

    def _put(self, content: str, *, replaced: bool = False) -> None:
        target = self.path.with_name(".a") if replaced else self.path
        with target.open("w") as file:
            file.write(content)
        at = 1_000_000_000 + self._number  # the clock of a disk may be too coarse for steps as quick as these
        os.utime(target, (at, at))
        if replaced:
            target.rename(self.path)
        self.changed_at = self._inbox.elapsed

    @property
    def rows(self) -> int:
        """How many rows, good or bad, the file has now."""
        return sum(1 for line in self.path.read_text().split("\n") if line.strip())


def taken(inbox: Inbox) -> list[int]:
    """Return how many rows each archived file had."""
    manifests = sorted(path for path in inbox.tree() if path.endswith(".meta.json") and "archive" in path)
    return [inbox.json(path)["taken"]["rows"] for path in manifests]


@given(steps)
@settings(deadline=None, max_examples=30)
def test_file_that_is_not_said_to_be_whole_is_never_taken(given_steps: list[str]) -> None:
    for arrival in ("manifest", "done-marker"):
        with tempfile.TemporaryDirectory() as folder:
            inbox = Inbox(Path(folder), arrival=arrival)
            intake = inbox.intake()
            writer = Writer(inbox, intake)
            for step in ["append", *given_steps]:
                writer.do(step)
                inbox.drain(intake)
                assert taken(inbox) == []
            rows, content = writer.rows, writer.path.read_bytes()
            if arrival == "manifest":
                inbox.drop("a.jsonl", content)
            else:
                (inbox.imports / "a.jsonl.done").touch()
            inbox.drain(intake)
            intake.close()
            assert taken(inbox) == [rows]
            assert (inbox.root / "archive/2031-05/a.jsonl").read_bytes() == content


@given(steps)
@settings(deadline=None, max_examples=30)
def test_file_is_taken_when_it_has_settled_and_not_before(given_steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        inbox = Inbox(Path(folder), arrival="stable", settle="1s")
        intake = inbox.intake()
        writer = Writer(inbox, intake)
        expected: list[int] = []
        for step in ["append", *given_steps, "pause", "pause"]:
            writer.do(step)
            rows = writer.rows if writer.path.exists() else 0
            there = writer.path.exists()
            inbox.drain(intake)
            if there and not writer.path.exists():
                assert inbox.elapsed - writer.changed_at >= SETTLE_S
                expected.append(rows)
        intake.close()
        assert sorted(taken(inbox)) == sorted(expected)
        assert expected


@pytest.mark.parametrize("after", ["append", "half", "truncate", "rewrite", "replace"])
def test_writer_that_goes_on_behind_its_manifest_gets_the_file_back(tmp_path: Path, after: str) -> None:
    inbox = Inbox(tmp_path)
    intake = inbox.intake()
    writer = Writer(inbox, intake)
    writer.do("append")
    inbox.drop("a.jsonl", writer.path.read_bytes())
    writer.do(after)
    if after == "replace":
        writer.do("append")
    content = writer.path.read_bytes()
    inbox.drain(intake)
    intake.close()
    assert inbox.data == []
    assert inbox.error("a.error.json")["check"] in {"size", "checksum"}
    assert (inbox.root / "errors/2031-05-17/a.jsonl").read_bytes() == content
    assert (inbox.root / "errors/2031-05-17/a.meta.json").exists()


def test_writer_that_holds_a_claimed_file_open_is_noticed(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    path = inbox.drop("a.jsonl", "".join(f"{n}\n" for n in range(CHUNK_ROWS + 1)))
    with path.open("ab") as file:
        intake = inbox.intake()
        chunk = intake.next()
        file.write(b"late\n")
        file.flush()
        inbox.store(intake, chunk)
        inbox.drain(intake)
    intake.close()
    error = inbox.error("a.error.json")
    assert (error["check"], error["rows_sent"]) == ("unchanged", len(inbox.data))
    assert inbox.data == list(range(CHUNK_ROWS))
