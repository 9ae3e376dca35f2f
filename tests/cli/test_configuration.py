"""``check`` and ``config``, and how the store is chosen."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.command import Shell


def test_check_calls_a_valid_configuration_valid(shell: Shell, tmp_path: Path) -> None:
    store = tmp_path / "crossdock.db"
    assert shell.good("check").out == (
        f"no crossdock.toml here; the defaults are valid: store {store}, 0 apps configured\n"
    )
    (tmp_path / "crossdock.toml").write_text('[apps.validator]\non_dead = "block"\n')
    assert shell.good("check").out == f"crossdock.toml is valid: store {store}, 1 app configured\n"
    assert shell.good("check", "--json").json == {"valid": True, "problems": [], "remarks": []}
    assert not store.exists()


def test_apps_that_take_files_from_each_other_are_remarked_upon(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text(
        """
        [apps.a]
        inbound = { file = "data/in", pattern = "*.csv" }
        [apps.b]
        inbound = { file = "data/../data/in" }
        [apps.c]
        inbound = { file = "data/in", pattern = "*.json" }
        [apps.d]
        inbound = { file = "data/other" }
        """
    )
    result = shell.good("check")
    said = [line.split(":")[1] for line in result.err.splitlines()]
    assert said == [" a and b both take files from data/in", " b and c both take files from data/../data/in"]
    assert len(shell.good("check", "--json").json["remarks"]) == len(said)
    found = [one for one in shell.good("doctor", "--json").json if one["about"] == "folders"]
    assert [(one["level"], "each file goes to only one" in one["text"]) for one in found] == [
        ("warn", True)
    ] * 2


def test_apps_that_replace_the_newest_file_of_each_other_are_remarked_upon(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "crossdock.toml").write_text(
        """
        [apps.a]
        outbound = { file = "data/out", latest = "newest.json" }
        [apps.b]
        outbound = { file = "data/../data/out", latest = "newest.json" }
        [apps.c]
        outbound = { file = "data/out", format = "csv", latest = "newest.csv" }
        [apps.d]
        outbound = { file = "data/out", latest = "orders.json" }
        [apps.e]
        outbound = { file = "data/other", latest = "newest.json" }
        [apps.f]
        outbound = { file = "data/out" }
        """
    )
    remarks = shell.good("check", "--json").json["remarks"]
    assert [" ".join(remark.split()[:3]) for remark in remarks] == ["a and b", "a and c", "b and c"]
    assert "as newest.json, with one manifest" in remarks[0]
    assert "as newest.json and newest.csv" in remarks[1]
    found = [one for one in shell.good("doctor", "--json").json if one["about"] == "folders"]
    assert [one["level"] for one in found] == ["warn"] * 3


def test_check_finds_what_a_worker_would_refuse(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text(
        """
        [apps.a]
        inbound = { file = "data/errors" }
        [apps.b]
        inbound = { file = "data/in", delimiter = "'", quote = "'" }
        [apps.c]
        outbound = { file = "/" }
        [apps.d]
        outbound = { process = ["cat"], exit_codes = { 300 = "transient", 5 = "boom" } }
        """
    )
    told = shell("check").err
    for issue in (
        "a.inbound.file: each root has a folder 'errors' of its own; give the stage another name",
        """b.inbound: delimiter and quote are both "'"; give one of them another character""",
        "c.outbound.file: is the root of the file system; name a folder in another, such as data/imports",
        "d.outbound.exit_codes.300: expected an exit code from 0 to 255, given 300",
        'd.outbound.exit_codes.5: expected "delivered", "transient", "permanent", "invalid", "rate-limited", ',
    ):
        assert f"\n  crossdock.toml: apps.{issue}" in told
    assert told.startswith("crossdock: 5 things are wrong\n")


def test_check_tells_everything_that_is_wrong(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text('[store]\nulr = "x"\n[queue]\nmax_crashes = 0\n')
    result = shell("check")
    assert (result.code, result.out) == (3, "")
    assert result.err == (
        "crossdock: 2 things are wrong\n"
        "  crossdock.toml: store.ulr: unknown key; did you mean url?\n"
        "  crossdock.toml: queue.max_crashes: expected a whole number of 1 or more, given 0\n"
    )
    document = shell("check", "--json")
    assert (document.code, document.json["valid"], len(document.json["problems"])) == (3, False, 2)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "mysql://db/work",
            "--store: mysql://db/work names 'mysql'; a store is at sqlite:///… or postgresql+psycopg://…",
        ),
        (
            "work.db",
            '--store: expected a URL such as "sqlite:///crossdock.db", given "work.db"; did you mean "sqlite:///work.db"?',
        ),
        ("sqlite://", "--store: a store in memory ends with the command; name a file"),
    ],
)
def test_a_store_that_cannot_be_used_is_refused(shell: Shell, url: str, message: str) -> None:
    for command in (["check"], ["queue", "stats"], ["send", "validator", "1"]):
        result = shell(*command, "--store", url)
        assert (result.code, result.out, result.err) == (3, "", f"crossdock: {message}\n")


def test_every_command_refuses_a_wrong_configuration(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text("[store]\nulr = 1\n")
    for command in (
        ["send", "v", "1"],
        ["claim", "v"],
        ["message", "show", "x"],
        ["queue", "stats"],
        ["store", "info"],
        ["config", "show"],
        ["init"],
    ):
        result = shell(*command)
        assert (result.code, result.err.splitlines()[-1]) == (
            3,
            "crossdock: crossdock.toml: store.ulr: unknown key; did you mean url?",
        ), command


def test_the_settings_in_force_are_shown_as_a_file(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text('[queue]\nlease = "1m"\n')
    result = shell.good("config", "show", "--origin", env={"CROSSDOCK_STORE__OUTSIDE_WRITERS": "true"})
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert 'lease = "1m" # crossdock.toml' in lines
    assert "outside_writers = true # CROSSDOCK_STORE__OUTSIDE_WRITERS" in lines
    assert tomllib.loads(result.out)["queue"]["lease"] == "1m"
    found = {entry["key"]: entry for entry in shell.good("config", "show", "--json").json}
    assert found["queue.lease"] == {"key": "queue.lease", "value": "1m", "origin": "crossdock.toml"}
    assert found["queue.max_crashes"]["origin"] == "default"


def test_the_schema_is_json_schema(shell: Shell) -> None:
    schema = json.loads(shell.good("config", "schema").out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["properties"]) == {
        "store", "queue", "run", "log", "retention", "apps", "schedules", "api", "applications",
    }  # fmt: skip


def test_the_store_is_chosen_by_option_then_variable_then_file(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text('[store]\nurl = "sqlite:///file.db"\n')
    variable = {"CROSSDOCK_STORE__URL": "sqlite:///variable.db"}
    shell.good("send", "v", "1")
    shell.good("send", "v", "1", env=variable)
    shell.good("--store", "sqlite:///before.db", "send", "v", "1", env=variable)
    shell.good("--store", "sqlite:///before.db", "send", "v", "1", "--store", "sqlite:///behind.db")
    assert sorted(path.name for path in tmp_path.glob("*.db")) == [
        "before.db",
        "behind.db",
        "file.db",
        "variable.db",
    ]


def test_a_configuration_elsewhere_brings_its_store(shell: Shell, tmp_path: Path) -> None:
    shell.good("init", "deploy")
    shell.good("send", "v", "1", "--config", "deploy/crossdock.toml")
    shell.good("send", "v", "1", env={"CROSSDOCK_CONFIG": "deploy/crossdock.toml"})
    assert not (tmp_path / "crossdock.db").exists()
    assert shell.good("--config", "deploy/crossdock.toml", "queue", "stats", "--json").json[0]["ready"] == 2
