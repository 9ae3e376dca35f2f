"""Writing that is killed or fails at each of its steps: in the end each message is in one file, once."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from crossdock.domain.errors import CrossdockError, NotConnected, TransientError
from tests.adapters.file.case import (
    StepFiles,
    Table,
    TableBatch,
    adapter,
    deliver,
    hidden,
    pairs,
    take,
    visible,
)

ROOT = Path(__file__).resolve().parents[3]
GATHERED = {"format": "csv", "rows": 10}
WITH_LATEST = {"format": "jsonl", "rows": 10, "latest": "newest.jsonl"}
MOST_STEPS = 400
FIRST = ["m1", "m2", "m3"]


class Killer:
    """Delivers in processes that are killed."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.adapters.file.killed_program", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        )

    def deliver(self, folder: Path, at: int) -> str:
        """Deliver what waits there; return the step at which the process was killed, or nothing."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(folder), at]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the program died"
        return line.strip()

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture
def killer(request: pytest.FixtureRequest) -> Iterator[Killer]:
    found = Killer(request.param)
    yield found
    found.close()


def start(folder: Path) -> Table:
    folder.mkdir()
    table = Table(folder / "table.json")
    table.send({key: {"id": key} for key in FIRST})
    return table


async def redeliver(folder: Path, table: Table, settings: dict[str, Any]) -> None:
    """Deliver everything, grouped otherwise than the first time, and with a message that is new."""
    table.send({"m4": {"id": "m4"}})
    to = adapter(folder, **settings)
    await to.connect()
    for ids in (["m2", "m4"], ["m3", "m1"]):
        chosen = [key for key in ids if table.rows[key]["state"] == "waiting"]
        if chosen:
            await deliver(to, table, chosen)
    await to.close()


def account(folder: Path, table: Table, settings: dict[str, Any]) -> None:
    """Make sure that each message is in one published file, and that nothing half done can be seen."""
    exports = folder / "data" / "exports"
    found = [
        pair
        for place in (exports, folder / "taken")
        for pair in pairs(place)
        if "newest" not in pair.path.name
    ]
    counts = Counter(row["id"] for pair in found for row in pair.rows)
    assert counts == dict.fromkeys([*FIRST, "m4"], 1)
    assert table.waiting() == []
    shown = visible(exports)
    assert len(shown) == 2 * len(pairs(exports)), shown
    assert hidden(exports, ".part") == []
    if "latest" in settings:
        newest = max(found, key=lambda pair: (pair.manifest["created_at"], pair.path.name))
        (copy,) = [pair for pair in pairs(exports) if "newest" in pair.path.name]
        assert copy.content == newest.content


@pytest.mark.parametrize("killer", [GATHERED, WITH_LATEST], indirect=True, ids=["gathered", "with latest"])
@pytest.mark.parametrize("consumer", ["waits", "takes"])
def test_killed_at_any_step_each_message_is_in_one_file(
    killer: Killer, consumer: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings = request.node.callspec.params["killer"]
    for at in range(MOST_STEPS):
        folder = tmp_path / str(at)
        table = start(folder)
        name = killer.deliver(folder, at)
        for pair in pairs(folder / "data"):
            assert pair.rows, name
        if consumer == "takes":
            take_numbered(folder)
        asyncio.run(redeliver(folder, table, settings))
        account(folder, table, settings)
        if not name:
            assert at > 30
            return
    raise AssertionError("the steps have no end")


def take_numbered(folder: Path) -> None:
    """Take away what was published, but for the latest copy."""
    exports = folder / "data" / "exports"
    for day in exports.glob("????-??-??"):
        take(day, folder / "taken")


class Fuse:
    """Raises at one step."""

    def __init__(self, at: int, error: Callable[[], BaseException]) -> None:
        self._left = at
        self._error = error
        self.name = ""

    def __call__(self, name: str) -> None:
        if self._left == 0:
            self.name = name
            self._left -= 1
            raise self._error()
        self._left -= 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS], ids=errno.errorcode.get)
@pytest.mark.parametrize("settings", [GATHERED, WITH_LATEST], ids=["gathered", "with latest"])
def test_failed_at_any_step_each_message_is_in_one_file(
    settings: dict[str, Any], number: int, tmp_path: Path
) -> None:
    expected = NotConnected if number == errno.EROFS else TransientError

    async def attempt(folder: Path, table: Table, fuse: Fuse) -> None:
        to = adapter(folder, StepFiles(fuse), **settings)
        with suppress(expected):
            await to.connect()
            await deliver(to, table, table.waiting())
        await to.close()

    for at in range(MOST_STEPS):
        folder = tmp_path / str(at)
        table = start(folder)
        fuse = Fuse(at, lambda: OSError(number, os.strerror(number)))
        asyncio.run(attempt(folder, table, fuse))
        asyncio.run(redeliver(folder, table, settings))
        account(folder, table, settings)
        if not fuse.name:
            return
    raise AssertionError("the steps have no end")


@pytest.mark.parametrize("ending", [".ticket", ".jsonl.part", ".latest.part", ".meta.json.part"])
def test_disk_that_is_full_shows_and_leaves_nothing(tmp_path: Path, ending: str) -> None:
    """However often it is tried."""
    table = start(tmp_path / "work")
    exports = tmp_path / "work" / "data" / "exports"

    def full(name: str) -> None:
        if name.startswith("sync ") and name.endswith(ending):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    to = adapter(tmp_path / "work", StepFiles(full), **WITH_LATEST)
    asyncio.run(to.connect())
    for _ in range(3):
        with pytest.raises(TransientError, match="No space left on device; make room"):
            asyncio.run(deliver(to, table, FIRST))
        assert visible(exports) == hidden(exports) == []


def test_number_that_was_given_back_is_never_written_by_two(tmp_path: Path) -> None:
    """Whoever draws it while the first still clears up keeps what he writes."""
    folder = tmp_path / "work"
    table = start(folder)
    replies: list[Any] = []
    other = adapter(folder, **GATHERED)

    def step(name: str) -> None:
        if name.startswith("sync ") and name.endswith(".meta.json.part"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if name.startswith("after remove ") and not replies:
            replies.extend(asyncio.run(deliver(other, table, ["m1"])))

    async def first() -> None:
        to = adapter(folder, StepFiles(step), **GATHERED)
        await to.connect()
        with suppress(TransientError):
            await to.deliver(TableBatch(table, ["m2", "m3"]))

    asyncio.run(other.connect())
    asyncio.run(first())
    assert [row["id"] for pair in pairs(folder / "data") for row in pair.rows] == ["m1"]
    asyncio.run(redeliver(folder, table, GATHERED))
    account(folder, table, GATHERED)


class LostLease(CrossdockError):
    """Stands for what the store says."""


@pytest.mark.parametrize("step", ["note", "noted"])
def test_what_could_not_be_noted_is_removed(step: str, tmp_path: Path) -> None:
    table = start(tmp_path / "work")
    exports = tmp_path / "work" / "data" / "exports"

    def refuse(name: str) -> None:
        if name == step:
            raise LostLease

    to = adapter(tmp_path / "work", **WITH_LATEST)
    asyncio.run(to.connect())
    with pytest.raises(LostLease):
        asyncio.run(deliver(to, table, FIRST, refuse))
    assert visible(exports) == hidden(exports, ".part") == []
    asyncio.run(redeliver(tmp_path / "work", table, WITH_LATEST))
    account(tmp_path / "work", table, WITH_LATEST)


class TestCancelled:
    @pytest.mark.parametrize("at", range(0, 60, 3))
    def test_cancelled_at_any_step_each_message_is_in_one_file(self, at: int, tmp_path: Path) -> None:
        table = start(tmp_path / "work")
        folder = tmp_path / "work"

        async def work() -> None:
            loop = asyncio.get_running_loop()
            steps = iter(range(at + 1))

            def step(_name: str) -> None:
                if next(steps, None) == at:
                    loop.call_soon_threadsafe(delivery.cancel)

            to = adapter(folder, StepFiles(step), **WITH_LATEST)
            await adapter(folder, **WITH_LATEST).connect()
            delivery = asyncio.ensure_future(deliver(to, table, FIRST, step))
            with suppress(asyncio.CancelledError):
                await delivery
            if table.waiting():
                await deliver(
                    to, table, table.waiting()
                )  # at once, while the thread of the first may still write
            await to.close()

        asyncio.run(work())
        asyncio.run(redeliver(folder, table, WITH_LATEST))
        account(folder, table, WITH_LATEST)


class TestTwoAtOnce:
    @pytest.mark.parametrize("at", range(0, 30, 2))
    def test_process_that_stalls_and_one_that_takes_over_publish_once(self, at: int, tmp_path: Path) -> None:
        """The first goes on at its step after the second has done everything."""
        folder = tmp_path / "work"
        table = start(folder)
        settings = GATHERED
        steps = iter(range(at + 1))
        noted: list[bool] = []

        def step(name: str) -> None:
            if name == "noted":
                noted.append(True)
            if noted and next(steps, None) == at:
                other = adapter(folder, **settings)
                asyncio.run(asyncio.wait_for(take_over(other), 30))

        async def take_over(other: Any) -> None:
            await other.connect()
            await deliver(other, table, table.waiting())

        async def first() -> None:
            to = adapter(folder, StepFiles(step), **settings)
            await to.connect()
            # what it answers does not count any more: it has lost its leases
            with suppress(CrossdockError):
                await to.deliver(TableBatch(table, FIRST, noted_only))

        def noted_only(name: str) -> None:
            if name == "noted":
                noted.append(True)

        asyncio.run(first())
        asyncio.run(redeliver(folder, table, settings))
        account(folder, table, settings)


def test_stranger_who_takes_the_name_at_the_last_moment_keeps_it(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    table = start(folder)
    exports = folder / "data" / "exports"
    taken: list[str] = []

    def step(name: str) -> None:
        """Take the name of the data, then, at the next try, that of the manifest."""
        kind = (".csv", ".meta.json")[len(taken)] if len(taken) < 2 else None
        if kind and name.startswith("rename ") and name.endswith(kind):
            (path,) = exports.glob("*")
            (path / name.removeprefix("rename ")).write_text(f"stranger {len(taken)}")
            taken.append(name.removeprefix("rename "))

    to = adapter(folder, StepFiles(step), **GATHERED)
    asyncio.run(to.connect())
    replies = asyncio.run(deliver(to, table, FIRST))
    assert len(taken) == 2
    for number, name in enumerate(taken):
        (path,) = exports.rglob(name)
        assert path.read_text() == f"stranger {number}"
        path.unlink()
    assert replies[0].result["file"].endswith("_003.csv")  # type: ignore[union-attr]
    asyncio.run(redeliver(folder, table, GATHERED))
    account(folder, table, GATHERED)


def test_message_that_was_cancelled_meanwhile_is_not_delivered_with_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    table = start(folder)

    def die(name: str) -> None:
        if name == "noted":
            raise KeyboardInterrupt  # nothing is cleared up, as after a kill

    to = adapter(folder, **GATHERED)
    asyncio.run(to.connect())
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(deliver(to, table, FIRST, die))
    table.update(["m2"], state="cancelled")
    again = adapter(folder, **GATHERED)
    asyncio.run(again.connect())
    asyncio.run(deliver(again, table, ["m1", "m3"]))
    assert [row["id"] for pair in pairs(folder / "data") for row in pair.rows] == ["m1", "m3"]
