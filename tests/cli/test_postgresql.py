"""The command on a store in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crossdock.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Shell

pytestmark = pytest.mark.needs_postgresql


@pytest.fixture
def env(empty_postgresql_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "CROSSDOCK_STORE__URL": empty_postgresql_url,
        "CROSSDOCK_STORE__HOST_FOLDER": str(tmp_path / "host"),
    }


def test_store_is_made_by_the_first_send_and_described(shell: Shell, env: dict[str, str]) -> None:
    refused = shell("queue", "stats", env=env)
    assert refused.code != 0
    assert "there is no store at postgresql+psycopg://" in refused.err
    sent = shell.good("send", "validator", '{"order": 17}', env=env)
    assert "made a new store at postgresql+psycopg://" in sent.err
    assert shell.good("claim", "validator", "--ack", env=env).out
    described = shell.good("store", "info", "--json", env=env).json
    assert described["messages"] == {"completed": 1}
    assert described["postgresql"]
    assert shell.good("store", "check", "--json", env=env).json == {"sound": True, "problems": []}
    assert shell.good("store", "migrate", env=env).out == "schema 1\n"


def test_doctor_looks_at_the_server(shell: Shell, env: dict[str, str]) -> None:
    shell.good("send", "validator", "1", env=env)
    findings = {finding["about"]: finding for finding in shell.good("doctor", "--json", env=env).json}
    assert findings["server"]["text"].startswith("PostgreSQL ")
    assert findings["messages"]["text"] == "1 pending"
    assert {"durability", "clock", "schema", "vacuum", "processes"} <= findings.keys()


def test_copies_are_left_to_the_tools_of_postgresql(shell: Shell, env: dict[str, str]) -> None:
    shell.good("send", "validator", "1", env=env)
    refused = shell("store", "backup", "monday.dump", env=env)
    assert refused.code != 0
    assert "pg_dump --format=custom" in refused.err


def test_space_is_given_back_by_the_server(shell: Shell, env: dict[str, str]) -> None:
    shell.good("send", "validator", "1", env=env)
    refused = shell("store", "vacuum", env=env)
    assert refused.code == ExitCode.STORE
    assert "autovacuum" in refused.err
    assert "VACUUM FULL integration.data_staging" in refused.err


def test_files_of_archived_messages_want_a_folder(shell: Shell, env: dict[str, str], tmp_path: Path) -> None:
    env["CROSSDOCK_RETENTION__DEDUP_FOR"] = "0s"
    shell.good("send", "validator", "1", env=env)
    shell.good("claim", "validator", "--ack", env=env)
    refused = shell("queue", "archive", "--to-files", env=env)
    assert refused.code == ExitCode.CONFIG
    assert "name a folder of this host" in refused.err
    env["CROSSDOCK_RETENTION__TO_FILES"] = "true"
    assert "name a folder with retention.folder" in shell("check", env=env).err
    env["CROSSDOCK_RETENTION__FOLDER"] = str(tmp_path / "archive")
    (path,) = shell.good("queue", "archive", "--to-files", "--json", env=env).json["files"]
    assert path.startswith(str(tmp_path / "archive"))
    described = shell.good("store", "info", "--json", env=env).json
    assert (described["messages"], described["archive_files"], described["filed_messages"]) == ({}, 1, 1)
