"""The archiver: moves what is due, writes whole files, and after any interruption loses and doubles nothing."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from crossdock import Queue, Retention, StoreDamaged, StoreUnavailable
from crossdock.domain.retention import Keep
from crossdock.durable_files import FileSystem
from crossdock.store.archive_files import ArchiveFiles
from crossdock.testing import FakeClock
from tests.contract.case import drain, events, numbers

DAY = timedelta(days=1)
SHORT = Retention(keep=Keep(completed_for=DAY), archived_for=DAY, dedup_for=DAY)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "work.db.archive"


Open = Callable[..., Queue]


@pytest.fixture
def open_queue(tmp_path: Path, clock: FakeClock) -> Iterator[Open]:
    opened: list[Queue] = []

    def open_one(retention: Retention = SHORT) -> Queue:
        opened.append(Queue(f"sqlite:///{tmp_path}/work.db", clock=clock, retention=retention))
        return opened[-1]

    yield open_one
    for queue in opened:
        queue.close()


def lines(folder: Path) -> list[dict[str, Any]]:
    """Return what stands in all files that have a manifest, each compared with it."""
    found = []
    for manifest in sorted(folder.rglob("*.meta.json")):
        stated = json.loads(manifest.read_text())
        path = manifest.parent / stated["filename"]
        assert stated["checksum"] == "sha256:" + sha256(path.read_bytes()).hexdigest()
        assert stated["file_size"] == path.stat().st_size
        rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        assert stated["row_count"] == len(rows)
        found += rows
    return found


def leftovers(folder: Path) -> list[str]:
    """Return hidden files, and files without a manifest."""
    files = {path.name for path in folder.rglob("*") if path.is_file()}
    whole = {name for name in files if name.replace(".jsonl.gz", ".meta.json") in files}
    return sorted(files - whole)


class TestMoving:
    def test_moves_what_ended_long_enough_ago(self, open_queue: Open, clock: FakeClock) -> None:
        queue = open_queue()
        queue.send_many("app", range(1200))
        drain(queue)
        clock.advance(DAY / 2)
        queue.send_many("app", ["young"])
        drain(queue)
        clock.advance(DAY / 2)
        queue._archiver.run_once()
        assert numbers(queue.list("app")) == ["young"]
        assert len(queue.list(status="archived", limit=2000)) == 1200

    def test_message_that_waited_long_does_not_hide_those_behind_it(
        self, open_queue: Open, clock: FakeClock
    ) -> None:
        """They are looked at in the order of arrival, and ended in another."""
        queue = open_queue()
        queue.send_many("app", range(1100))
        late = queue.claim("app", limit=600)
        drain(queue)
        clock.advance(DAY)
        queue.ack_many(late)
        queue._archiver.run_once()
        assert numbers(queue.list(status="archived", limit=2000)) == list(range(600, 1100))

    def test_keeps_only_the_newest_so_many(self, open_queue: Open) -> None:
        queue = open_queue(Retention(keep=Keep(max_completed=2), apps={"other": Keep(max_completed=0)}))
        queue.send_many("app", range(5))
        queue.send_many("other", range(5))
        drain(queue)
        drain(queue, "other")
        queue._archiver.run_once()
        assert numbers(queue.list("app")) == [3, 4]
        assert queue.list("other") == []

    def test_dead_letters_and_what_waits_stay(self, open_queue: Open, clock: FakeClock) -> None:
        queue = open_queue()
        queue.send_many("app", ["dead", "claimed", "waiting"])
        dead, _ = queue.claim("app", limit=2, lease=timedelta(days=3000))
        dead.fail("no")
        clock.advance(timedelta(days=1000))
        queue._archiver.run_once()
        assert numbers(queue.list("app")) == ["dead", "claimed", "waiting"]
        assert queue.list(status="archived") == []

    def test_does_nothing_by_itself_if_told_so(self, open_queue: Open, clock: FakeClock) -> None:
        queue = open_queue(Retention(automatic=False))
        queue.send("app", 1)
        drain(queue)
        clock.advance(timedelta(days=1000))
        queue._archiver.run_once()
        assert queue.stats("app")["app"].completed == 1

    def test_one_process_at_a_time(self, open_queue: Open, clock: FakeClock) -> None:
        queue, other = open_queue(), open_queue()
        queue.send("app", 1)
        drain(queue)
        clock.advance(DAY)
        with other._store.alone("retention") as ours:
            assert ours
            queue._archiver.run_once()
            assert queue.stats("app")["app"].completed == 1
        queue._archiver.run_once()
        assert queue.stats("app")["app"].completed == 0

    def test_starts_by_itself_and_stops_with_the_queue(self, open_queue: Open, clock: FakeClock) -> None:
        queue = open_queue()
        queue.send("app", 1)
        drain(queue)
        clock.advance(DAY)
        queue._archiver.start()
        thread = next(t for t in threading.enumerate() if t.name == "crossdock-archiver")
        thread.join(60)
        assert queue.stats("app")["app"].completed == 0
        queue.close()

    def test_begins_nothing_once_the_queue_is_being_closed(self, open_queue: Open) -> None:
        archiver = open_queue()._archiver
        archiver.stop()
        archiver.start()  # as the housekeeper may that has not heard of it yet
        assert archiver._thread is None

    def test_the_file_of_the_store_shrinks(self, open_queue: Open, tmp_path: Path) -> None:
        queue = open_queue(Retention(keep=Keep(completed_for=timedelta(0))))
        queue.send_many("app", ["x" * 20_000 for _ in range(1000)])
        drain(queue)
        queue.purge("app")
        look = queue._store.open_store.look
        before = look(lambda database: database.execute("PRAGMA page_count").fetchone()[0])
        queue._archiver.run_once()
        after = look(lambda database: database.execute("PRAGMA page_count").fetchone()[0])
        assert after < before / 2


class TestFiles:
    def test_hold_all_columns_and_the_history(self, open_queue: Open, clock: FakeClock, folder: Path) -> None:
        queue = open_queue()
        queue.send("app", {"name": "Zoë"}, message_id="a", extensions={"region": "eu"})
        queue.send("app", b"\x00\xff", message_id="b")
        (delivery,) = queue.claim("app")
        delivery.nack("later", retry_in=timedelta(0))
        drain(queue)
        clock.advance(DAY)
        queue._archiver.run_once()
        assert events(queue, "a")[-1] == "archived"
        clock.advance(2 * DAY)
        queue._archiver.run_once()
        first, second = sorted(lines(folder), key=lambda line: str(line["message_id"]))
        assert (first["data"], first["status"], first["extensions"]) == (
            {"name": "Zoë"},
            "archived",
            {"region": "eu"},
        )
        assert first["archived_at"] == "2026-01-02T00:00:00.000000Z"
        assert [entry["event"] for entry in first["history"]] == ["message.nacked"]
        assert (second["data_base64"], "data" in second) == ("AP8=", False)
        assert queue.list(status="archived") == []
        assert raw(queue, "SELECT count(*) FROM audit_log") == [(0,)]
        assert raw(queue, "SELECT row_count, finished_at IS NULL FROM archive_file") == [(2, 0)]

    def test_are_written_once_a_day_and_are_named_anew(
        self, open_queue: Open, clock: FakeClock, folder: Path
    ) -> None:
        queue = open_queue()
        for _ in range(12):
            queue.send("app", 1)
            drain(queue)
            queue.archive()
            clock.advance(DAY / 4)
            queue._archiver.run_once()
        assert len(list(folder.rglob("*.gz"))) in {1, 2}
        clock.advance(10 * DAY)
        written = queue._archiver.write_files("app")
        assert [one.app for one in written] == ["app"]
        assert len(lines(folder)) == 12

    def test_wait_until_the_id_may_be_forgotten(
        self, open_queue: Open, clock: FakeClock, folder: Path
    ) -> None:
        queue = open_queue(Retention(archived_for=timedelta(0), dedup_for=5 * DAY))
        queue.send("app", 1, message_id="a")
        drain(queue)
        queue.archive()
        clock.advance(4 * DAY)
        assert queue._archiver.write_files() == []
        assert queue.send("app", 1, message_id="a").duplicate
        clock.advance(DAY)
        (written,) = queue._archiver.write_files()
        assert (written.row_count, len(lines(folder))) == (1, 1)
        assert not queue.send("app", 1, message_id="a").duplicate

    def test_each_holds_a_bounded_part(
        self, open_queue: Open, clock: FakeClock, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("crossdock.hub.archiver._ROWS_PER_FILE", 40)
        queue = open_queue()
        archive_some(queue, clock, 100)
        written = queue._archiver.write_files()
        assert [one.row_count for one in written] == [40, 40, 20]
        assert [line["data"] for line in lines(folder)] == list(range(100))


class Cut(BaseException):
    """The process ends here, whatever it was doing."""


class Fuse:
    """Counts steps, and ends the process at one of them."""

    def __init__(self) -> None:
        self.steps = 0
        self.cut_at: int | None = None

    def __call__(self) -> None:
        if self.steps == self.cut_at:
            raise Cut
        self.steps += 1


class CutFiles(FileSystem):
    """A file system that ends between any two steps, once in the middle of what is written."""

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse

    def create(self, path: Path) -> BinaryIO:
        self._fuse()
        file = super().create(path)
        file.write(b"torn")
        file.flush()
        try:
            self._fuse()
        except Cut:
            file.close()
            raise
        file.seek(0)
        file.truncate()
        return file

    def sync(self, path: Path) -> None:
        self._fuse()
        super().sync(path)

    def rename(self, source: Path, target: Path) -> None:
        self._fuse()
        super().rename(source, target)
        self._fuse()

    def remove(self, path: Path) -> None:
        self._fuse()
        super().remove(path)


def archive_some(queue: Queue, clock: FakeClock, number: int) -> None:
    """Leave so many messages in the archive, old enough for a file."""
    queue.send_many("app", range(number))
    drain(queue)
    queue.archive()
    clock.advance(3 * DAY)


def cut_short(queue: Queue, monkeypatch: pytest.MonkeyPatch, fuse: Fuse) -> None:
    """Let each step of the archiver, in files and in the store, burn the fuse."""
    queue._archiver._writer = ArchiveFiles(CutFiles(fuse))
    write = queue._store.write

    def cut_write(work: Callable[[Any], Any]) -> Any:
        fuse()
        result = write(work)
        fuse()
        return result

    monkeypatch.setattr(queue._store, "write", cut_write)


def raw(queue: Queue, sql: str) -> list[Any]:
    """Ask the database itself."""
    found: list[Any] = queue._store.open_store.look(lambda database: database.execute(sql).fetchall())
    return found


class TestInterruption:
    @pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
    def test_at_any_step_loses_and_doubles_nothing(
        self,
        open_queue: Open,
        clock: FakeClock,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        again: bool,  # noqa: FBT001 - a parameter of a test
    ) -> None:
        queue = open_queue()
        wanted: list[int] = []
        for cut_at in range(1000):
            wanted += range(5)
            archive_some(queue, clock, 5)
            cuts = 0
            for _ in range(2 if again else 1):
                with monkeypatch.context() as patch:
                    fuse = Fuse()
                    fuse.cut_at = cut_at
                    cut_short(queue, patch, fuse)
                    try:
                        queue._archiver.write_files()
                    except Cut:
                        cuts += 1
            in_files = [line["id"] for line in lines(folder)]
            in_table = [row_id for (row_id,) in raw(queue, "SELECT id FROM data_archive")]
            assert set(in_files) | set(in_table) == set(range(1, len(wanted) + 1)), cut_at
            queue._archiver._writer = ArchiveFiles()
            queue._archiver.write_files()
            assert sorted(line["id"] for line in lines(folder)) == list(range(1, len(wanted) + 1)), cut_at
            assert raw(queue, "SELECT count(*) FROM data_archive") == [(0,)]
            assert raw(queue, "SELECT count(*) FROM archive_file WHERE finished_at IS NULL") == [(0,)]
            assert leftovers(folder) == []
            if not cuts:
                break
        assert cut_at > 15

    def test_files_that_are_away_are_waited_for(
        self, open_queue: Open, clock: FakeClock, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A disk that is not mounted must not make the archiver write again what is on it."""
        queue = open_queue()
        archive_some(queue, clock, 5)
        interrupt_before_removing(queue, monkeypatch)
        folder.rename(folder.with_name("away"))
        with pytest.raises(StoreUnavailable, match="bring it back"):
            queue._archiver.write_files()
        folder.with_name("away").rename(folder)
        queue._archiver.write_files()
        assert len(lines(folder)) == 5

    def test_file_that_was_damaged_costs_no_message(
        self, open_queue: Open, clock: FakeClock, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queue = open_queue()
        archive_some(queue, clock, 5)
        interrupt_before_removing(queue, monkeypatch)
        (file,) = folder.rglob("*.gz")
        file.write_bytes(b"damaged")
        with pytest.raises(StoreDamaged, match="not what its manifest says"):
            queue._archiver.write_files()
        assert len(queue.list(status="archived")) == 5

    def test_folder_that_cannot_be_written_is_told(
        self, open_queue: Open, clock: FakeClock, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("in the way")
        queue = open_queue(Retention(dedup_for=DAY, folder=str(tmp_path / "file" / "archive")))
        archive_some(queue, clock, 5)
        with pytest.raises(StoreUnavailable, match="stay in the store"):
            queue._archiver.write_files()
        assert len(queue.list(status="archived")) == 5


def interrupt_before_removing(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the archiver end when its file is whole and its messages are not yet removed."""
    with monkeypatch.context() as patch:

        def end(*_: Any) -> None:
            raise Cut

        patch.setattr(queue._archiver, "_end", end)
        with pytest.raises(Cut):
            queue._archiver.write_files()
