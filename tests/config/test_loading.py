from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock.config import Config, Loaded, load
from crossdock.domain.retry import RetryPolicy
from crossdock.store.sqlite.location import parse_url

FILE = """\
[store]
url = "sqlite:///data/work.db"
min_free_bytes = "1 GiB"

[queue]
lease = "1m"
retry = { max_attempts = 6, backoff = "2s..10m" }

[apps.file-importer]
retry = { max_attempts = 3, jitter = false, time_budget = "1h" }
on_dead = "block"
"""


def test_without_anything_the_defaults_hold(loading: Callable[..., Loaded]) -> None:
    loaded = loading()
    assert loaded.file is None
    assert loaded.store_url == "sqlite:///crossdock.db"
    assert loaded.config.store.lock_timeout == timedelta(seconds=10)
    assert loaded.config.retry_policies() == {"*": RetryPolicy()}
    assert loaded.origin("store", "url") == "default"


def test_an_empty_file_is_a_file(loading: Callable[..., Loaded]) -> None:
    loaded = loading("")
    assert loaded.file == Path("crossdock.toml")
    assert loaded.config == Config()


def test_the_file_is_read(loading: Callable[..., Loaded]) -> None:
    config = loading(FILE).config
    assert config.store.min_free_bytes == 2**30
    assert config.queue.lease == timedelta(minutes=1)
    assert config.apps["file-importer"].on_dead == "block"


def test_an_app_inherits_the_retry_keys_it_leaves_out(loading: Callable[..., Loaded]) -> None:
    policies = loading(FILE).config.retry_policies()
    assert policies["*"] == RetryPolicy(6, timedelta(seconds=2), timedelta(minutes=10))
    assert policies["file-importer"] == RetryPolicy(
        3, timedelta(seconds=2), timedelta(minutes=10), jitter=False, time_budget=timedelta(hours=1)
    )


def test_a_variable_overrides_the_file_and_an_option_the_variable(loading: Callable[..., Loaded]) -> None:
    environ = {"CROSSDOCK_STORE__URL": "sqlite:///env.db", "CROSSDOCK_QUEUE__RETRY__MAX_ATTEMPTS": "9"}
    loaded = loading(FILE, environ)
    assert loaded.store_url == "sqlite:///env.db"
    assert loaded.config.queue.retry.max_attempts == 9
    assert loaded.config.queue.retry.backoff == (timedelta(seconds=2), timedelta(minutes=10))
    loaded = loading(FILE, environ, options={"--store": (("store", "url"), "sqlite:///option.db")})
    assert loaded.store_url == "sqlite:///option.db"
    assert loaded.origin("store", "url") == "--store"


def test_the_origin_of_each_value_is_known(loading: Callable[..., Loaded]) -> None:
    loaded = loading(FILE, {"CROSSDOCK_QUEUE__LEASE": "2m"})
    assert loaded.origin("store", "url") == "crossdock.toml"
    assert loaded.origin("store", "lock_timeout") == "default"
    assert loaded.origin("queue", "lease") == "CROSSDOCK_QUEUE__LEASE"
    assert loaded.origin("apps", "file-importer", "retry", "jitter") == "crossdock.toml"


def test_a_variable_names_an_app_in_capitals(loading: Callable[..., Loaded]) -> None:
    apps = loading(
        FILE, {"CROSSDOCK_APPS__FILE_IMPORTER__ON_DEAD": "release", "CROSSDOCK_APPS__NEW__ON_DEAD": "block"}
    ).config.apps
    assert {name: app.on_dead for name, app in apps.items()} == {"file-importer": "release", "new": "block"}


def test_a_variable_may_hold_a_whole_table(loading: Callable[..., Loaded]) -> None:
    environ = {"CROSSDOCK_APPS__V__RETRY": '{ max_attempts = 2, backoff = "1s..2s" }'}
    assert loading(environ=environ).config.retry_policies()["v"].max_attempts == 2


def test_variables_that_set_no_key_are_left_alone(loading: Callable[..., Loaded]) -> None:
    loading(environ={"CROSSDOCK_DEBUG": "1", "CROSSDOCK_TEST_KILLS": "100", "PATH": "/bin"})


def test_a_relative_store_counts_from_the_folder_of_the_file_that_names_it(folder: Path) -> None:
    deploy = folder / "deploy"
    deploy.mkdir()
    (deploy / "crossdock.toml").write_text('[store]\nurl = "sqlite:///data/work.db"\n')
    assert load("deploy/crossdock.toml", environ={}).store_url == f"sqlite:///{deploy}/data/work.db"
    by_variable = load(environ={"CROSSDOCK_CONFIG": str(deploy / "crossdock.toml")})
    assert by_variable.store_url == f"sqlite:///{deploy}/data/work.db"
    elsewhere = load("deploy/crossdock.toml", environ={"CROSSDOCK_STORE__URL": "sqlite:///here.db"})
    assert elsewhere.store_url == "sqlite:///here.db"


def test_a_default_store_lies_beside_the_file(folder: Path) -> None:
    deploy = folder / "deploy"
    deploy.mkdir()
    (deploy / "crossdock.toml").write_text('[queue]\nlease = "1m"\n')
    assert load("deploy/crossdock.toml", environ={}).store_url == f"sqlite:///{deploy}/crossdock.db"


def test_an_absolute_store_stays(loading: Callable[..., Loaded]) -> None:
    assert loading('[store]\nurl = "sqlite:////data/work.db"\n').store_url == "sqlite:////data/work.db"


@pytest.mark.parametrize("name", ["50%41", "what?", "50% off", "Grüße"])
def test_relative_store_is_found_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    file = tmp_path / name / "crossdock.toml"
    file.write_text('[store]\nurl = "sqlite:///work.db"\n', encoding="utf-8")
    assert parse_url(load(file, environ={}).store_url).path == tmp_path / name / "work.db"
