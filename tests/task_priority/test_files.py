from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from task_priority.files import write_files
from tests.task_priority.cases import NOW
from tests.task_priority.views.account import TASKS, overview

DAY = "2026-11-26"
LATEST = ("todoist_export.json", "calendar_events.json", "ranked_tasks.json")


def test_each_file_has_a_manifest_and_a_latest_copy(tmp_path: Path) -> None:
    written = write_files(overview(), tmp_path)
    names = ("todoist_tasks", "calendar_events", "ranked_tasks")
    assert written == [tmp_path / DAY / f"{name}_{DAY}_001.json" for name in names]
    for path, latest in zip(written, LATEST, strict=True):
        assert (tmp_path / latest).read_bytes() == path.read_bytes()
        for file in (path, tmp_path / latest):
            manifest = json.loads(file.with_name(f"{file.stem}.meta.json").read_text())
            assert manifest["filename"] == file.name
            assert manifest["checksum"] == f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
            assert manifest["schema_version"] == "1.0"
            document = json.loads(file.read_bytes())
            assert manifest["row_count"] == len(document.get("tasks") or document["events"]) > 1


def test_a_file_is_written_again_only_if_something_has_changed(tmp_path: Path) -> None:
    write_files(overview(), tmp_path)
    later = replace(overview(), now=NOW + timedelta(minutes=5))
    assert write_files(later, tmp_path) == []
    fewer = [path.name for path in write_files(overview(TASKS[1:]), tmp_path)]
    assert fewer == [f"todoist_tasks_{DAY}_002.json", f"ranked_tasks_{DAY}_002.json"]


def test_a_damaged_latest_copy_is_replaced(tmp_path: Path) -> None:
    write_files(overview(), tmp_path)
    (tmp_path / "ranked_tasks.json").write_text("{")
    assert [path.name for path in write_files(overview(), tmp_path)] == [f"ranked_tasks_{DAY}_002.json"]
    assert json.loads((tmp_path / "ranked_tasks.json").read_text())["tasks"]
