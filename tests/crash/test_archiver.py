"""Archivers are killed at random while they move messages to the table and to files: each ends in exactly one place."""

from __future__ import annotations

import json
import os
import random
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.crash.history import Kind
from tests.hub.filing_case import leftovers, lines
from tests.postgresql_databases import is_postgresql

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.nursery import Child
    from tests.crash.probe import Play

pytestmark = pytest.mark.needs_linux

KILLS = max(10, int(os.environ.get("CROSSDOCK_TEST_KILLS", "100")) // 5)
MEAN_PAUSE_S = 0.15
SECONDS_PER_KILL = 2


class Host:
    """Two archivers that share a folder for files; on PostgreSQL another host cannot see into it."""

    def __init__(self, play: Play, name: str) -> None:
        self._play = play
        self.folder = play.folder / f"files-{name}"
        self._options: dict[str, Any] = {"name": f"archiver-{name}", "files": str(self.folder)}
        if is_postgresql(play.place["url"]):
            self._options["host_folder"] = str(play.folder / f"host-{name}")
        self.children: list[Child] = [self._fork() for _ in range(2)]

    def kill_one(self, chance: random.Random) -> None:
        """Kill one of the two, and start another in its place."""
        victim = self.children.pop(chance.randrange(2))
        self._play.nursery.kill(victim)
        self._play.nursery.wait(victim)
        self.children.append(self._fork())

    def finish(self) -> None:
        """Let what was left half done be finished."""
        self._play.once("finish_files", **self._options)

    def _fork(self) -> Child:
        return self._play.fork("move_messages", **self._options)


@pytest.mark.timeout(180 + KILLS * SECONDS_PER_KILL)
def test_killed_archivers_lose_and_double_nothing(play: Play) -> None:
    seed = int(os.environ.get("CROSSDOCK_TEST_SEED", random.SystemRandom().getrandbits(30)))
    print(f"CROSSDOCK_TEST_SEED={seed}")  # noqa: T201 - pytest shows it with a failure
    chance = random.Random(seed)
    source = play.fork("finish_messages", name="source")
    hosts = [Host(play, name) for name in ("ab" if is_postgresql(play.place["url"]) else "a")]
    play.wait_for(Kind.SENT, count=50)
    for _ in range(KILLS):
        play.nursery.attend(min(chance.expovariate(1 / MEAN_PAUSE_S), 4 * MEAN_PAUSE_S))
        chance.choice(hosts).kill_one(chance)
        play.check()
    play.wait_until(lambda: all(len(lines_there(host.folder)) for host in hosts))
    for children in ([source], [child for host in hosts for child in host.children]):
        for child in children:
            child.signal(signal.SIGTERM)
        play.nursery.wait(*children)
    for host in [*hosts, *hosts]:  # each gives up what is not its own, and then removes what was given up
        play.nursery.attend(0.4)
        host.finish()
    play.check()
    account_for(play, [host.folder for host in hosts])


def lines_there(folder: Path) -> list[Path]:
    return list(folder.rglob("*.meta.json"))


def account_for(play: Play, folders: list[Path]) -> None:
    """See that each message that was sent is in exactly one place, and each file as its manifest says."""
    play.once("tell_places")
    told = json.loads((play.folder / "places.json").read_text())
    filed = [line["id"] for folder in folders for line in lines(folder)]
    places = Counter([*told["queue"], *told["archive"], *filed])
    sent = {each.row_id for each in play.saw(Kind.SENT)}
    print(  # noqa: T201 - pytest shows it with a failure
        f"{KILLS} kills, {len(sent)} messages: {len(told['queue'])} in the queue, {len(told['archive'])} in the "
        f"archive, {len(filed)} in {sum(len(lines_there(folder)) for folder in folders)} files"
    )
    assert set(places) == sent
    assert [row_id for row_id, times in places.items() if times > 1] == []
    assert told["unfinished"] == []
    assert [left for folder in folders for left in leftovers(folder)] == []
    assert told["queue"]
    assert filed
