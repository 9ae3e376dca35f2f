"""Types as a user sees them: from the installed package, without our settings."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.requirements import could_not_run

HERE = Path(__file__).parent
USES = sorted(HERE.glob("uses_*.py"))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder from which only an installed crossdock can be imported."""
    try:
        importlib.metadata.version("crossdock")
    except importlib.metadata.PackageNotFoundError:
        could_not_run("crossdock is not installed in this environment (make setup does it)")
    folder = tmp_path_factory.mktemp("user")
    for use in USES:
        shutil.copy(use, folder)
    return folder


def test_every_use_checks_and_every_misuse_is_refused(elsewhere: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=.cache", "."]
    result = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"no issues found in {len(USES)} source file" in result.stdout
