"""Secrets stand where the configuration says, and nowhere else: not in it, not in errors, not in logs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossdock.config import load
from crossdock.config.explaining import to_toml
from crossdock.config.secret import Secret, SecretReference, secrets_in
from crossdock.domain.errors import ConfigError
from crossdock.monitoring.settings import LogSettings

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


@pytest.mark.parametrize("table", ["{}", '{ env = "A", file = "b" }'])
def test_secret_is_in_one_place(tmp_path: Path, table: str) -> None:
    file = tmp_path / "crossdock.toml"
    file.write_text(f'[apps.app]\noutbound = {{ http = "https://a.example/", secrets = [{table}] }}\n')
    with pytest.raises(ConfigError, match=r"secrets\.0: a secret is in one place: give either env or file"):
        load(file, environ={})


def test_secrets_of_a_configuration_are_hidden_in_logs_and_shown_as_references(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    (tmp_path / "token").write_text("Bearer t0k3n\n")
    file = tmp_path / "crossdock.toml"
    file.write_text(
        '[apps.app]\noutbound = { http = "https://a.example/", secrets = [{ env = "HOOK" }, { env = "GONE" }], '
        'secret_headers = { Authorization = { file = "token" } } }\n'
    )
    loaded = load(file, environ={})
    assert [one.place for one in secrets_in(loaded.config, tmp_path)] == [
        "the variable HOOK", "the variable GONE", f"the file {tmp_path / 'token'}",
    ]  # fmt: skip
    assert set(LogSettings.of(loaded, "worker").secrets) >= {SECRET, "Bearer t0k3n"}
    shown: Any = to_toml(loaded, origins=True)
    assert '{ env = "HOOK" }' in shown
    assert SECRET not in shown
