"""``crossdock run`` examines the file of its store after an unclean stop, and ends all work if it is damaged."""

from __future__ import annotations

import random
import signal
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crossdock import StoreDamaged
from crossdock.store.sqlite.build import choose
from tests.cli.command import Shell
from tests.cli.test_run import CONFIG, HANDLERS, running, said, until, workers

PAGE = 4096


@pytest.fixture
def hub(tmp_path: Path, shell: Shell) -> Shell:
    (tmp_path / "handlers.py").write_text(HANDLERS, encoding="utf-8")
    log = '\n[log]\nlevel = "debug"\n'
    (tmp_path / "crossdock.toml").write_text(f"{CONFIG}{log}", encoding="utf-8")
    return shell


def damage(file: Path) -> None:
    """Put noise where only who sends looks."""
    with closing(choose().module.connect(file)) as database:
        (page,) = database.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'uq_data_staging_message'"
        ).fetchone()
    with file.open("r+b") as raw:
        raw.seek((page - 1) * PAGE)
        raw.write(random.Random(7).randbytes(PAGE))


@pytest.mark.needs_linux
def test_after_a_kill_it_finds_the_damage_and_nothing_is_acknowledged_any_more(
    hub: Shell, store: Any
) -> None:
    with store() as queue:
        queue.send("nobody", 1)
    with running(hub, "run") as run:
        until(lambda: "examiner.stopped" in said(hub))
        assert "nightly" in said(hub)
        until(lambda: workers(hub))
        run.send_signal(signal.SIGKILL)
        run.wait(30)
    with store() as queue:
        until(lambda: queue._store.examinations.left_open)
    damage(hub.folder / "crossdock.db")
    with running(hub, "run") as run, store() as queue:
        until(lambda: "store.damaged" in said(hub))
        assert "a process died that had it open" in said(hub)
        assert "crossdock store restore" in said(hub)
        with pytest.raises(StoreDamaged, match="crossdock store restore"):
            queue.send("validator", {"n": 1})
        until(lambda: "worker.died" in said(hub))
        run.terminate()
        run.wait(30)
