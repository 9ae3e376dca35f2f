"""Health tells of everything that waits for somebody: messages, files, credentials."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crossdock import CredentialError
from crossdock.api.settings import ApiSettings
from crossdock.config import load
from tests.api.served import Served, served


@pytest.fixture
def imports(tmp_path: Path) -> Path:
    folder = tmp_path / "imports"
    folder.mkdir()
    return folder


@pytest.fixture
def api(tmp_path: Path, imports: Path) -> Iterator[Served]:
    file = tmp_path / "crossdock.toml"
    file.write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/work.db"\n'
        f'[apps.importer]\ninbound = {{ file = "{imports}", arrival = "stable" }}\nnext = ["validator"]\n'
        '[apps.shop]\nnext = ["validator"]\n'
    )
    with served(tmp_path, ApiSettings.of(load(file, environ={}))) as found:
        yield found


def put(folder: Path, name: str, *, ago: timedelta) -> datetime:
    path = folder / name
    path.write_text("1\n")
    moment = (datetime.now(UTC) - ago).replace(microsecond=0)
    os.utime(path, (moment.timestamp(), moment.timestamp()))
    return moment


def test_it_tells_since_when_the_oldest_file_has_been_waiting(api: Served, imports: Path) -> None:
    put(imports, "late.csv", ago=timedelta(minutes=1))
    oldest = put(imports, "early.csv", ago=timedelta(minutes=30))
    health = api.ask("GET", "/health")
    (told,) = health.json["details"]["files"].values()
    assert (datetime.fromisoformat(told["oldest_at"]), told["reason"]) == (oldest, None)
    assert (health.status, health.json["status"], health.json["details"]["stuck_files"]) == (200, "ok", [])


def test_a_file_that_nobody_takes_for_an_hour_degrades_it(api: Served, imports: Path) -> None:
    put(imports, "forgotten.csv", ago=timedelta(minutes=61))
    health = api.ask("GET", "/health")
    assert (health.status, health.json["details"]["stuck_files"]) == (503, ["importer"])
    assert api.ask("GET", "/health", key=None).json == {"status": "degraded"}


def test_a_queue_that_was_paused_for_credentials_is_named_and_one_that_a_person_paused_is_not(
    api: Served,
) -> None:
    api.queue.pause("shop")
    api.queue.send("validator", 1)
    (delivery,) = api.queue.claim("validator")
    delivery.nack(CredentialError("the token was revoked; make another"))
    health = api.ask("GET", "/health")
    assert (health.status, health.json["status"]) == (503, "degraded")
    assert set(health.json["details"]["credentials"]) == {"validator"}
    assert "the token was revoked" in health.json["details"]["credentials"]["validator"]
    api.queue.resume("validator")
    assert api.ask("GET", "/health").json["status"] == "ok"
