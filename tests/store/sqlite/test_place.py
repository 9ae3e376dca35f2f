"""Where a store may live: URLs, files, folders, file systems, room on the disk."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL

from crossdock import ConfigError, CrossdockError, Queue, StoreFull, StoreSettings, StoreUnavailable
from crossdock.store.sqlite import location
from crossdock.store.sqlite.location import StoreLocation, file_system, parse_url
from crossdock.store.sqlite.place import Place
from tests.contract.case import claim_one, drain

LINE = "36 35 98:0 / {point} rw,noatime shared:1 - {kind} server:/export rw"
EXABYTES = 2**60


class TestUrl:
    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
    def test_store_may_be_in_memory(self, url: str) -> None:
        assert parse_url(url).path is None

    def test_relative_and_absolute_paths_are_told_apart(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert parse_url("sqlite:///work.db").path == tmp_path / "work.db"
        assert parse_url("sqlite:////var/work.db").path == Path("/var/work.db")

    def test_home_folder_may_be_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/srv/somebody")
        assert parse_url("sqlite:///~/work.db").path == Path("/srv/somebody/work.db")

    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("work.db", "sqlite:///crossdock.db"),
            ("postgresql://host/db", "postgresql"),
            ("mysql://host/db", "mysql"),
            ("sqlite:///work.db?mode=ro", "mode=ro"),
            ("", "sqlite:///"),
        ],
    )
    def test_wrong_url_is_refused_and_the_right_form_shown(self, url: str, words: str) -> None:
        with pytest.raises(ConfigError) as caught:
            parse_url(url)
        assert words in str(caught.value)
        assert "store.url" in str(caught.value)

    @pytest.mark.parametrize(
        ("name", "written"), [("100%.db", "100%.db"), ("a%41.db", "a%2541.db"), ("a?b.db", "a%3Fb.db")]
    )
    def test_any_name_can_be_written(self, tmp_path: Path, name: str, written: str) -> None:
        with Queue(f"sqlite:///{tmp_path}/{written}") as queue:
            queue.send("app", 1)
        assert (tmp_path / name).exists()
        assert parse_url(URL.create("sqlite", database=f"{tmp_path}/{name}")).path == tmp_path / name

    @pytest.mark.parametrize("place", ["50%41/work.db", "a%20b.db"])
    def test_file_that_is_there_is_not_taken_for_another(self, tmp_path: Path, place: str) -> None:
        """Somebody put a path into a URL as it was."""
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).touch()
        with pytest.raises(ConfigError, match="%25") as caught:
            parse_url(f"sqlite:///{tmp_path}/{place}")
        assert str(tmp_path / place) in str(caught.value)

    def test_new_file_in_a_folder_with_such_a_name_is_not_made_elsewhere(self, tmp_path: Path) -> None:
        (tmp_path / "50%41").mkdir()
        with pytest.raises(ConfigError, match="%25"):
            parse_url(f"sqlite:///{tmp_path}/50%41/work.db")

    def test_password_is_not_shown(self) -> None:
        with pytest.raises(ConfigError) as caught:
            parse_url("postgresql://user:secret@host/db")
        assert "secret" not in str(caught.value)


class TestFile:
    def test_missing_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(StoreUnavailable, match="no-such-folder"):
            Queue(f"sqlite:///{tmp_path}/no-such-folder/work.db")

    def test_folder_is_no_store(self, tmp_path: Path) -> None:
        with pytest.raises(CrossdockError, match="not a file"):
            Queue(f"sqlite:///{tmp_path}")

    def test_odd_names_are_fine(self, tmp_path: Path) -> None:
        folder = tmp_path / "a folder; with 'odd' names & ümlaut"
        folder.mkdir()
        for _ in range(2):
            with Queue(f"sqlite:///{folder}/my store.db") as queue:
                queue.send("app", 1)
        assert (folder / "my store.db.d").is_dir()

    def test_path_through_a_link_is_the_same_store(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "real")
        with (
            Queue(f"sqlite:///{tmp_path}/real/work.db") as one,
            Queue(f"sqlite:///{tmp_path}/link/work.db") as other,
        ):
            one.send("app", 1)
            assert drain(other) == [1]
            assert one._store.location == other._store.location


class TestFileSystem:
    @pytest.fixture
    def mounts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        told = tmp_path / "mountinfo"
        monkeypatch.setattr(location, "_MOUNTS", told)
        return told

    def tell(self, mounts: Path, *lines: tuple[str, str]) -> None:
        mounts.write_bytes(
            "\n".join(LINE.format(point=p, kind=k) for p, k in (("/", "ext4"), *lines)).encode()
        )

    @pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "lustre"])
    def test_network_file_system_is_refused(self, tmp_path: Path, mounts: Path, kind: str) -> None:
        self.tell(mounts, (str(tmp_path), kind))
        with pytest.raises(ConfigError, match="local disk") as caught:
            Queue(f"sqlite:///{tmp_path}/work.db")
        assert kind in str(caught.value)
        assert not (tmp_path / "work.db").exists()

    def test_local_file_system_below_a_network_mount_is_fine(self, tmp_path: Path, mounts: Path) -> None:
        self.tell(mounts, (str(tmp_path.parent), "nfs4"), (str(tmp_path), "xfs"))
        Queue(f"sqlite:///{tmp_path}/work.db").close()

    @pytest.mark.parametrize(
        ("point", "path", "kind"),
        [
            ("/mnt/data", "/mnt/data/work.db", "nfs4"),
            ("/mnt/data", "/mnt/data2/work.db", "ext4"),
            ("/mnt/data", "/mnt/work.db", "ext4"),
            (r"/mnt/my\040data", "/mnt/my data/work.db", "nfs4"),
            (r"/mnt/back\134slash", "/mnt/back\\slash/work.db", "nfs4"),
            ("/mnt/Büro", "/mnt/Büro/work.db", "nfs4"),
        ],
    )
    def test_mount_of_a_path_is_found_by_its_name(
        self, mounts: Path, point: str, path: str, kind: str
    ) -> None:
        self.tell(mounts, (point, "nfs4"))
        assert file_system(Path(path)) == kind

    def test_later_mount_hides_an_earlier_one_of_the_same_point(self, mounts: Path) -> None:
        self.tell(mounts, ("/mnt/data", "nfs4"), ("/mnt/data", "ext4"))
        assert file_system(Path("/mnt/data/work.db")) == "ext4"

    def test_machine_that_does_not_tell_is_believed(self, tmp_path: Path, mounts: Path) -> None:
        assert file_system(tmp_path) is None
        Queue(f"sqlite:///{tmp_path}/work.db").close()


class TestRoom:
    """Intake stops while the disk is nearly full; what is stored is still delivered."""

    @pytest.fixture
    def full(self, tmp_path: Path) -> Iterator[Queue]:
        url = f"sqlite:///{tmp_path}/work.db"
        with Queue(url) as queue:
            queue.send_many("app", range(5))
            queue.send("app", "dead", priority=9)
            claim_one(queue).fail("no")
        with Queue(url, settings=StoreSettings(min_free_bytes=EXABYTES)) as queue:
            yield queue

    def test_nothing_new_is_taken_in(self, full: Queue, tmp_path: Path) -> None:
        with pytest.raises(StoreFull, match="min_free_bytes") as caught:
            full.send("app", "new")
        assert str(tmp_path) in str(caught.value)
        with pytest.raises(StoreFull):
            full.send_many("app", ["new"])
        assert len(full.list("app")) == 6

    def test_what_is_stored_is_delivered_and_settled(self, full: Queue) -> None:
        claim_one(full).nack("again", retry_in=timedelta(0))
        claim_one(full).ack(result={"large": "x" * 1000})
        assert len(drain(full)) == 4

    def test_room_can_be_made(self, full: Queue) -> None:
        (dead,) = full.list("app", status="failed")
        full.replay(dead.message.id)
        full.cancel_many("app")
        assert full.purge("app", status="failed") == 6

    def test_intake_goes_on_by_itself_when_there_is_room(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = os.statvfs
        free = [0]

        def statvfs(path: str) -> os.statvfs_result:
            told = list(real(path))
            told[4] = free[0]
            return os.statvfs_result(told)

        monkeypatch.setattr(os, "statvfs", statvfs)
        with Queue(f"sqlite:///{tmp_path}/work.db") as queue:
            with pytest.raises(StoreFull):
                queue.send("app", 1)
            free[0] = EXABYTES
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                try:
                    queue.send("app", 1)
                except StoreFull:
                    continue
                break
            assert drain(queue) == [1]


class TestPlace:
    """A file is looked at only when its folder has changed; that must miss nothing."""

    def place(self, folder: Path) -> Place:
        for name in ("work.db", "work.db-wal"):
            (folder / name).write_bytes(b"x")
        place = Place(StoreLocation(folder / "work.db"))
        assert place.fault(wal=True) is None
        time.sleep(0.06)  # from now on the folder counts as unchanged
        assert place.fault(wal=True) is None
        return place

    def test_an_untouched_file_is_in_its_place(self, tmp_path: Path) -> None:
        place = self.place(tmp_path)
        (tmp_path / "something else").touch()
        assert place.fault(wal=True) is None
        assert place.fault(wal=False) is None

    def test_a_removed_file_is_missed(self, tmp_path: Path) -> None:
        place = self.place(tmp_path)
        (tmp_path / "work.db").unlink()
        assert place.fault(wal=True) == "the file vanished"

    def test_a_replaced_file_is_noticed(self, tmp_path: Path) -> None:
        place = self.place(tmp_path)
        (tmp_path / "other").write_bytes(b"x")
        (tmp_path / "other").rename(tmp_path / "work.db")
        assert place.fault(wal=True) == "the file was replaced by another"

    def test_a_replaced_log_is_noticed(self, tmp_path: Path) -> None:
        place = self.place(tmp_path)
        (tmp_path / "other").write_bytes(b"x")
        (tmp_path / "other").rename(tmp_path / "work.db-wal")
        assert place.fault(wal=True) == "its write-ahead log (-wal) was removed or replaced"

    def test_a_moved_folder_is_noticed(self, tmp_path: Path) -> None:
        folder = tmp_path / "data"
        folder.mkdir()
        place = self.place(folder)
        folder.rename(tmp_path / "moved")
        assert place.fault(wal=True) == "the file vanished"

    def test_a_change_within_the_tick_of_the_last_is_noticed(self, tmp_path: Path) -> None:
        """Many file systems count in ticks: two changes of a folder may leave it with one and the same time."""
        place = self.place(tmp_path)
        (tmp_path / "one").touch()
        changed = tmp_path.stat().st_mtime_ns
        assert place.fault(wal=True) is None
        (tmp_path / "work.db").unlink()
        os.utime(tmp_path, ns=(changed, changed))
        assert place.fault(wal=True) == "the file vanished"
