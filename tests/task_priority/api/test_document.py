"""Requests that schemathesis makes of these operations from the OpenAPI document, and its examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from task_priority.api import operations_of
from task_priority.home import Home
from tests.api.served import Served
from tests.api.test_document import CHECKS, for_every_operation
from tests.task_priority.api.household import Household

OPERATIONS = [one.id for operations in operations_of(Home.of_owner()) for one in operations.declared]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, _no_key_ring: None) -> Iterator[Served]:
    household = Household(tmp_path_factory.mktemp("document"))
    household.connect_files()
    with household.served() as api:
        yield api


def test_answers_are_as_the_document_says(live: Served) -> None:
    url = f"http://127.0.0.1:{live.port}/api/v1/openapi.json"
    document = schemathesis.openapi.from_url(url).include(operation_id=OPERATIONS)
    key = live.key("all")

    def check(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)

    for_every_operation(document, check, 6)


def operations_in(document: Any) -> dict[str, Any]:
    return {one["operationId"]: one for path in document["paths"].values() for one in path.values()}


def test_every_answer_and_error_has_an_example(live: Served) -> None:
    document = live.ask("GET", "/openapi.json").json
    schemas = document["components"]["schemas"]
    for name in OPERATIONS:
        for status, answer in operations_in(document)[name]["responses"].items():
            for content in answer.get("content", {}).values():
                reference = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
                shown = (
                    "example" in content
                    or "examples" in content
                    or schemas.get(reference, {}).get("examples")
                )
                assert shown, (name, status)


@pytest.mark.parametrize("name", ["RankedTasks", "OneTask", "Explanation", "PlanDocument", "ChangeDocument"])
def test_examples_are_as_their_schemas_say(live: Served, name: str) -> None:
    document = live.ask("GET", "/openapi.json").json
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    for one in document["components"]["schemas"][name]["examples"]:
        jsonschema_rs.validate(schema, one)
