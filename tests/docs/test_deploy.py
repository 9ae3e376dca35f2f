"""The units of the page about deploying: systemd itself finds nothing wrong with them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, blocks_of
from tests.requirements import could_not_run

INSTALLED = "/srv/orders/.venv/bin/crossdock"
UNITS = {
    block.title: block.text
    for block in blocks_of(DOCS / "how-to" / "deploy.md")
    if block.title and block.title.endswith((".service", ".timer"))
}


@pytest.mark.parametrize("name", UNITS)
def test_unit_is_understood_by_systemd(tmp_path: Path, name: str) -> None:
    command = shutil.which("systemd-analyze")
    if command is None:
        could_not_run("the command systemd-analyze is not installed")
    for each, text in UNITS.items():
        (tmp_path / each).write_text(
            text.replace(INSTALLED, str(Path(sys.executable).with_name("crossdock")))
        )
    done = subprocess.run(
        [command, "verify", "--man=no", f"./{name}"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_time_to_stop_is_longer_than_to_drain() -> None:
    from crossdock.config.model import RunTable

    unit = dict(line.split("=", 1) for line in UNITS["crossdock.service"].splitlines() if "=" in line)
    assert int(unit["TimeoutStopSec"]) > RunTable().drain.total_seconds()
