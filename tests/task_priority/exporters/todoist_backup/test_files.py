"""Where exports are found, and what is said of those that cannot be opened."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crossdock import PermanentError, TransientError
from task_priority.exporters.todoist_backup import files
from task_priority.exporters.todoist_backup.files import BadFile, exports_in


def test_a_path_that_leads_nowhere_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "gone.csv", tmp_path / "file" / "in it.csv"):
        with pytest.raises(PermanentError, match="there is no such file or folder"):
            exports_in(path)
    with pytest.raises(PermanentError, match=r"there is no \.csv, \.json or \.zip of Todoist in it"):
        exports_in(tmp_path)


def test_a_path_that_cannot_be_looked_at_may_be_there_later(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="File name too long"):
        exports_in(tmp_path / ("long" * 100))


def test_a_file_that_went_in_between_is_said(tmp_path: Path) -> None:
    file = tmp_path / "Work.csv"
    file.touch()
    [export], _ = exports_in(file)
    file.unlink()
    with pytest.raises(BadFile, match="No such file"):
        export.read()


def test_a_file_without_an_end_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    file = tmp_path / "Work.csv"
    file.write_bytes(b"x" * 11)
    with zipfile.ZipFile(tmp_path / "Work.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Work.csv", b"x" * 1000)
    for export in exports_in(tmp_path)[0]:
        with pytest.raises(BadFile, match="it has more than 10 bytes"):
            export.read()


def test_a_member_of_an_archive_without_a_date_is_the_oldest(tmp_path: Path) -> None:
    path = tmp_path / "Work.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("Work.csv", (1980, 0, 0, 0, 0, 0)), "x")
    assert exports_in(path)[0][0].written == datetime(1970, 1, 1, tzinfo=UTC)
