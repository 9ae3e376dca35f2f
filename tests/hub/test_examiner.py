"""The examiner: when it looks at a store's file, how it gives way, and that damage stops everybody."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crossdock import Queue, StoreDamaged, StoreSettings
from crossdock.domain.events import Event
from crossdock.hub import examiner
from crossdock.hub.examiner import Examiner
from crossdock.store.sqlite import examining, maintenance
from crossdock.store.sqlite.build import choose
from crossdock.store.sqlite.examining import Examination, Examinations
from tests.notices import Heard

PAGE = 4096
ALWAYS_NIGHT = datetime.now(UTC).astimezone().time().replace(second=0, microsecond=0)
HOLDER = """\
import sys, time
from crossdock import Queue
queue = Queue(sys.argv[1], app="holder")
print("open", flush=True)
time.sleep(600)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "work.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def queue(url: str) -> Iterator[Queue]:
    with Queue(url, app="tests", settings=StoreSettings(min_free_bytes=0)) as opened:
        opened.send_many("app", [{"n": n, "text": "x" * 300} for n in range(100)])
        yield opened


def examinations(queue: Queue) -> Examinations:
    found = queue._store.examinations
    assert isinstance(found, Examinations)
    return found


def examiner_of(queue: Queue, heard: Heard, given: Examinations | None = None) -> Examiner:
    return Examiner(queue._store, given or examinations(queue), at=ALWAYS_NIGHT, notice=heard)


def examine(queue: Queue) -> list[Event]:
    """Let an examiner that has just been started look once; return what it told."""
    heard = Heard()
    examiner_of(queue, heard).run_once()
    return heard.events


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


SOUND = ["examiner.started", "examiner.stopped"]
DAMAGED = ["examiner.started", "examiner.stopped", "store.damaged"]


class TestWhen:
    def test_a_file_that_was_never_examined_is(self, queue: Queue) -> None:
        assert names(examine(queue)) == SOUND

    def test_it_is_examined_once_a_night_whoever_is_started_again(self, queue: Queue) -> None:
        examine(queue)
        assert examine(queue) == []
        examinations(queue).note_sound(datetime.now(UTC) - timedelta(days=1))
        assert names(examine(queue)) == SOUND

    def test_a_time_to_come_was_noted_by_a_wrong_clock(self, queue: Queue) -> None:
        examinations(queue).note_sound(datetime.now(UTC) + timedelta(days=400))
        assert names(examine(queue)) == SOUND

    @pytest.mark.needs_linux
    def test_it_is_examined_after_a_process_was_killed(self, queue: Queue, url: str) -> None:
        examine(queue)
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "open\n"
            holder.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 30
        while not examinations(queue).left_open:  # the housekeeper finds out
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert names(examine(queue)) == SOUND
        assert examine(queue) == []

    def test_not_after_one_that_was_closed(self, queue: Queue, url: str) -> None:
        examine(queue)
        Queue(url).close()
        queue._housekeeper.run_once()
        assert examine(queue) == []

    def test_one_run_examines_at_most_once_an_hour(self, queue: Queue, path: Path) -> None:
        heard = Heard()
        one = examiner_of(queue, heard)
        one.run_once()
        _die(path)
        one.run_once()
        assert heard.names == SOUND
        assert names(examine(queue)) == SOUND

    def test_of_two_runs_one_examines(self, queue: Queue) -> None:
        with queue._store.alone("examination"):
            assert examine(queue) == []
        assert names(examine(queue)) == SOUND

    def test_a_store_in_memory_has_nothing_to_examine(self) -> None:
        with Queue.testing() as queue:
            assert queue._store.examinations is None


def _die(path: Path) -> None:
    """Leave behind what the housekeeper leaves when it finds that a process has died."""
    path.with_name("work.db.d").joinpath("left-open").touch()


class Slow(Examinations):
    """Examinations that take minutes, page by page."""

    def __init__(self, queue: Queue, settings: StoreSettings) -> None:
        super().__init__(queue._store.open_store.connections, settings)
        self.began = threading.Event()

    def begin(self) -> Examination:
        examination = super().begin()
        examination._connection.set_progress_handler(self._step, 1)
        return examination

    def _step(self) -> None:
        self.began.set()
        time.sleep(0.05)


class TestGivesWay:
    def test_it_ends_soon_when_it_is_told_to_stop_and_begins_again_next_time(
        self, queue: Queue, path: Path
    ) -> None:
        examine(queue)
        _die(path)
        heard, slow = Heard(), Slow(queue, StoreSettings(min_free_bytes=0))
        with examiner_of(queue, heard, slow) as one:
            assert slow.began.wait(30)
            one.stop()
        assert heard.names == SOUND
        assert [getattr(event, "outcome", None) for event in heard.events] == [None, "interrupted"]
        assert names(examine(queue)) == SOUND

    def test_it_gives_up_while_the_disk_is_full_and_says_so_once(
        self, queue: Queue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(examiner, "_REST_S", 0.0)
        heard, slow = Heard(), Slow(queue, StoreSettings(min_free_bytes=2**60))
        one = examiner_of(queue, heard, slow)
        for free in (2**30, 2**29):
            space = os.statvfs_result((1, 1, free, free, free, 0, 0, 0, 0, 255))
            monkeypatch.setattr(os, "statvfs", lambda _, space=space: space)
            one.run_once()
        assert heard.names == ["examiner.started", "examiner.failed", "examiner.started"]

    def test_nobody_waits_for_the_examination_of_a_large_file_without_a_log(
        self, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(examining, "_LARGEST_ALONE", 0)
        with Queue(url, settings=StoreSettings(outside_writers=True, min_free_bytes=0)) as queue:
            events = examine(queue)
        assert names(events) == ["examiner.started", "examiner.failed"]
        assert "crossdock store backup" in events[-1].text


class TestDamage:
    @pytest.fixture
    def damaged(self, queue: Queue, path: Path) -> Path:
        """Return a closed store with noise where only who sends looks."""
        queue.close()
        with closing(choose().module.connect(path)) as database:
            (page,) = database.execute(
                "SELECT rootpage FROM sqlite_schema WHERE name = 'uq_data_staging_message'"
            ).fetchone()
        with path.open("r+b") as file:
            file.seek((page - 1) * PAGE)
            file.write(random.Random(7).randbytes(PAGE))
        return path

    def test_everybody_stops_and_is_told_what_to_do(self, damaged: Path, url: str) -> None:
        with Queue(url) as queue, Queue(url) as other:
            events = examine(queue)
            assert names(events) == DAMAGED
            assert "crossdock store restore" in events[-1].text
            for one in (queue, other):
                with pytest.raises(StoreDamaged, match="crossdock store restore"):
                    one.send("app", 1)
                with pytest.raises(StoreDamaged, match="crossdock store restore"):
                    one.stats()
        with pytest.raises(StoreDamaged, match="crossdock store restore"):
            Queue(url)
        assert maintenance.check(url)
        with pytest.raises(StoreDamaged):
            Queue(url)

    def test_a_damaged_page_that_somebody_meets_stops_everybody_at_once(
        self, damaged: Path, url: str
    ) -> None:
        with Queue(url) as queue, Queue(url) as other:
            with pytest.raises(StoreDamaged):
                queue.send("app", 1)  # the index has to take it
            with pytest.raises(StoreDamaged, match="crossdock store restore"):
                other.claim("nobody")

    def test_it_can_be_used_again_when_a_backup_was_put_in_its_place(
        self, queue: Queue, url: str, path: Path, tmp_path: Path
    ) -> None:
        copy = maintenance.backup(url, tmp_path / "copy.db")
        examinations(queue).note_damaged(["Tree 5 page 7"], datetime.now(UTC))
        queue.close()
        kept = maintenance.restore(url, copy, force=True)
        with Queue(url) as again:
            assert again.stats()["app"].ready == 100
        assert kept is not None
        with pytest.raises(StoreDamaged):
            Queue(f"sqlite:///{kept}")

    def test_it_can_be_used_again_when_a_check_finds_it_sound(self, queue: Queue, url: str) -> None:
        examinations(queue).note_damaged(["a disk that was away"], datetime.now(UTC))
        queue.close()
        assert maintenance.check(url) == []
        with Queue(url) as again:
            again.send("app", 1)

    def test_a_row_against_the_rules_is_no_damage(self, queue: Queue, path: Path) -> None:
        with closing(choose().module.connect(path, isolation_level=None)) as database:
            database.execute("PRAGMA ignore_check_constraints = ON")
            database.execute("UPDATE data_staging SET priority = 17 WHERE id = 3")
        assert names(examine(queue)) == SOUND

    def test_the_mark_is_for_its_owner_alone(self, queue: Queue, path: Path) -> None:
        examinations(queue).note_damaged(["Tree 5 page 7"], datetime.now(UTC))
        assert path.with_name("work.db.damaged").stat().st_mode & 0o777 == 0o600
