from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path

import pytest

from crossdock import ConfigError, InvalidMessage
from crossdock.adapters.file.tree import demand_inside, demand_one_file_system, open_plain, tree_of
from crossdock.domain.errors import NotConnected

DAY = date(2025, 11, 24)


def test_root_and_stage_come_from_the_folder(tmp_path: Path) -> None:
    tree = tree_of("data/exports", above=tmp_path)
    root = tmp_path / "data"
    assert (tree.root, tree.stage_folder) == (root, root / "exports")
    assert tree.dated(DAY) == root / "exports" / "2025-11-24"
    assert tree.archive(DAY) == root / "archive" / "2025-11"
    assert tree.errors(DAY) == root / "errors" / "2025-11-24"
    assert tree.claimed("boot-1") == root / "claimed" / "boot-1"
    assert tree.relative(tree.dated(DAY) / "a.csv") == "exports/2025-11-24/a.csv"


def test_absolute_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    assert tree_of(f"{tmp_path}/out/", above=Path("/elsewhere")).stage_folder == tmp_path / "out"


@pytest.mark.parametrize("folder", ["data/archive", "data/errors", "data/claimed", "/", "data/.hidden"])
def test_folder_that_can_be_no_stage_is_refused(folder: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^file: "):
        tree_of(folder, above=tmp_path)


def test_only_folders_named_after_a_day_are_dated(tmp_path: Path) -> None:
    tree = tree_of("exports", above=tmp_path)
    assert list(tree.dated_folders()) == []
    for name in ("2025-11-24", "2025-11-25", "20251126", "2025-13-01", "other"):
        (tree.stage_folder / name).mkdir(parents=True)
    (tree.stage_folder / "2025-11-23").symlink_to(tmp_path)
    assert [day for day, _ in tree.dated_folders()] == [DAY, date(2025, 11, 25)]


class TestJail:
    def test_folder_of_the_tree_is_inside(self, tmp_path: Path) -> None:
        tree = tree_of("exports", above=tmp_path)
        tree.dated(DAY).mkdir(parents=True)
        demand_inside(tree, tree.dated(DAY))
        demand_inside(tree, tree.root)

    def test_folder_that_is_not_there_is_not_connected(self, tmp_path: Path) -> None:
        tree = tree_of("exports", above=tmp_path)
        with pytest.raises(NotConnected, match="is not there"):
            demand_inside(tree, tree.stage_folder)

    def test_file_in_the_place_of_a_folder_is_not_connected(self, tmp_path: Path) -> None:
        tree = tree_of("exports", above=tmp_path)
        tree.stage_folder.write_text("a file")
        with pytest.raises(NotConnected, match="is not"):
            demand_inside(tree, tree.dated(DAY))

    @pytest.mark.parametrize("which", ["exports", "exports/2025-11-24"])
    def test_link_out_is_refused(self, which: str, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        (outside / "2025-11-24").mkdir(parents=True)
        tree = tree_of("data/exports", above=tmp_path)
        link = tree.root / which
        link.parent.mkdir(parents=True)
        link.symlink_to(outside)
        with pytest.raises(ConfigError, match="is a link"):
            demand_inside(tree, tree.dated(DAY))

    @pytest.mark.parametrize("way", ["..", "../data/exports", "exports/../../outside"])
    def test_way_out_is_refused(self, way: str, tmp_path: Path) -> None:
        tree = tree_of("data/exports", above=tmp_path)
        with pytest.raises(ConfigError, match="is not in"):
            demand_inside(tree, tree.root / way)

    def test_root_behind_a_link_is_its_target(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "data").symlink_to(tmp_path / "real")
        assert tree_of("data/exports", above=tmp_path).root == tmp_path / "real"

    def test_link_pipe_and_folder_are_not_opened(self, tmp_path: Path) -> None:
        (tmp_path / "real.csv").write_text("a")
        (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
        os.mkfifo(tmp_path / "pipe.csv")
        (tmp_path / "folder.csv").mkdir()
        for name in ("link.csv", "pipe.csv", "folder.csv"):
            with pytest.raises(InvalidMessage, match=re.escape(name)):
                open_plain(tmp_path / name)
        with open_plain(tmp_path / "real.csv") as file:
            assert file.read() == b"a"


def test_folder_on_another_file_system_is_refused(tmp_path: Path) -> None:
    elsewhere = Path("/proc")
    tree = tree_of("exports", above=tmp_path)
    demand_one_file_system(tree, tmp_path)
    with pytest.raises(ConfigError, match="another file system"):
        demand_one_file_system(tree, elsewhere)
