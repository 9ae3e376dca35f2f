from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.cli.command import environment

NOT_FOR_A_SEND = {
    "alembic",
    "anyio",
    "httpx",
    "psycopg",
    "rich",
    "structlog",
    "crossdock.app.hub",
    "crossdock.client",
    "crossdock.domain.door_events",
    "crossdock.domain.examiner_events",
    "crossdock.domain.exported",
    "crossdock.domain.exporter_events",
    "crossdock.domain.exporting",
    "crossdock.domain.key",
    "crossdock.domain.process_events",
    "crossdock.domain.pulling",
    "crossdock.exporting",
    "crossdock.monitoring",
    "crossdock.store.migrate",
    "crossdock.store.postgresql.store",
    "a_plugin_for_pydantic",
}


def test_a_send_imports_nothing_that_others_need(tmp_path: Path) -> None:
    plugin_for_pydantic(tmp_path)
    store = f"sqlite:///{tmp_path / 'store.db'}"
    program = (
        "import os, sys; from crossdock.cli.rim import run;"
        f"code = run(['--store', {store!r}, 'send', 'validator', '1']);"
        f"print(code, sorted({NOT_FOR_A_SEND!r} & sys.modules.keys()), os.environ.get('PYDANTIC_DISABLE_PLUGINS'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(PYTHONPATH=with_first(tmp_path)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "0 [] None"


def with_first(folder: Path) -> str:
    """Return where a process is to look for modules: there, then wherever this one does."""
    return ":".join([str(folder), *filter(None, sys.path)])


def plugin_for_pydantic(folder: Path) -> None:
    """Install a plugin that Pydantic would import if it searched for some."""
    (folder / "a_plugin_for_pydantic.py").write_text("plugin = object()\n", encoding="utf-8")
    about = folder / "a_plugin-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: a-plugin\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(
        "[pydantic]\nit = a_plugin_for_pydantic:plugin\n", encoding="utf-8"
    )
