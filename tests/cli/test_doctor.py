from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from crossdock import Queue
from tests.cli.command import Shell

Store = Callable[[], AbstractContextManager[Queue]]


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder on the disk: of one in memory, doctor has something to say."""
    with tempfile.TemporaryDirectory(prefix="crossdock-") as folder:
        yield Path(folder).resolve()


def findings(shell: Shell, *arguments: str, code: int = 0, **options: Any) -> dict[str, list[dict[str, str]]]:
    """Return what doctor found, by what it is about."""
    result = shell("doctor", "--json", *arguments, **options)
    assert result.code == code, result
    found: dict[str, list[dict[str, str]]] = {}
    for finding in result.json:
        found.setdefault(finding["about"], []).append(finding)
    return found


def levels(found: dict[str, list[dict[str, str]]], *about: str) -> list[str]:
    """Return how some things are."""
    return [finding["level"] for name in about for finding in found[name]]


def test_a_good_store_is_well(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send("validator", 1)
    found = findings(shell)
    about = (
        "python",
        "libraries",
        "clock",
        "configuration",
        "store",
        "disk space",
        "permissions",
        "schema",
        "journal",
    )
    assert set(levels(found, *about)) == {"ok"}
    assert found["messages"][0]["text"] == "1 pending"
    assert found["processes"][0]["text"] == "none uses the store now"


def test_it_changes_nothing(shell: Shell, tmp_path: Path) -> None:
    found = findings(shell)
    assert levels(found, "store") == ["ok", "warn"]
    assert found["store"][1]["remedy"] == "crossdock init"
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_comes_with_a_remedy(shell: Shell, store: Store, tmp_path: Path) -> None:
    with store():
        pass
    (tmp_path / "crossdock.db").chmod(0o644)
    result = shell.good("doctor")
    assert "is open to others (mode 0644)" in result.out
    assert "remedy: chmod 600 ./crossdock.db" in result.out
    assert result.err == "0 failures, 1 warning\n"
    everything = findings(shell, code=1, env={"CROSSDOCK_STORE__MIN_FREE_BYTES": "1000 TiB"})
    assert levels(everything, "disk space") == ["fail"]
    assert all(
        finding["remedy"] for about in everything.values() for finding in about if finding["level"] != "ok"
    )


def test_a_wrong_configuration_is_a_failure(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text("[store]\nulr = 1\n[queue]\nleas = 2\n")
    found = findings(shell, code=1)
    assert levels(found, "configuration") == ["fail", "fail"]
    assert found["configuration"][0]["text"] == "crossdock.toml: store.ulr: unknown key; did you mean url?"


def test_a_missing_secret_is_a_failure(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0k3n")
    settings = 'secret_headers = { Authorization = { file = "token" } }'
    table = f'{{ http = "https://a.example/", {settings} }}'
    (tmp_path / "crossdock.toml").write_text(f"[apps.a]\noutbound = {table}\n")
    assert findings(shell)["secrets"][0]["text"] == "1 secret where the configuration says"
    (tmp_path / "token").unlink()
    [missing] = findings(shell, code=1)["secrets"]
    assert "token cannot be read: No such file or directory" in missing["text"]


def test_a_missing_folder_is_a_failure(shell: Shell) -> None:
    found = findings(shell, "--store", "sqlite:///nowhere/work.db", code=1)
    assert levels(found, "folder") == ["fail"]


def test_a_damaged_store_is_a_failure(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crossdock.db").write_bytes(b"no database " * 500)
    found = findings(shell, code=1)
    assert found["store"][-1]["level"] == "fail"
    assert "restore" in found["store"][-1]["remedy"]


def test_the_safe_mode_is_named(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text("[store]\noutside_writers = true\n")
    shell.good("init")
    [journal] = findings(shell)["journal"]
    assert journal == {
        "level": "ok",
        "about": "journal",
        "text": "a rollback journal, synchronous=EXTRA (the safe mode)",
        "remedy": "",
    }


@pytest.mark.needs_linux
def test_processes_are_named_and_stopped_ones_told(shell: Shell, store: Store, tmp_path: Path) -> None:
    with store():
        pass
    program = (
        "import sys; from crossdock import Queue; queue = Queue(sys.argv[1], app='worker');"
        "print('open', flush=True); sys.stdin.read()"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", program, f"sqlite:///{tmp_path / 'crossdock.db'}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        assert worker.stdout.readline() == b"open\n"
        assert findings(shell)["processes"][0]["text"] == f"worker ({worker.pid})"
        os.kill(worker.pid, signal.SIGSTOP)
        stopped = findings(shell)["processes"][1]
        assert (stopped["level"], stopped["remedy"]) == ("warn", f"kill -CONT {worker.pid}, or end it")
    finally:
        os.kill(worker.pid, signal.SIGCONT)
        worker.stdin.close()
        worker.stdout.close()
        worker.wait(timeout=20)
