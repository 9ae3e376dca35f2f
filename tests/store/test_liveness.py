"""Who lives: nobody is taken for dead who is not, and the dead are found by one alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossdock.store.liveness import Presence, live_owners

PATIENCE_S = 30
_LIVE = """
import sys
from pathlib import Path
from crossdock.store.liveness import Presence
print(Presence(Path(sys.argv[1]), "worker").owner, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Presence]:
    presence = Presence(tmp_path, "here")
    yield presence
    presence.leave()


@pytest.fixture
def child(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _LIVE, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        if process.poll() is None:
            process.kill()


def owner_of(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def kill(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.wait(PATIENCE_S)


def test_newborn_is_never_taken_for_dead(tmp_path: Path, here: Presence) -> None:
    """Each is looked at in every instant of its making and its leaving."""
    looking, dead = threading.Event(), []

    def look() -> None:
        while not looking.is_set():
            dead.extend(here.dead_owners())

    watchers = [threading.Thread(target=look) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    for _ in range(300):
        born = Presence(tmp_path, "born")
        assert here.condition(born.owner) == "running"
        born.leave()
    looking.set()
    for watcher in watchers:
        watcher.join(PATIENCE_S)
    assert dead == []
    assert live_owners(tmp_path) == [here.owner]


def test_dead_process_is_found_by_one_alone(
    tmp_path: Path, here: Presence, child: subprocess.Popen[str]
) -> None:
    owner = owner_of(child)
    assert list(here.dead_owners()) == []
    kill(child)
    other = Presence(tmp_path, "other")
    found = here.dead_owners()
    assert next(found) == owner  # held by this one, until it comes back for the next
    assert list(other.dead_owners()) == []
    assert list(found) == []
    assert list(other.dead_owners()) == []
    assert here.condition(owner) == "gone"
    other.leave()


def test_rescue_that_was_broken_off_can_be_taken_up(
    tmp_path: Path, here: Presence, child: subprocess.Popen[str]
) -> None:
    owner = owner_of(child)
    kill(child)
    found = here.dead_owners()
    assert next(found) == owner
    found.close()  # an error while its messages were taken back
    assert list(here.dead_owners()) == [owner]


def test_stopped_process_is_seen_as_such(here: Presence, child: subprocess.Popen[str]) -> None:
    owner = owner_of(child)
    assert here.condition(owner) == "running"
    child.send_signal(signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)
    assert here.condition(owner) == "stopped"
    assert list(here.dead_owners()) == []  # but not dead
    child.send_signal(signal.SIGCONT)
    os.waitpid(child.pid, os.WCONTINUED)
    assert here.condition(owner) == "running"


def test_later_process_of_the_same_number_is_another(
    tmp_path: Path, here: Presence, child: subprocess.Popen[str]
) -> None:
    owner = owner_of(child)
    path = tmp_path / f"{owner.rpartition('/')[2]}.lock"
    told = json.loads(path.read_text())
    told["started"] -= 1
    path.write_text(json.dumps(told))
    assert here.condition(owner) == "gone"


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"owner": 5}', '{"owner": "a/b", "pid": "x"}'])
def test_unreadable_file_of_the_dead_is_removed_and_stops_nobody(
    tmp_path: Path, here: Presence, text: str
) -> None:
    path = tmp_path / f"{'0' * 32}.lock"
    path.write_text(text)
    assert here.condition(f"worker/{'0' * 32}") in {"running", "gone"}
    assert [owner.rpartition("/")[2] for owner in here.dead_owners()] in ([path.stem], ["b"], ["5"])
    assert not path.exists()
    assert live_owners(tmp_path) == [here.owner]


def test_note_of_one_that_was_given_up_lasts_until_its_messages_are_taken_back(
    tmp_path: Path, here: Presence, child: subprocess.Popen[str]
) -> None:
    owner = owner_of(child)
    here.give_up(child.pid)
    assert (here.was_given_up(owner), here.was_given_up(here.owner)) == (True, False)
    kill(child)
    here.give_up(child.pid)  # a dead one needs no note
    found = here.dead_owners()
    assert next(found) == owner
    assert here.was_given_up(owner)
    assert list(found) == []
    assert not here.was_given_up(owner)
    assert [path.name for path in tmp_path.iterdir()] == [f"{here.boot_id}.lock"]


def test_process_gives_itself_up_and_takes_that_back_by_leaving_in_good_order(
    tmp_path: Path, here: Presence
) -> None:
    here.give_up(os.getpid())
    assert here.was_given_up(here.owner)
    here.leave()
    assert not list(tmp_path.iterdir())


def test_sockets_of_the_dead_are_removed_with_their_file(
    tmp_path: Path, here: Presence, child: subprocess.Popen[str]
) -> None:
    boot_id = owner_of(child).rpartition("/")[2]
    kill(child)
    (tmp_path / "wake").mkdir()
    theirs, ours = tmp_path / "wake" / f"abc.{boot_id}-1", tmp_path / "wake" / f"abc.{here.boot_id}-1"
    for path in (theirs, ours):
        path.touch()
    list(here.dead_owners())
    assert (theirs.exists(), ours.exists()) == (False, True)


@pytest.mark.parametrize("owner", ["sql", "their-worker", "worker/not-a-boot-id", "", "worker/" + "g" * 32])
def test_owner_that_is_no_process_of_ours_is_unknown(here: Presence, owner: str) -> None:
    assert here.condition(owner) == "unknown"


def test_leaving_twice_is_harmless(tmp_path: Path) -> None:
    presence = Presence(tmp_path, "here")
    presence.leave()
    presence.leave()
    assert live_owners(tmp_path) == []
