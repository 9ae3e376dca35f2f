"""Several processes write into one folder while others read it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from crossdock.adapters.file.naming import parse_name
from tests.adapters.file.case import hidden, pairs

ROOT = Path(__file__).resolve().parents[3]
PROCESSES = 3
COUNT = 40


@contextmanager
def writers(folder: Path, **settings: Any) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Let several processes write, each its own messages."""
    started = [
        subprocess.Popen(
            [
                sys.executable,
                *("-m", "tests.adapters.file.writers_program"),
                *(str(folder), f"w{number}-", str(COUNT), json.dumps(settings)),
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        )
        for number in range(PROCESSES)
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


def running(started: list[subprocess.Popen[bytes]]) -> bool:
    """Tell whether any still writes; one that failed fails the test."""
    ends = [process.poll() for process in started]
    assert set(ends) <= {None, 0}
    return None in ends


def test_readers_never_see_half_a_file_nor_a_manifest_without_its_file(tmp_path: Path) -> None:
    exports = tmp_path / "data" / "exports"
    seen: set[str] = set()
    with writers(tmp_path, format="jsonl.gz", rows=10) as started:
        while running(started):
            seen |= {pair.path.name for pair in pairs(exports) if pair.rows}
    found = pairs(exports)
    assert len({row["id"] for pair in found for row in pair.rows}) == len(found) == PROCESSES * COUNT
    numbers = [name.sequence for pair in found if (name := parse_name(pair.path.name))]
    assert sorted(numbers) == list(range(1, PROCESSES * COUNT + 1))
    assert seen
    assert hidden(exports, ".part") == []


def test_consumer_that_takes_files_away_gets_each_once(tmp_path: Path) -> None:
    """Under names that are never used twice on a day."""
    exports = tmp_path / "data" / "exports"
    taken: dict[str, str] = {}
    with writers(tmp_path, format="json") as started:
        busy = True
        while busy:
            busy = running(started)
            for pair in pairs(exports):
                assert pair.path.name not in taken
                taken[pair.path.name] = json.loads(pair.content)["id"]
                (pair.path.parent / (pair.path.stem + ".meta.json")).unlink()
                pair.path.unlink()
    assert len(set(taken.values())) == len(taken) == PROCESSES * COUNT


def test_latest_copy_is_whole_and_never_older_than_it_was(tmp_path: Path) -> None:
    exports = tmp_path / "data" / "exports"
    versions: list[str] = []
    with writers(tmp_path, format="json", latest="newest.json") as started:
        busy = True
        while busy:
            busy = running(started)
            with suppress(FileNotFoundError):  # there is none yet
                stated = json.loads((exports / "newest.meta.json").read_bytes())
                data = (exports / "newest.json").read_bytes()
                assert json.loads(data)["id"], "half a file"
                if stated["checksum"] == "sha256:" + hashlib.sha256(data).hexdigest():
                    versions.append(stated["created_at"])
    assert len(set(versions)) > 1
    assert versions == sorted(versions)
    (copy,) = pairs_of_latest(exports)
    newest = max(json.loads(path.read_bytes())["created_at"] for path in exports.rglob("[!.n]*.meta.json"))
    assert copy["created_at"] == newest


def pairs_of_latest(exports: Path) -> list[dict[str, Any]]:
    """Return the manifest of the latest copy, which fits the copy."""
    return [pair.manifest for pair in pairs(exports) if pair.path.name == "newest.json"]
