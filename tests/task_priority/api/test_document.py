"""Requests that schemathesis makes of these operations from the OpenAPI document, and its examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from task_priority.api import operations_of
from task_priority.home import Home
from tests.api.served import Served
from tests.api.test_document import CHECKS, Mode, acceptance, document_of, faults
from tests.api.test_document import operations_of as operations_of_document
from tests.task_priority.api.household import Household

OPERATIONS = [one.id for operations in operations_of(Home.of_owner()) for one in operations.declared]

ANSWERS = [check for check in CHECKS if check is not acceptance]
"""No schema of JSON says which words are a day, or which fields a document has."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, _no_key_ring: None) -> Iterator[Served]:
    household = Household(tmp_path_factory.mktemp("document"))
    household.connect_files()
    with household.served() as api:
        yield api


def test_answers_are_as_the_document_says(live: Served) -> None:
    document = document_of(live)
    ours = document.include(operation_id=OPERATIONS)
    wrong = faults(document, operations_of_document(ours), live.key("all"), Mode.FUZZING, ANSWERS)
    assert not wrong, "\n\n".join(wrong)


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
