"""The table of moves is the law: the database's guard and the helpers read it and agree with it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from itertools import product
from pathlib import Path

import pytest

from crossdock import IllegalMove, Queue
from crossdock.domain.lifecycle import MOVES, Status, Verb, legal_changes


def test_a_dead_letter_leaves_its_status_only_by_replay_or_deletion() -> None:
    leaving = {
        move.verb for move in MOVES if move.before is Status.FAILED and move.after is not Status.FAILED
    }
    assert leaving == {Verb.REPLAY, Verb.DELETE}


BRINGING: dict[Status, Callable[[Queue, str], object]] = {
    Status.PENDING: lambda _, __: None,
    Status.PROCESSING: lambda queue, _: queue.claim("validator"),
    Status.COMPLETED: lambda queue, _: [delivery.ack() for delivery in queue.claim("validator")],
    Status.FAILED: lambda queue, message_id: queue.cancel(message_id),
}
"""How a message that was just sent gets to a status."""
DOING: dict[Verb, Callable[[Queue, str], object]] = {
    Verb.CANCEL: lambda queue, message_id: queue.cancel(message_id),
    Verb.EDIT: lambda queue, message_id: queue.edit(message_id, priority=7),
    Verb.REPLAY: lambda queue, message_id: queue.replay(message_id),
    Verb.DELETE: lambda queue, message_id: queue.delete(message_id),
}
"""What an operator may try with a message of any status."""


@pytest.mark.parametrize(("verb", "status"), list(product(DOING, BRINGING)))
def test_an_operator_may_do_what_the_table_says_and_nothing_else(verb: Verb, status: Status) -> None:
    legal = any(move.verb is verb and move.before is status for move in MOVES)
    with Queue.testing() as queue:
        message_id = queue.send("validator", 1).id
        BRINGING[status](queue, message_id)
        assert queue.get(message_id).status is status
        with nullcontext() if legal else pytest.raises(IllegalMove):
            DOING[verb](queue, message_id)


_TRY = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
try:
    database.execute("UPDATE data_staging SET status = ? WHERE id = ?", (sys.argv[3], int(sys.argv[2])))
except sqlite3.DatabaseError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_the_database_guards_the_same_changes_against_other_programs(
    tmp_path: Path, before: Status, after: Status
) -> None:
    path = tmp_path / "work.db"
    with Queue(f"sqlite:///{path}") as queue:
        row_id = queue.send("validator", 1).row_id
        queue._store.open_store.exclusive(
            lambda database: database.execute(
                "UPDATE data_staging SET status = ?, revision = revision + 1 WHERE id = ?", (before, row_id)
            )
        )
    done = subprocess.run(
        [sys.executable, "-c", _TRY, str(path), str(row_id), after],
        check=False,
        capture_output=True,
        text=True,
    )
    allowed = before is after or (before, after) in legal_changes()
    assert (done.returncode == 0) == allowed, done.stderr
    if not allowed:
        assert "illegal change of status" in done.stderr


def test_the_diagram_of_the_documents_is_drawn_from_the_table() -> None:
    tool = Path(__file__).resolve().parents[2] / "tools" / "generate_lifecycle.py"
    done = subprocess.run([sys.executable, str(tool), "--check"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
