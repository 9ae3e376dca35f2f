from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from crossdock import Queue
from crossdock.cli.pairs import PAIRS, Start
from crossdock.config.template import TEMPLATE
from tests.cli.command import TIME_LIMIT_S, Shell, environment
from tests.cli.test_api import free_port

Store = Callable[[], AbstractContextManager[Queue]]


def test_init_makes_a_configuration_and_a_store(shell: Shell, tmp_path: Path) -> None:
    result = shell.good("init")
    assert result.out == "made  ./crossdock.toml\nmade  ./crossdock.db\n"
    assert (tmp_path / "crossdock.toml").read_text() == TEMPLATE
    assert (tmp_path / "crossdock.db").stat().st_mode & 0o777 == 0o600
    assert shell.good("queue", "stats").err == "no queue holds a message\n"


def test_a_second_init_changes_nothing(shell: Shell, tmp_path: Path, store: Store) -> None:
    shell.good("init")
    (tmp_path / "crossdock.toml").write_text('[queue]\nlease = "1m"\n')
    with store() as queue:
        queue.send("validator", 1)
    assert shell.good("init").out == "kept  ./crossdock.toml\nkept  ./crossdock.db\n"
    assert (tmp_path / "crossdock.toml").read_text() == '[queue]\nlease = "1m"\n'
    with store() as queue:
        assert queue.stats("validator")["validator"].ready == 1


def test_init_makes_the_folder_it_is_given(shell: Shell, tmp_path: Path) -> None:
    assert (
        shell.good("init", "deep/orders").out
        == "made  ./deep/orders/crossdock.toml\nmade  ./deep/orders/crossdock.db\n"
    )
    assert (tmp_path / "deep" / "orders" / "crossdock.db").exists()
    assert not (tmp_path / "crossdock.db").exists()


def test_init_where_no_file_can_be_made_says_what_to_do(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "orders").touch()
    for folder in ("orders", "orders/deep", "/proc/orders"):
        result = shell("init", folder)
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith("crossdock: cannot make ")
        assert result.err.endswith("name a folder in which this user may make files: crossdock init DIR\n")


def test_init_makes_the_store_that_an_existing_configuration_names(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text('[store]\nurl = "sqlite:///work.db"\n')
    assert shell.good("init").out == "kept  ./crossdock.toml\nmade  ./work.db\n"


@pytest.mark.needs_linux
@pytest.mark.parametrize("start", list(Start))
def test_a_pair_to_start_from_works_as_it_stands(
    start: Start, shell: Shell, tmp_path: Path, store: Store
) -> None:
    made = shell.good("init", "--from", start).out
    assert made.startswith("made  ./crossdock.toml\n")
    assert shell.good("check").out.endswith("2 apps configured\n")
    assert shell.good("init", "--from", start).out == made.replace("made", "kept")
    move_to_a_free_port(tmp_path / "crossdock.toml")
    with shell.start("run" if start is Start.HTTP else "worker", stderr=subprocess.DEVNULL) as worker:
        try:
            in_shell(PAIRS[start].first_step, tmp_path)
            with store() as queue:
                until(
                    lambda: any(app.completed for name, app in queue.stats().items() if name == LAST[start])
                )
            assert in_shell(PAIRS[start].outcome, tmp_path).strip()
        finally:
            worker.send_signal(signal.SIGTERM)
    with store() as queue:
        assert not any(app.failed for app in queue.stats().values())


LAST = {Start.FILE: "exporter", Start.HTTP: "poster", Start.PROCESS: "consumer", Start.PYTHON: "keeper"}


def move_to_a_free_port(config: Path) -> None:
    config.write_text(config.read_text().replace("8765", str(free_port())))


def in_shell(command: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder, env=environment(PATH=path), capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIME_LIMIT_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("taken", ["crossdock.toml", "handlers.py"])
def test_a_pair_does_not_go_where_another_file_is(taken: str, shell: Shell, tmp_path: Path) -> None:
    (tmp_path / taken).write_text("# mine\n")
    result = shell("init", "--from", "python")
    assert result.code == 3
    assert f"./{taken} is there already, and is another one than --from would write" in result.err
    assert [path.name for path in tmp_path.iterdir()] == [taken]
