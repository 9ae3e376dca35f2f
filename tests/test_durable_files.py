from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crossdock import durable_files
from crossdock.durable_files import FileSystem

files = FileSystem()


@pytest.fixture(params=["in one call", "by looking first"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Rename by the kernel's call, and where there is none."""
    if request.param == "by looking first":
        monkeypatch.setattr(durable_files, "_renameat2", lambda: None)
    elif durable_files._renameat2() is None:
        pytest.skip("this system has no renameat2")
    return str(request.param)


@pytest.mark.usefixtures("way")
class TestRenameNew:
    def test_free_name_is_taken(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("mine")
        files.rename_new(tmp_path / "a", tmp_path / "b ü")
        assert [path.name for path in tmp_path.iterdir()] == ["b ü"]

    @pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
    def test_taken_name_is_left_alone(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / "a").write_text("mine")
        target = tmp_path / "b"
        {
            "file": lambda: target.write_text("theirs"),
            "folder": target.mkdir,
            "dangling link": lambda: target.symlink_to(tmp_path / "nowhere"),
        }[kind]()
        with pytest.raises(FileExistsError):
            files.rename_new(tmp_path / "a", target)
        assert (tmp_path / "a").read_text() == "mine"
        assert kind != "file" or target.read_text() == "theirs"

    def test_missing_file_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            files.rename_new(tmp_path / "a", tmp_path / "b")

    def test_of_many_who_rename_one_file_one_does(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("mine")

        def attempt(number: int) -> bool:
            try:
                files.rename_new(tmp_path / "a", tmp_path / str(number))
            except FileNotFoundError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(attempt, range(100))) == 1


def test_new_file_has_its_mode_whatever_the_umask_and_replaces_nothing(tmp_path: Path) -> None:
    with files.create_new(tmp_path / "a", 0o666) as file:
        file.write(b"mine")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666
    with pytest.raises(FileExistsError):
        files.create_new(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"mine"


def test_new_folders_have_their_mode_whatever_the_umask(tmp_path: Path) -> None:
    files.make_folder(tmp_path / "a" / "b", 0o770)
    files.make_folder(tmp_path / "c")
    found = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b", "c")]
    assert found == [0o770, 0o770, 0o700]
