from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from crossdock import Queue
from crossdock.config.template import TEMPLATE
from tests.cli.command import Shell

Store = Callable[[], AbstractContextManager[Queue]]


def test_init_makes_a_configuration_and_a_store(shell: Shell, tmp_path: Path) -> None:
    result = shell.good("init")
    assert result.out == "made  ./crossdock.toml\nmade  ./crossdock.db\n"
    assert (tmp_path / "crossdock.toml").read_text() == TEMPLATE
    assert (tmp_path / "crossdock.db").stat().st_mode & 0o777 == 0o600
    assert shell.good("queue", "stats").err == "no queue holds a message\n"


def test_a_second_init_changes_nothing(shell: Shell, tmp_path: Path, store: Store) -> None:
    shell.good("init")
    (tmp_path / "crossdock.toml").write_text('[queue]\nlease = "1m"\n')
    with store() as queue:
        queue.send("validator", 1)
    assert shell.good("init").out == "kept  ./crossdock.toml\nkept  ./crossdock.db\n"
    assert (tmp_path / "crossdock.toml").read_text() == '[queue]\nlease = "1m"\n'
    with store() as queue:
        assert queue.stats("validator")["validator"].ready == 1


def test_init_makes_the_folder_it_is_given(shell: Shell, tmp_path: Path) -> None:
    assert (
        shell.good("init", "deep/orders").out
        == "made  ./deep/orders/crossdock.toml\nmade  ./deep/orders/crossdock.db\n"
    )
    assert (tmp_path / "deep" / "orders" / "crossdock.db").exists()
    assert not (tmp_path / "crossdock.db").exists()


def test_init_makes_the_store_that_an_existing_configuration_names(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text('[store]\nurl = "sqlite:///work.db"\n')
    assert shell.good("init").out == "kept  ./crossdock.toml\nmade  ./work.db\n"
