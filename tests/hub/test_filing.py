"""Filing: writes whole files, and after any interruption loses and doubles nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import Queue, Retention, StoreDamaged, StoreUnavailable
from crossdock.hub.measuring import ROW_BYTES
from crossdock.store.archive_files import ArchiveFiles
from crossdock.testing import FakeClock
from tests.contract.case import drain, events, numbers
from tests.hub.filing_case import (
    DAY,
    Cut,
    Fuse,
    Open,
    archive_some,
    cut_short,
    leftovers,
    lines,
    raw,
    unconfirmed,
)


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

    @pytest.mark.parametrize(
        ("dedup_for", "gone"), [(2 * DAY, [0, 1, 2]), (10.5 * DAY, [0, 1]), (99 * DAY, [])]
    )
    def test_are_written_sooner_if_the_archive_has_no_room(
        self, open_queue: Open, clock: FakeClock, folder: Path, dedup_for: timedelta, gone: list[int]
    ) -> None:
        """A tenth of the room is made, unless ids are still to be known."""
        room = 10 * (ROW_BYTES + 2)
        queue = open_queue(Retention(archived_for=99 * DAY, dedup_for=dedup_for, max_archived_bytes=room))
        for number in range(12):
            queue.send("app", number)
            drain(queue)
            queue.archive()
            clock.advance(DAY)
        queue._archiver.run_once()
        assert [line["data"] for line in lines(folder)] == gone
        assert numbers(queue.list(status="archived")) == list(range(len(gone), 12))

    def test_are_written_once_a_day_if_ids_keep_the_archive_full(
        self, open_queue: Open, clock: FakeClock, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("crossdock.hub.archiver._MEASURE_EVERY_S", 0.0)
        queue = open_queue(Retention(archived_for=99 * DAY, dedup_for=DAY, max_archived_bytes=ROW_BYTES))
        for _ in range(16):
            queue.send("app", 1)
            drain(queue)
            queue.archive()
            clock.advance(DAY / 4)
            queue._archiver.run_once()
        assert len(list(folder.rglob("*.gz"))) in {1, 2}

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
        monkeypatch.setattr("crossdock.hub.filing._ROWS_PER_FILE", 40)
        queue = open_queue()
        archive_some(queue, clock, 100)
        written = queue._archiver.write_files()
        assert [one.row_count for one in written] == [40, 40, 20]
        assert [line["data"] for line in lines(folder)] == list(range(100))


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
            in_files = [line["id"] for line in [*lines(folder), *unconfirmed(queue)]]
            in_table = [row_id for (row_id,) in raw(queue, "SELECT id FROM data_archive")]
            assert set(in_files) | set(in_table) == set(range(1, len(wanted) + 1)), cut_at
            queue._archiver.filing._files = ArchiveFiles()
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
        interrupt_half_way(queue, monkeypatch)
        folder.rename(folder.with_name("away"))
        with pytest.raises(StoreUnavailable, match="bring it back"):
            queue._archiver.write_files()
        folder.with_name("away").rename(folder)
        queue._archiver.write_files()
        assert len(lines(folder)) == 5

    @pytest.mark.parametrize("url", ["sqlite"], indirect=True)
    def test_file_that_was_damaged_costs_no_message(
        self, open_queue: Open, clock: FakeClock, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queue = open_queue()
        archive_some(queue, clock, 5)
        interrupt_half_way(queue, monkeypatch)
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


def interrupt_half_way(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the archiver end when its file is whole, between the two things that remain to be done."""
    with monkeypatch.context() as patch:

        def end(*_: Any) -> None:
            raise Cut

        last = "_confirm" if queue._store.many_hosts else "_remove"
        patch.setattr(queue._archiver.filing, last, end)
        with pytest.raises(Cut):
            queue._archiver.write_files()
