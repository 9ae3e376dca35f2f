"""Where this example works, and what it calls there."""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE / "work"
"""Made by ``run.py``: the pipeline's files, its store and its data."""
CONFIG = WORK / "crossdock.toml"
DATA = WORK / "data"
STORE_URL = f"sqlite:///{WORK / 'warehouse.db'}"
STAGES = ("imports", "validated", "enriched", "exports", "errors", "archive")


def crossdock() -> str:
    """Return the command that belongs to this Python."""
    beside = Path(sys.executable).with_name("crossdock")
    return str(beside) if beside.exists() else shutil.which("crossdock") or "crossdock"


def shown(path: Path | str) -> str:
    """Return the shortest name of a path that works from here."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)
