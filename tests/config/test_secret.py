"""Secrets stand where the configuration says, and nowhere else: not in it, not in errors, not in logs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from crossdock.bootstrap import store_settings
from crossdock.config import load
from crossdock.config.explaining import to_toml
from crossdock.config.secret import Secret, SecretReference, secrets_in
from crossdock.domain.errors import ConfigError
from crossdock.monitoring.settings import LogSettings
from crossdock.store.postgresql.location import parse_database_url

SECRET = "whsec_s3cr3tXy9s3cr3tXy9s3cr3tXy9s3cr3t"  # noqa: S105 - nobody's


def secret(folder: Path, **reference: str) -> Secret:
    return Secret(SecretReference(**reference), folder, {"SET": SECRET, "EMPTY": ""})


def test_secret_is_in_a_variable_or_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\r\n")
    assert secret(tmp_path, env="SET").text() == SECRET
    assert secret(tmp_path, file="secret").text() == SECRET
    assert secret(tmp_path, file=str(tmp_path / "secret")).text() == SECRET


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ({"env": "NOT_THERE"}, "the variable NOT_THERE is not set"),
        ({"env": "EMPTY"}, "the variable EMPTY is empty"),
        ({"file": "none"}, "none cannot be read: No such file or directory"),
        ({"file": "."}, "cannot be read: Is a directory"),
        ({"file": "empty"}, "empty is empty"),
        ({"file": "binary"}, "binary is not text in UTF-8"),
        ({"file": "large"}, "large is too large to be a secret"),
    ],
)
def test_secret_that_is_not_there_is_told(tmp_path: Path, reference: dict[str, str], words: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"s3cr3t\xff")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    with pytest.raises(ConfigError, match=words) as caught:
        secret(tmp_path, **reference).text()
    assert "s3cr3t" not in f"{caught.value} {caught.value.__cause__!r}"


def test_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("first")
    found = secret(tmp_path, file="secret")
    assert found.text() == "first"
    (tmp_path / "new").write_text("other")
    (tmp_path / "new").replace(tmp_path / "secret")
    assert found.text() == "other"


@pytest.mark.parametrize(
    "table",
    [
        f'{{ http = "https://a.example/", secrets = ["{SECRET}"] }}',
        f'{{ http = "https://a.example/", secrets = "{SECRET}" }}',
        f'{{ http = "https://a.example/", secrets = [{{ value = "{SECRET}" }}] }}',
        f'{{ http = "https://a.example/", secret_headers = {{ Authorization = "{SECRET}" }} }}',
        f'{{ http = "https://a.example/", secret_headers = "{SECRET}" }}',
        f'{{ http = "https://a.example/", headers = {{ Authorization = "{SECRET}" }} }}',
    ],
)
def test_secret_in_the_configuration_is_refused_and_not_shown(tmp_path: Path, table: str) -> None:
    file = tmp_path / "crossdock.toml"
    file.write_text(f"[apps.app]\noutbound = {table}\n")
    with pytest.raises(ConfigError) as caught:
        load(file, environ={})
    assert "apps.app.outbound" in str(caught.value)
    assert SECRET not in str(caught.value)


class Ring:
    """A key ring with one secret, which can be locked."""

    priority = 5

    def __init__(self) -> None:
        self.kept = {("crossdock", "hook"): SECRET, ("crossdock", "empty"): ""}
        self.asked = 0
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        if self.locked:
            raise RuntimeError(SECRET)
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


def test_secret_is_in_the_key_ring_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring()
    monkeypatch.setattr("keyring.get_keyring", lambda: ring)
    found = secret(tmp_path, keyring="hook")
    assert [found.text(), found.text(), ring.asked] == [SECRET, SECRET, 1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "nobody",
            "the entry nobody of crossdock in the key ring is missing; put it there with: keyring set",
        ),
        ("empty", "the entry empty of crossdock in the key ring is empty"),
        ("locked", "cannot be read: the key ring of this system refuses: RuntimeError"),
        ("weak", "cannot be read: the key ring of this system refuses: NoKeyringError"),
        ("without", "needs the package keyring; install it with: pip install 'crossdock\\[keyring\\]'"),
    ],
)
def test_key_ring_that_does_not_give_a_secret_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    ring = Ring()
    ring.locked = name == "locked"
    ring.priority = 0 if name == "weak" else 5
    monkeypatch.setattr("keyring.get_keyring", lambda: ring)
    if name == "without":
        monkeypatch.setitem(sys.modules, "keyring", None)
        monkeypatch.setitem(sys.modules, "keyring.errors", None)
    with pytest.raises(ConfigError, match=words) as caught:
        secret(tmp_path, keyring=name).text()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("table", ["{}", '{ env = "A", file = "b" }', '{ env = "A", keyring = "c" }'])
def test_secret_is_in_one_place(tmp_path: Path, table: str) -> None:
    file = tmp_path / "crossdock.toml"
    file.write_text(f'[apps.app]\noutbound = {{ http = "https://a.example/", secrets = [{table}] }}\n')
    with pytest.raises(ConfigError, match=r"secrets\.0: a secret is in one place: give one of env, file and"):
        load(file, environ={})


def test_secrets_of_a_configuration_are_hidden_in_logs_and_shown_as_references(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    (tmp_path / "token").write_text("Bearer t0k3n\n")
    file = tmp_path / "crossdock.toml"
    file.write_text(
        '[apps.app]\noutbound = { http = "https://a.example/", secrets = [{ env = "HOOK" }, { env = "GONE" }], '
        'secret_headers = { Authorization = { file = "token" }, Cookie = { keyring = "cookie" } } }\n'
    )
    ring = Ring()
    ring.kept["crossdock", "cookie"] = "c00kie-of-the-ring"
    monkeypatch.setattr("keyring.get_keyring", lambda: ring)
    loaded = load(file, environ={})
    assert [one.place for one in secrets_in(loaded.config, tmp_path)] == [
        "the variable HOOK", "the variable GONE", f"the file {tmp_path / 'token'}",
        "the entry cookie of crossdock in the key ring",
    ]  # fmt: skip
    assert set(LogSettings.of(loaded, "worker").secrets) >= {
        SECRET,
        "Bearer t0k3n",
        "c00kie-of-the-ring",
    }
    shown: Any = to_toml(loaded, origins=True)
    assert '{ env = "HOOK" }' in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("store", "words"),
    [
        (f'url = "postgresql://me:{SECRET}@db/work"', "store.url: a password does not stand in the"),
        (f'url = "postgresql:///work?password={SECRET}"', "store.url: a password does not stand in the"),
        (f'password = "{SECRET}"', "store.password: a secret does not stand in the configuration"),
    ],
)
def test_password_of_the_database_in_the_file_is_refused_and_not_shown(
    tmp_path: Path, store: str, words: str
) -> None:
    file = tmp_path / "crossdock.toml"
    file.write_text(f"[store]\n{store}\n")
    with pytest.raises(ConfigError, match=words) as caught:
        load(file, environ={})
    assert SECRET not in str(caught.value)


def test_password_of_the_database_is_where_the_configuration_says(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{SECRET}\n")
    file = tmp_path / "crossdock.toml"
    file.write_text('[store]\nurl = "postgresql://me@db/work"\npassword = { file = "password" }\n')
    loaded = load(file, environ={})
    location = parse_database_url(loaded.store_url, store_settings(loaded))
    assert location.url.password == SECRET
    assert SECRET not in str(location)
    assert SECRET in LogSettings.of(loaded, "worker").secrets


def test_password_of_a_variable_with_the_whole_url_goes_before(tmp_path: Path) -> None:
    file = tmp_path / "crossdock.toml"
    file.write_text('[store]\nurl = "postgresql://me@db/work"\npassword = { env = "NOT_SET" }\n')
    loaded = load(file, environ={"CROSSDOCK_STORE__URL": "postgresql://you:other@db/work"})
    assert parse_database_url(loaded.store_url, store_settings(loaded)).url.password == "other"  # noqa: S105


def test_password_of_the_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "crossdock.toml"
    file.write_text('[store]\nurl = "postgresql://me@db/work"\npassword = { env = "NOT_SET_9" }\n')
    loaded = load(file, environ={})
    with pytest.raises(ConfigError, match=r"store\.password: the variable NOT_SET_9 is not set"):
        parse_database_url(loaded.store_url, store_settings(loaded))
