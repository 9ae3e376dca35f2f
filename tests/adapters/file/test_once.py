"""What lies in a folder is taken once: what comes later, or is not whole, is left there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from crossdock.adapters.file.fates import Fate
from crossdock.adapters.file.inbound import inbound_adapter
from crossdock.adapters.file.intake import Intake
from crossdock.adapters.file.once import Once
from crossdock.adapters.file.reading.rows import CHUNK_ROWS
from crossdock.adapters.file.tree import tree_of
from tests.adapters.file.inbox import Inbox

CSV = "n\n1\n2\n"


class Taken:
    """What became of an inbox that was taken once."""

    def __init__(self, inbox: Inbox, *only: str) -> None:
        self.fates: list[Fate] = []
        self.inbox = inbox
        self.once = Once(
            tree=tree_of("data/imports", above=inbox.folder),
            settle=inbox.settings.settle,
            only=frozenset(inbox.imports.resolve() / name for name in only),
            ended=self.fates.append,
        )

    def intake(self) -> Intake:
        """Connect an adapter that takes once."""
        intake = inbound_adapter(
            self.inbox.settings,
            self.inbox.surroundings(),
            files=self.inbox.files,
            elapsed=lambda: self.inbox.elapsed,
            once=self.once,
        )._intake
        intake.connect(self.inbox.stored.positions)
        return intake

    def run(self) -> Taken:
        """Take until there is nothing more; whenever nothing is there, half a second goes by."""
        intake = self.intake()
        for _ in range(10):
            self.inbox.drain(intake)
            if intake.is_finished:
                break
            self.inbox.wait(0.5)
        assert intake.is_finished
        intake.close()
        self.inbox.boot += 1
        return self

    @property
    def states(self) -> dict[str, str]:
        """What became of each file, by its name."""
        return {fate.name: fate.state for fate in self.fates}

    @property
    def left(self) -> dict[str, str]:
        """What was left, and for what it waits."""
        return {path.name: wants for path, wants in self.once.left.items()}


def test_all_that_lies_there_is_taken_and_its_fate_told(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV + "3,x\n")
    inbox.drop("b.csv", CSV, file_size=1)
    taken = Taken(inbox).run()
    assert inbox.data == [{"n": "1"}, {"n": "2"}]
    assert taken.states == {"a.csv": "taken", "b.csv": "set aside"}
    of = {fate.name: fate for fate in taken.fates}
    assert (of["a.csv"].rows, of["a.csv"].sent, of["a.csv"].set_aside) == (3, 2, 1)
    assert of["a.csv"].place == "archive/2031-05/a.csv"
    assert of["a.csv"].reason == "row 3, line 4: the row has 2 fields for 1 column"
    assert of["b.csv"].reason == "size: the file has 6 bytes, and its manifest says 1"
    assert of["b.csv"].place == "errors/2031-05-17/b.csv"
    inbox.drop("a.csv", CSV + "3,x\n")
    again = Taken(inbox).run()
    assert again.states == {"a.csv": "duplicate"}
    assert again.fates[0].reason == "it is archive/2031-05/a.csv"


def test_what_comes_after_the_first_look_is_left(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV)
    taken = Taken(inbox)
    intake = taken.intake()
    chunk = intake.next()
    inbox.drop("b.csv", CSV)
    inbox.store(intake, chunk)
    inbox.drain(intake)
    assert intake.is_finished
    assert taken.states == {"a.csv": "taken"}
    assert "imports/b.csv" in inbox.tree()


def test_only_named_files_are_taken(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    for name in ("a.csv", "b.csv"):
        inbox.drop(name, CSV)
    assert Taken(inbox, "b.csv").run().states == {"b.csv": "taken"}
    assert "imports/a.csv" in inbox.tree()


def test_what_is_not_whole_is_left_and_told(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    (inbox.imports / "a.csv").write_text(CSV)
    taken = Taken(inbox).run()
    assert taken.fates == []
    assert taken.left == {"a.csv": "its manifest, a.meta.json"}
    assert inbox.tree() == ["imports/a.csv"]


def test_half_a_manifest_is_left_while_it_may_be_written(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV)
    manifest = inbox.imports / "a.meta.json"
    manifest.write_text("{")
    in_future = inbox.now.timestamp() + 60
    os.utime(manifest, (in_future, in_future))
    assert Taken(inbox).run().left == {"a.csv": "a manifest that is whole"}
    os.utime(manifest, (1, 1))
    assert Taken(inbox).run().states == {"a.csv": "set aside"}


def test_file_that_must_settle_is_waited_for_and_one_that_changes_is_left(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, arrival="stable")
    (inbox.imports / "a.csv").write_text(CSV)
    growing = inbox.imports / "b.csv"
    growing.write_text(CSV)
    taken = Taken(inbox)
    intake = taken.intake()
    for _ in range(10):
        inbox.drain(intake)
        if intake.is_finished:
            break
        inbox.wait(0.5)
        with growing.open("a") as file:
            file.write("3\n")
    assert taken.states == {"a.csv": "taken"}
    assert taken.left == {"b.csv": "its writer, who was still at it"}


def test_what_a_dead_process_had_begun_is_finished_first(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    rows = "n\n" + "".join(f"{n}\n" for n in range(CHUNK_ROWS + 1))
    inbox.drop("a.csv", rows)
    dead = inbox.intake()
    inbox.drain(dead, receipts=1)
    inbox.kill(dead)
    taken = Taken(inbox).run()
    assert taken.states == {"a.csv": "taken"}
    assert [row["n"] for row in inbox.data] == [str(n) for n in range(CHUNK_ROWS + 1)]


def test_move_that_a_dead_process_had_begun_is_told_too(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.drop("a.csv", CSV, file_size=1)
    stopped: list[Any] = []

    def stop(*_: Any) -> None:
        stopped.append(1)
        raise InterruptedError

    intake = inbox.intake()
    intake._departures._perform = stop  # type: ignore[method-assign]  # a kill after the note
    try:
        intake.next()
    except InterruptedError:
        inbox.kill(intake)
    assert stopped
    assert Taken(inbox).run().states == {"a.csv": "set aside"}
