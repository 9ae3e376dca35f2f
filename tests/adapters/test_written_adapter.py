"""The adapter that the documents build: installed as they say, loaded through its entry point, tested as they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import DOCS, blocks_of

PAGE = DOCS / "how-to" / "write-an-adapter.md"
CONFIGURATION = """\
[store]
url = "sqlite:///work.db"

[apps.importer]
inbound = { lines = "orders.jsonl" }
next = ["ledger"]

[apps.ledger]
outbound = { lines = "ledger.jsonl" }
"""


def install(folder: Path) -> None:
    """Write the files of the page, and the metadata that installing them would have written."""
    for block in blocks_of(PAGE):
        if block.title is not None:
            (folder / block.title).write_text(block.text, encoding="utf-8")
    metadata = folder / "crossdock_lines-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: crossdock-lines\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[crossdock.adapters]\nlines = crossdock_lines:KIND\n")


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False,
        timeout=110,
    )  # fmt: skip


def test_written_adapter_keeps_the_contract(tmp_path: Path) -> None:
    install(tmp_path)
    done = run(
        tmp_path, "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "test_lines.py"
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout


def test_written_adapter_is_chosen_by_its_name(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "crossdock.toml").write_text(CONFIGURATION)
    checked = run(tmp_path, "crossdock", "check")
    assert checked.returncode == 0, checked.stderr
    schema = run(tmp_path, "crossdock", "config", "schema")
    assert "The file. A relative path counts from the folder of the configuration." in schema.stdout
    (tmp_path / "crossdock.toml").write_text(CONFIGURATION.replace("{ lines", "{ liens"))
    wrong = run(tmp_path, "crossdock", "check")
    assert "apps.importer.inbound: names no adapter; did you mean lines?" in wrong.stderr
    assert "apps.ledger.outbound.liens: unknown key; did you mean lines?" in wrong.stderr
