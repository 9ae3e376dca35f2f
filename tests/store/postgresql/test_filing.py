"""Files of archived messages when several hosts share a store: each writes to a folder that only it can see."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import ConfigError, Queue, Retention, StoreError, StoreUnavailable
from crossdock.testing import FakeClock
from tests.contract.case import drain
from tests.hub.filing_case import Cut, archive_some, leftovers, lines
from tests.pgbouncer import PgBouncer, sessions_differ
from tests.postgresql_databases import execute
from tests.store.postgresql.conftest import Open

DAY = timedelta(days=1)
Host = Callable[[str], Queue]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def on_host(postgresql_url: str, open_queue: Open, clock: FakeClock, tmp_path: Path) -> Host:
    """Opens the queue on a host, which has a folder of its own for files."""

    def open_one(host: str) -> Queue:
        retention = Retention(archived_for=DAY, dedup_for=DAY, folder=str(tmp_path / f"files-{host}"))
        return open_queue(postgresql_url, host=host, clock=clock, retention=retention)

    return open_one


def files_of(host: str, tmp_path: Path) -> Path:
    return tmp_path / f"files-{host}"


def data_in(folder: Path) -> list[Any]:
    return sorted(line["data"] for line in lines(folder))


def noted(url: str) -> list[tuple[Any, ...]]:
    """Return what the store knows of files: whether each has ended, and with how many messages."""
    return execute(
        url, "SELECT finished_at IS NOT NULL, row_count FROM archive_file ORDER BY created_at, name"
    )


def stop_at(queue: Queue, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process of a queue end when it comes to a step of writing a file."""

    def end(*_: object, **__: object) -> None:
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(queue._archiver.filing, step, end)
        with pytest.raises(Cut):
            queue._archiver.write_files()


def test_each_host_writes_to_its_own_folder(
    on_host: Host, clock: FakeClock, tmp_path: Path, postgresql_url: str
) -> None:
    a, b = on_host("a"), on_host("b")
    archive_some(a, clock, 5)
    assert [one.row_count for one in a._archiver.write_files()] == [5]
    archive_some(a, clock, 3)
    assert [one.row_count for one in b._archiver.write_files()] == [3]
    assert data_in(files_of("a", tmp_path)) == [0, 1, 2, 3, 4]
    assert data_in(files_of("b", tmp_path)) == [0, 1, 2]
    owners = execute(postgresql_url, "SELECT folder, created_by FROM archive_file ORDER BY row_count DESC")
    assert [folder for folder, _ in owners] == [str(files_of(host, tmp_path)) for host in "ab"]
    assert [owner for _, owner in owners] == [a._store.owner, b._store.owner]


def test_app_whose_file_another_host_writes_is_left_alone(
    on_host: Host, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = on_host("a"), on_host("b")
    archive_some(a, clock, 5)
    b.send("other", 1)
    drain(b, "other")
    b.archive("other")
    clock.advance(3 * DAY)
    stop_at(a, "_hand_over", monkeypatch)
    assert [one.app for one in b._archiver.write_files()] == ["other"]
    assert len(b.list("app", status="archived")) == 5


def test_host_that_died_half_way_is_not_waited_for(
    on_host: Host, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql_url: str
) -> None:
    a, b = on_host("a"), on_host("b")
    archive_some(a, clock, 5)
    stop_at(a, "_hand_over", monkeypatch)
    clock.advance(timedelta(minutes=15))
    assert [one.row_count for one in b._archiver.write_files()] == [5]
    assert lines(files_of("a", tmp_path)) == []
    assert len(leftovers(files_of("a", tmp_path))) == 1
    assert noted(postgresql_url) == [(True, None), (True, 5)]
    a._archiver.write_files()  # the host is back, and removes what it had begun
    assert leftovers(files_of("a", tmp_path)) == []
    assert noted(postgresql_url) == [(True, 5)]
    assert data_in(files_of("b", tmp_path)) == [0, 1, 2, 3, 4]


def test_host_that_stood_still_for_too_long_finds_its_file_given_up(
    on_host: Host, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql_url: str
) -> None:
    """It has written all of it, and only then learns that another host did not wait."""
    a, b = on_host("a"), on_host("b")
    archive_some(a, clock, 5)
    hand_over = a._archiver.filing._hand_over

    def stand_still(*arguments: Any) -> bool:
        clock.advance(timedelta(minutes=15))
        assert [one.row_count for one in b._archiver.write_files()] == [5]
        return hand_over(*arguments)

    monkeypatch.setattr(a._archiver.filing, "_hand_over", stand_still)
    assert a._archiver.write_files() == []
    assert (lines(files_of("a", tmp_path)), leftovers(files_of("a", tmp_path))) == ([], [])
    assert data_in(files_of("b", tmp_path)) == [0, 1, 2, 3, 4]
    assert noted(postgresql_url) == [(True, 5)]


def test_file_that_only_wants_its_manifest_is_in_nobodys_way(
    on_host: Host, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql_url: str
) -> None:
    """The process died between the removal of the messages and the manifest: the store knows that the file counts."""
    a, b = on_host("a"), on_host("b")
    archive_some(a, clock, 5)
    stop_at(a, "_confirm", monkeypatch)
    files_of("a", tmp_path).rename(tmp_path / "elsewhere")  # host b cannot see the folder
    archive_some(b, clock, 3)
    assert [one.row_count for one in b._archiver.write_files()] == [3]
    assert noted(postgresql_url) == [(False, 5), (True, 3)]
    with pytest.raises(StoreUnavailable, match="the only place of 5 messages"):
        a._archiver.write_files()
    (tmp_path / "elsewhere").rename(files_of("a", tmp_path))
    a._archiver.write_files()
    assert data_in(files_of("a", tmp_path)) == [0, 1, 2, 3, 4]
    (manifest,) = files_of("a", tmp_path).rglob("*.meta.json")
    assert json.loads(manifest.read_text())["created_by"] == a._store.owner
    assert noted(postgresql_url) == [(True, 5), (True, 3)]


def test_folder_outlives_the_host_that_wrote_there(
    on_host: Host, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of a container that is made anew, and has the folder as a volume."""
    a = on_host("a")
    archive_some(a, clock, 5)
    stop_at(a, "_confirm", monkeypatch)
    clock.advance(timedelta(minutes=15))
    on_host("b")._archiver.write_files()
    assert data_in(files_of("a", tmp_path)) == [0, 1, 2, 3, 4]


def test_message_that_left_the_archive_meanwhile_undoes_its_file(
    on_host: Host, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql_url: str
) -> None:
    a = on_host("a")
    archive_some(a, clock, 5)
    hand_over = a._archiver.filing._hand_over

    def purge_first(*arguments: Any) -> bool:
        execute(postgresql_url, "DELETE FROM data_archive WHERE data = '2'")
        return hand_over(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(a._archiver.filing, "_hand_over", purge_first)
        with pytest.raises(StoreError, match="1 of 5 messages left the archive"):
            a._archiver.write_files()
    assert lines(files_of("a", tmp_path)) == []
    a._archiver.write_files()
    assert data_in(files_of("a", tmp_path)) == [0, 1, 3, 4]
    assert leftovers(files_of("a", tmp_path)) == []


def test_without_a_folder_what_is_archived_stays(
    postgresql_url: str, open_queue: Open, clock: FakeClock
) -> None:
    queue = open_queue(postgresql_url, clock=clock, retention=Retention(archived_for=DAY, dedup_for=DAY))
    archive_some(queue, clock, 5)
    queue._archiver.run_once()
    assert len(queue.list(status="archived")) == 5
    with pytest.raises(ConfigError, match=r"retention\.folder: .* name a folder of this host"):
        queue._archiver.write_files()


def test_columns_stand_in_a_file_as_those_of_a_store_on_sqlite(
    on_host: Host, open_queue: Open, clock: FakeClock, tmp_path: Path
) -> None:
    """Whichever store they come from, one program reads them."""
    retention = Retention(archived_for=DAY, dedup_for=DAY, folder=str(tmp_path / "files-lite"))
    lite = open_queue(f"sqlite:///{tmp_path}/work.db", clock=clock, retention=retention)
    for queue in (on_host("a"), lite):
        queue.send("app", {"b": [1, None], "a": "Zoë"}, message_id="1", extensions={"region": "eu"})
        queue.send("app", b"\x00\xff", message_id="2", partition_key="k", subject="s", time=clock.now())
        (delivery,) = queue.claim("app")
        delivery.nack("later", retry_in=timedelta(0))
        archive_some(queue, clock, 0)
        queue._archiver.write_files()
        clock.set(clock.now() - 3 * DAY)
    ours, theirs = ([_comparable(line) for line in lines(files_of(host, tmp_path))] for host in ("a", "lite"))
    assert ours == theirs
    assert len(ours) == 2


def _comparable(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line without what differs from store to store."""
    del line["lease_owner"], line["created_by"]
    line["history"] = [{**entry, "who": ""} for entry in line.get("history", [])]
    return line


@pytest.mark.needs_pgbouncer
def test_behind_a_pooler(postgresql_url: str, open_queue: Open, clock: FakeClock, tmp_path: Path) -> None:
    with PgBouncer(postgresql_url) as pooler:
        assert sessions_differ(pooler.url)
        retention = Retention(archived_for=DAY, dedup_for=DAY, folder=str(tmp_path / "files-p"))
        queue = open_queue(pooler.url, clock=clock, retention=retention)
        archive_some(queue, clock, 300)
        queue._archiver.write_files()
        assert data_in(files_of("p", tmp_path)) == list(range(300))
        queue.close()
