"""Every line of the page on REST works as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from task_priority.sandbox import Sandbox
from tests.docs.pages import DOCS, blocks_of
from tests.docs.run_page import commands, compare, run
from tests.task_priority.api.household import Household

PAGE = DOCS / "how-to" / "task-priority-rest.md"
PRINTED_PORT = "127.0.0.1:8765"


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TASK_PRIORITY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("READER_STATE", str(tmp_path / "state"))
    (tmp_path / ".task-priority").symlink_to(tmp_path / "home")


@pytest.mark.usefixtures("reader")
def test_every_line_prints_what_the_page_says(household: Household, sandbox: Sandbox) -> None:
    household.connect_todoist(sandbox)
    with household.served() as api:
        address = f"127.0.0.1:{api.port}"
        (household.home.folder / "crossdock.db.key").write_text(api.key())
        written = household.home.configuration.read_text()
        household.home.configuration.write_text(written.replace("# port = 8765", f"port = {api.port}"))
        for block in blocks_of(PAGE):
            for command, expected in commands(block.text):
                if command.startswith("task-priority run"):
                    continue
                printed = run(command.replace(PRINTED_PORT, address)).replace(address, PRINTED_PORT)
                if expected.strip():
                    compare(expected, printed)
