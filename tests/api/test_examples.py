"""Every example of the OpenAPI document is what it is an example of, and those of requests are accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import jsonschema_rs
import pytest

from crossdock.api.settings import ApiSettings
from crossdock.config import load
from crossdock.domain.key import KeySpec, Scope, digest_of
from crossdock.exporting import Exports, Found, Pull
from crossdock.testing import ScriptedExporter
from tests.api.served import Served, served

CONFIGURATION: Final = """
[apps.shop]
next = ["validator"]

[apps.validator]
outbound = { python = "orders.checks:validate" }
"""
MESSAGE: Final = "0190b5a7-3c1e-7d2a-9f4b-1a2b3c4d5e6f"
REFUSED: Final = {
    "ackMessages": "LEASE_LOST",
    "nackMessages": "LEASE_LOST",
    "extendLeases": "LEASE_LOST",
    "receiveWebhook": "UNAUTHORIZED",
    "deleteApp": "APP_IN_USE",
}
"""What the examples cannot bring with them: a lease, a signature, an app that has nothing to do."""


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Served]:
    file = tmp_path / "crossdock.toml"
    file.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/work.db"\n{CONFIGURATION}')
    with served(tmp_path, ApiSettings.of(load(file, environ={}))) as found:
        event = {
            "specversion": "1.0",
            "id": MESSAGE,
            "source": "shop",
            "type": "order.placed",
            "data": {"order": 17},
        }
        structured = {"Content-Type": "application/cloudevents+json"}
        body = json.dumps(event).encode()
        assert found.ask("POST", "/messages?from=shop", body, headers=structured).status == 202
        key = KeySpec("5f0c3a9e1b7d", "shop", digest_of("secret"), frozenset({Scope.MESSAGES_SEND}))
        found.queue._store.write(lambda tx: tx.create_key(key))
        objects = [Found("tasks", "8Jx4", {"id": "8Jx4"})]
        Exports(found.queue).sync(ScriptedExporter([Pull("", 1, objects, [])], name="todoist"))
        yield found


@pytest.fixture
def document(live: Served) -> Any:
    return live.ask("GET", "/openapi.json", key=None).json


def operations_of(document: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            yield method.upper(), path, one


def path_of(template: str, one: dict[str, Any]) -> str:
    """Return the path of an operation below ``/api/v1``, its parameters as in their examples."""
    path = template.removeprefix("/api/v1")
    for parameter in one.get("parameters", ()):
        if parameter["in"] == "path":
            value = quote(parameter["schema"]["examples"][0], safe="")
            path = path.replace(f"{{{parameter['name']}}}", value)
    return path


def examples_of(document: Any, content: dict[str, Any]) -> list[Any]:
    """Return the examples of a body: its own, else those of each form that it may have."""
    if "examples" in content:
        return [one["value"] for one in content["examples"].values()]
    if "example" in content:
        return [content["example"]]
    schema = content.get("schema", {})
    found = []
    for part in schema.get("anyOf", [schema]):
        named = document["components"]["schemas"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        found += named.get("examples", [])
    return found


def wrong_with(document: Any, schema: Any, value: Any) -> list[str]:
    whole = {**schema, "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [error.message for error in validator.iter_errors(value)]


def test_every_example_is_as_its_schema_says(document: Any) -> None:
    count = 0
    for _, _, one in operations_of(document):
        contents = [one.get("requestBody", {}), *one["responses"].values()]
        for content in (inner for outer in contents for inner in outer.get("content", {}).values()):
            for value in examples_of(document, content):
                assert not wrong_with(document, content.get("schema", {}), value), (one["operationId"], value)
                count += 1
        for parameter in one.get("parameters", ()):
            for value in parameter["schema"].get("examples", ()):
                assert not wrong_with(document, parameter["schema"], value), (one["operationId"], value)
                count += 1
    assert count > 300


def test_every_schema_is_as_its_examples_say(document: Any) -> None:
    for name, schema in document["components"]["schemas"].items():
        for value in schema.get("examples", ()):
            assert not wrong_with(document, {"$ref": f"#/components/schemas/{name}"}, value), name


def test_every_request_of_the_document_is_accepted(document: Any, live: Served) -> None:
    # What is to be sent again must have ended, and what is removed is needed by others before.
    late = lambda found: (found[0] == "DELETE", found[2]["operationId"] == "replayMessage")  # noqa: E731
    for method, template, one in sorted(operations_of(document), key=late):
        if template.endswith("/events/stream"):
            continue  # its answer does not end
        path = path_of(template, one)
        required = {
            p["name"]: p["schema"]["examples"][0]
            for p in one.get("parameters", ())
            if p["in"] == "header" and p.get("required")
        }
        for media, content in one.get("requestBody", {"content": {"": {}}})["content"].items():
            for value in examples_of(document, content) if media else [None]:
                body = None if value is None else json.dumps(value).encode()
                headers = {**required, **({"Content-Type": media} if media else {})}
                query = "?from=shop" if one["operationId"] == "sendMessage" else ""
                answer = live.ask(method, path + query, body, headers=headers)
                code = answer.code if answer.status >= 400 else None
                assert code == REFUSED.get(one["operationId"]), (one["operationId"], answer.body)


def test_every_parameter_of_the_document_is_taken_with_its_example(document: Any, live: Served) -> None:
    taken = 0
    schedule = document["components"]["schemas"]["NewSchedule"]["examples"][0]
    assert live.ask("POST", "/schedules", schedule).status == 201
    for method, template, one in operations_of(document):
        if method != "GET" or template.endswith("/events/stream"):
            continue
        query = [
            (parameter["name"], parameter["schema"]["examples"][0])
            for parameter in one.get("parameters", ())
            if parameter["in"] == "query" and parameter["schema"].get("examples")
        ]
        answer = live.ask("GET", f"{path_of(template, one)}?{urlencode(query)}")
        assert answer.status in {200, 202}, (one["operationId"], query, answer.body)
        taken += len(query)
    assert taken > 10
