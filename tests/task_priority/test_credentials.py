"""Credentials are kept where nobody else reads them, in one place at a time, and no key ring stops a program."""

from __future__ import annotations

import multiprocessing
import stat
import threading
from datetime import timedelta
from pathlib import Path

import keyring.errors
import pytest

from crossdock import CredentialError
from crossdock.key_ring import KeyRing
from task_priority.credentials import Credentials

SECRET = {"token": "s3cret-0123456789"}
NO_RING = {"TASK_PRIORITY_KEYRING": "off"}


class Ring:
    """A key ring in memory that can be locked: it refuses then, or waits for a password."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False
        self.opened = threading.Event()
        self.opened.set()

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._open()
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("there is none")

    def _open(self) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked("locked")
        self.opened.wait()


@pytest.fixture
def ring() -> Ring:
    return Ring()


@pytest.fixture
def with_ring(tmp_path: Path, ring: Ring) -> Credentials:
    return Credentials(tmp_path, environment={}, key_ring=quick(ring))


@pytest.fixture
def in_files(tmp_path: Path) -> Credentials:
    return Credentials(tmp_path, environment=NO_RING)


def quick(ring: Ring) -> KeyRing:
    return KeyRing("test", ring=ring, patience=timedelta(milliseconds=50))


def test_nothing_is_kept_at_first(in_files: Credentials) -> None:
    assert in_files.load("google") is None
    assert in_files.where("google") is None
    assert not in_files.forget("google")


def test_without_a_key_ring_a_file_for_the_owner_alone_has_them(
    tmp_path: Path, in_files: Credentials
) -> None:
    said = in_files.store("google", SECRET)
    file = tmp_path / "credentials" / "google.json"
    assert said == str(file) == in_files.where("google")
    assert in_files.load("google") == SECRET
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [one.name for one in file.parent.iterdir()] == ["google.json"]


def test_a_folder_that_others_can_enter_is_closed(tmp_path: Path, in_files: Credentials) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    folder.chmod(0o755)
    in_files.store("google", SECRET)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_with_a_key_ring_no_file_has_them(tmp_path: Path, with_ring: Credentials) -> None:
    assert with_ring.store("google", SECRET) == "the key ring of this system"
    assert with_ring.load("google") == SECRET
    assert "s3cret" not in (tmp_path / "credentials" / "google.json").read_text()


def test_forgetting_empties_the_key_ring_and_the_file(
    tmp_path: Path, with_ring: Credentials, ring: Ring
) -> None:
    with_ring.store("google", SECRET)
    assert with_ring.forget("google")
    assert with_ring.load("google") is None
    assert not ring.kept
    assert not list((tmp_path / "credentials").iterdir())


def test_a_locked_key_ring_is_passed_over_for_a_file(with_ring: Credentials, ring: Ring) -> None:
    ring.locked = True
    assert with_ring.store("google", SECRET).endswith("google.json")
    assert with_ring.load("google") == SECRET


def test_a_key_ring_that_waits_for_somebody_is_passed_over_for_a_file(
    with_ring: Credentials, ring: Ring
) -> None:
    ring.opened.clear()
    assert with_ring.store("google", SECRET).endswith("google.json")
    ring.opened.set()


def test_what_a_slow_key_ring_kept_after_all_does_not_come_back(
    tmp_path: Path, with_ring: Credentials, ring: Ring
) -> None:
    ring.opened.clear()
    with_ring.store("google", SECRET)
    waiting = [one for one in threading.enumerate() if one.name == "key-ring"]
    ring.opened.set()
    for thread in waiting:
        thread.join(10)
    with_ring.store("google", {"token": "newer"})
    another = Credentials(tmp_path, environment={}, key_ring=quick(ring))
    assert another.load("google") == {"token": "newer"}


def test_a_key_ring_that_locked_itself_later_is_named_with_the_remedy(
    tmp_path: Path, with_ring: Credentials, ring: Ring
) -> None:
    with_ring.store("google", SECRET)
    ring.locked = True
    with pytest.raises(
        CredentialError, match=r"credentials of google cannot be read.*TASK_PRIORITY_KEYRING=off"
    ):
        with_ring.load("google")
    with pytest.raises(CredentialError, match="cannot be removed"):
        with_ring.forget("google")
    assert with_ring.store("google", {"token": "newer"}).endswith("google.json")
    assert with_ring.load("google") == {"token": "newer"}


def test_a_key_ring_that_was_emptied_says_so(with_ring: Credentials, ring: Ring) -> None:
    with_ring.store("google", SECRET)
    ring.kept.clear()
    with pytest.raises(CredentialError, match="no longer has the credentials of google"):
        with_ring.load("google")


def test_a_damaged_file_says_so_and_can_be_replaced(tmp_path: Path, in_files: Credentials) -> None:
    in_files.store("google", SECRET)
    (tmp_path / "credentials" / "google.json").write_text('{"tok')
    with pytest.raises(CredentialError, match=r"google\.json is damaged: run `task-priority connect`"):
        in_files.load("google")
    in_files.store("google", SECRET)
    assert in_files.load("google") == SECRET


def test_the_environment_comes_first_and_is_named(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path, environment={**NO_RING, "TODOIST_API_TOKEN": " from-outside \n"})
    credentials.store("todoist", SECRET)
    assert credentials.load("todoist") == {"token": "from-outside"}
    assert credentials.where("todoist") == "the environment variable TODOIST_API_TOKEN"
    assert Credentials(tmp_path, environment=NO_RING).load("todoist") == SECRET


def test_no_secret_is_in_what_is_printed(with_ring: Credentials, in_files: Credentials) -> None:
    for credentials in (with_ring, in_files):
        credentials.store("google", SECRET)
        assert "s3cret" not in repr(credentials)


@pytest.mark.parametrize("name", ["", "../google", "Google", "a/b", ".hidden"])
def test_a_name_cannot_lead_out_of_the_folder(in_files: Credentials, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name credentials"):
        in_files.store(name, SECRET)


def count_up(home: Path, times: int) -> None:
    credentials = Credentials(home, environment=NO_RING)
    for _ in range(times):
        with credentials.turn("google"):
            count = (credentials.load("google") or {"count": 0})["count"]
            credentials.store("google", {"count": count + 1})


def test_turns_are_taken_one_at_a_time_by_threads_and_processes(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=count_up, args=(tmp_path, 20))
    process.start()
    threads = [threading.Thread(target=count_up, args=(tmp_path, 20)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for one in (process, *threads):
        one.join(60)
    assert Credentials(tmp_path, environment=NO_RING).load("google") == {"count": 60}
