from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from crossdock import ConfigError
from task_priority.connections import Connections
from task_priority.home import HOME_VARIABLE, Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "a" / "home")


def test_a_home_is_for_its_owner_alone(home: Home) -> None:
    home.make()
    assert home.folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in home.folder.iterdir()} == {0o600}


def test_what_a_person_changed_is_kept(home: Home) -> None:
    home.make()
    home.settings.write_text("[weights]\ndue = 1\n")
    home.make()
    assert home.settings.read_text() == "[weights]\ndue = 1\n"


def test_the_configuration_names_the_home(home: Home) -> None:
    home.make()
    tables = tomllib.loads(home.configuration.read_text())
    assert tables["applications"]["task-priority"] == {"home": str(home.folder)}


def test_a_variable_names_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "elsewhere"))
    assert Home.of_owner().folder == tmp_path / "elsewhere"
    monkeypatch.delenv(HOME_VARIABLE)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Home.of_owner().folder == tmp_path / ".task-priority"


def test_connections_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "sources.json"
    assert Connections(file).all() == {}
    Connections(file).put("todoist", {"base_url": "http://127.0.0.1"})
    Connections(file).put("ics", {})
    assert Connections(file).all() == {"ics": {}, "todoist": {"base_url": "http://127.0.0.1"}}
    assert Connections(file).remove("ics")
    assert not Connections(file).remove("ics")
    assert [path.name for path in tmp_path.iterdir()] == ["sources.json"]


@pytest.mark.parametrize("text", ["{", "[]", '{"todoist": 3}', ""])
def test_a_damaged_file_is_told_with_what_to_do(tmp_path: Path, text: str) -> None:
    file = tmp_path / "sources.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match="mend it, or remove it and connect again"):
        Connections(file).all()
