"""Operations that an application adds: let in, described and listed like all others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.requests import Request

from crossdock.api import (
    OWN_PROOF,
    Answers,
    CallerOf,
    JsonAnswer,
    Operations,
    Refusal,
    Scope,
    StateOf,
    example,
    needs,
)
from crossdock.api.settings import ApiSettings
from crossdock.config import applications, load
from tests.api.served import Served, served

SECRET = "only-the-owner-knows"  # noqa: S105 - of this test alone


class Word(BaseModel):
    model_config = example(word="hello")
    word: str


def operations_of(table: Any) -> Operations:
    operations = Operations("played")

    @operations.on(
        "GET",
        "/played/word",
        id="getWord",
        access=needs(Scope.TASKS_READ),
        answers=Answers(Word, meaning="It."),
    )
    async def get_word(caller: CallerOf) -> JsonAnswer:
        """Say a word."""
        queues = await caller.queue.stats()
        return JsonAnswer({"word": f"{table['word']} {len(queues)}"})

    @operations.on(
        "GET", "/played/feed", id="getFeed", access=OWN_PROOF, answers=Answers(Word, meaning="It.")
    )
    async def get_feed(request: Request, state: StateOf) -> JsonAnswer:
        """Say it to whoever knows the address."""
        if request.query_params.get("secret") != SECRET:
            raise Refusal("NOT_FOUND", "there is nothing here")
        return JsonAnswer({"word": str(len(await state.queue.stats()))})

    return operations


class Played:
    """Stands for the application and its entry point."""

    def load(self) -> Played:
        return self

    def check(self, table: Any) -> list[tuple[str, str]]:
        return []

    def register(self, hub: Any, table: Any) -> None:
        hub.app("listener", next=["echo"])(lambda message: None)

    def operations(self, table: Any) -> list[Operations]:
        return [operations_of(table)]


@pytest.fixture
def joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(applications, "installed", lambda: {"played": Played()})
    applications.application_of.cache_clear()
    file = tmp_path / "crossdock.toml"
    file.write_text('[applications.played]\nword = "hello"\n', encoding="utf-8")
    with served(tmp_path, ApiSettings.of(load(file))) as found:
        yield found
    applications.application_of.cache_clear()


def test_its_operations_demand_what_they_declare(joined: Served) -> None:
    reader = joined.key("reader", frozenset({Scope.TASKS_READ}))
    assert joined.ask("GET", "/played/word", key=reader).json == {"word": "hello 0"}
    assert joined.ask("GET", "/played/word", key=None).code == "UNAUTHORIZED"
    other = joined.key("other", frozenset({Scope.QUEUE_READ}))
    assert joined.ask("GET", "/played/word", key=other).code == "FORBIDDEN"


def test_one_with_a_proof_of_its_own_checks_it_itself(joined: Served) -> None:
    assert joined.ask("GET", f"/played/feed?secret={SECRET}", key=None).json == {"word": "0"}
    assert joined.ask("GET", "/played/feed?secret=guess", key=None).status == 404


def test_they_are_in_the_document_and_among_the_routes_by_class(joined: Served) -> None:
    paths = joined.ask("GET", "/openapi.json").json["paths"]
    assert paths["/api/v1/played/word"]["get"]["x-scope"] == "tasks:read"
    kinds = {one.id: one.access.kind for one in joined.application.state.crossdock.declared}
    assert (kinds["getWord"], kinds["getFeed"]) == ("key", "proof")


def test_routes_of_its_apps_decide_who_receives(joined: Served) -> None:
    sent = joined.ask("POST", "/messages?from=listener", {"n": 1}, headers={
        "ce-id": "1", "ce-source": "listener", "ce-type": "word", "ce-specversion": "1.0",
    })  # fmt: skip
    assert [row["app"] for row in sent.json["rows"]] == ["echo"]
