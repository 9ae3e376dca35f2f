"""The exporter and the application that the documents build: installed, tested and served as they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import DOCS, blocks_of

PAGE = DOCS / "how-to" / "write-an-exporter.md"
SERVED = """\
from crossdock import AsyncQueue, Hub
from crossdock.api.application import create_application
from crossdock.api.settings import ApiSettings
from crossdock.config import load

loaded = load("crossdock.toml")
settings = ApiSettings.of(loaded)
application = create_application(AsyncQueue("sqlite:///work.db"), settings)
for one in application.state.crossdock.declared:
    if one.id == "getShelf":
        print(one.method, one.path, one.access.scope)
print(Hub(loaded).names(), settings.routes.following("library"))
"""


def install(folder: Path) -> None:
    """Write the files of the page, and the metadata that installing them would have written."""
    for block in blocks_of(PAGE):
        if block.title is not None and block.title != "pyproject.toml":
            (folder / block.title).write_text(block.text, encoding="utf-8")
    metadata = folder / "library-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: library\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[crossdock.apps]\nlibrary = library:APPLICATION\n")


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False,
        timeout=110,
    )  # fmt: skip


def test_written_exporter_keeps_the_contract(tmp_path: Path) -> None:
    install(tmp_path)
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "test_library.py")
    done = run(tmp_path, *words)
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout


def test_written_application_joins_hub_and_api(tmp_path: Path) -> None:
    install(tmp_path)
    checked = run(tmp_path, "-m", "crossdock", "check")
    assert checked.returncode == 0, checked.stderr
    assert "1 application" in checked.stdout
    served = run(tmp_path, "-c", SERVED)
    assert served.stdout.splitlines() == [
        "GET /library/shelf tasks:read",
        "['library', 'notes'] ('notes',)",
    ], served.stderr
    listed = run(tmp_path, "-m", "crossdock", "app", "list", "--json")
    assert '"library"' in listed.stdout
    one = run(tmp_path, "-m", "crossdock", "app", "status", "library")
    assert "of an application" in one.stdout
    shown = run(tmp_path, "-m", "crossdock", "config", "show", "--origin")
    assert "[applications.library]" in shown.stdout
    assert 'url = "https://library.example/changes"' in shown.stdout


def test_problems_of_an_application_are_told_with_all_others(tmp_path: Path) -> None:
    install(tmp_path)
    wrong = '[applications.library]\nadress = "x"\n[applications.libary]\n[queue]\nleese = "1m"\n'
    (tmp_path / "crossdock.toml").write_text(wrong, encoding="utf-8")
    first = run(tmp_path, "-m", "crossdock", "check")
    assert "crossdock.toml: queue.leese: unknown key; did you mean lease?" in first.stderr
    (tmp_path / "crossdock.toml").write_text(wrong.replace("leese", "lease"), encoding="utf-8")
    second = run(tmp_path, "-m", "crossdock", "check")
    for line in (
        "crossdock.toml: applications.library.url: expected the address of the library",
        "crossdock.toml: applications.library.adress: unknown key; known here: url",
        "crossdock.toml: applications.libary: no application of this name is installed; did you mean library?",
    ):
        assert line in second.stderr
