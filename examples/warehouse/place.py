"""Where this example works, and what it calls there."""

import shutil
import socket
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE / "work"
"""Made by ``run.py``: the pipeline's files, its store and its data."""
CONFIG = WORK / "crossdock.toml"
DATA = WORK / "data"
STORE_URL = f"sqlite:///{WORK / 'warehouse.db'}"
KEY = WORK / "warehouse.db.key"
TASKS_HOME = WORK / "task-priority"
"""The home of Task Priority Lite unless accounts are connected in the reader's."""
API_PORT, WEBHOOK_PORT = 8765, 8766
"""Unless another program has them; 8766 stands in the pipeline's configuration."""
STAGES = ("imports", "validated", "enriched", "exports", "errors", "archive")


def program(name: str) -> str:
    """Return the command of that name that belongs to this Python."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name) or name


def free_port(wanted: int) -> int:
    """Return a port of this machine that nobody listens on: the wanted one if it is free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise OSError("this machine has no free port")


def api_url() -> str:
    """Return where the API of the running warehouse is."""
    port = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["api"]["port"]
    return f"http://127.0.0.1:{port}/api/v1"


def shown(path: Path | str) -> str:
    """Return the shortest name of a path that works from here."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)
