"""The catalogue of events is complete and of one form."""

from __future__ import annotations

import ast
import dataclasses
import re
from functools import cache
from pathlib import Path

import pytest

from crossdock.domain.events import Event, Level, MessageEvent, MessageFailed
from crossdock.domain.lifecycle import MOVES, Verb
from crossdock.domain.process_events import WorkerDied, catalogue
from tests.docs.pages import ROOT

SOURCES = sorted((ROOT / "src" / "crossdock").rglob("*.py"))
IN_TIMELINES_ALONE = {"message.sent", "message.archived"}
PAST = {
    Verb.SEND: "sent", Verb.CLAIM: "claimed", Verb.ACK: "completed", Verb.NACK: "nacked", Verb.HAND_BACK: "handed_back",
    Verb.LAPSE: "lapsed", Verb.CRASH: "crashed", Verb.FAIL: "failed", Verb.EXPIRE: "failed", Verb.CANCEL: "cancelled",
    Verb.EDIT: "edited", Verb.REPLAY: "replayed", Verb.ARCHIVE: "archived", Verb.DELETE: "deleted",
}  # fmt: skip
"""The word of each verb in events; extending a lease is no event, since it happens without end."""


@pytest.mark.parametrize("event", catalogue().values(), ids=list(catalogue()))
class TestEach:
    def test_has_a_name_of_two_parts_and_a_meaning(self, event: type[Event]) -> None:
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", event.name)
        assert (event.__doc__ or "").strip()
        assert isinstance(event.level, Level)

    def test_takes_seconds_as_duration_s(self, event: type[Event]) -> None:
        names = {field.name for field in dataclasses.fields(event)}
        assert not {name for name in names if name.startswith("duration")} - {"duration_s"}

    def test_is_emitted_somewhere(self, event: type[Event]) -> None:
        if event.name not in IN_TIMELINES_ALONE:
            used = [path for path in SOURCES if event.__name__ in _names_of(path)]
            assert [path for path in used if not path.name.endswith("events.py")]


@cache
def _names_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def test_every_verb_of_the_lifecycle_has_its_event() -> None:
    assert {PAST[move.verb] for move in MOVES if move.verb is not Verb.EXTEND} == {
        name.removeprefix("message.") for name in catalogue() if name.startswith("message.")
    } - {"fell_back"}


def test_what_takes_time_says_how_long() -> None:
    ended = [
        one
        for name, one in catalogue().items()
        if re.search(r"(worker|supervisor|archiver)\.(stopped|failed)", name)
    ]
    assert all("duration_s" in {field.name for field in dataclasses.fields(one)} for one in ended)
    assert ended


def test_fields_are_there_even_when_unknown() -> None:
    fields = dict(MessageFailed(message_id="m", app="a", reason="no").fields())
    assert fields == {
        "message_id": "m", "app": "a", "adapter": None, "attempt": None, "code": None, "duration_s": None,
        "trace_id": None, "who": None,
    }  # fmt: skip


@pytest.mark.parametrize(("code", "words"), [(-9, "killed by signal 9"), (7, "exit code 7")])
def test_death_of_a_worker_is_told_in_words(code: int, words: str) -> None:
    died = WorkerDied(worker=1, worker_pid=5, duration_s=2.0, exit_code=code, restart_in_s=0.1)
    assert words in died.text


def test_events_of_messages_hold_no_data() -> None:
    assert "data" not in {field.name for field in dataclasses.fields(MessageEvent)}
