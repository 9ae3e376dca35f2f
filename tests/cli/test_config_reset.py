"""What the API says of apps, seen and dropped from the command line."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from crossdock import Queue
from tests.cli.command import Shell

Store = Callable[[], AbstractContextManager[Queue]]


def test_what_the_api_says_is_shown_with_its_origin_and_dropped(
    shell: Shell, tmp_path: Path, store: Store
) -> None:
    (tmp_path / "crossdock.toml").write_text("[apps.validator]\nconcurrency = 4\nmax_depth = 5\n")
    with store() as queue:
        queue._store.write(lambda tx: tx.put_override("validator", {"concurrency": 8}, 0))
    lines = shell.good("config", "show", "--origin").out.splitlines()
    found = {line.split(" = ")[0]: line.split("# ")[1] for line in lines if " = " in line}
    assert (found["concurrency"], found["max_depth"]) == ("api", "crossdock.toml")
    generation = generation_of(store)
    assert shell.good("config", "reset", "validator").out == "reset  validator\n"
    assert generation_of(store) == generation + 1
    assert "concurrency = 4" in shell.good("config", "show").out
    again = shell("config", "reset", "validator")
    assert (again.code, again.err) == (5, "crossdock: the API has said nothing of validator\n")


def test_what_does_not_go_together_any_more_can_be_dropped(
    shell: Shell, tmp_path: Path, store: Store
) -> None:
    with store() as queue:
        queue._store.write(lambda tx: tx.put_override("validator", {"concurrency": 0}, 0))
    wrong = shell("config", "show")
    assert wrong.code == 3
    assert "api: apps.validator.concurrency" in wrong.err
    shell.good("config", "reset", "validator")
    shell.good("config", "show")


def generation_of(store: Store) -> Any:
    with store() as queue:
        return queue._store.read(lambda reader: reader.generation())
