"""Requests that schemathesis makes from the OpenAPI document: every answer is as the document says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    missing_required_header,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
    use_after_free,
)

from crossdock.api.settings import ApiSettings
from crossdock.domain.key import Scope
from crossdock.domain.rules import Rate
from crossdock.exporting import Exports, Found, Pull, SetAside
from crossdock.testing import ScriptedExporter
from tests.api.served import Served, served

SETTINGS = ApiSettings(
    rate=Rate(1_000_000, timedelta(seconds=1)), max_wait=timedelta(milliseconds=20), max_body_bytes=2_000_000
)
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, ignored_auth, unsupported_method, missing_required_header, use_after_free,
]  # fmt: skip
WITHOUT_SCOPE = [not_a_server_error, status_code_conformance, response_schema_conformance]
MOST = 15


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("document"), SETTINGS) as found:
        for number in range(5):
            found.queue.send("validator", {"order": number}, message_id=f"m{number}")
        objects = [Found("tasks", name, {"id": name}) for name in ("8Jx4", "8Jx5")]
        aside = [SetAside("tasks", None, "has no content")]
        Exports(found.queue).sync(ScriptedExporter([Pull("", 1, objects, aside)], name="todoist"))
        yield found


@pytest.fixture(scope="module")
def document(live: Served) -> Any:
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{live.port}/api/v1/openapi.json")


def for_every_operation(document: Any, check: Callable[[Any], None], most: int) -> None:
    """Make requests of every operation, such as the document allows and such as it does not."""
    for found in document.get_all_operations():
        requests = found.ok().as_strategy()
        run = given(case=requests)(check)
        settings(max_examples=most, suppress_health_check=list(HealthCheck), deadline=None, database=None)(
            run
        )()


def test_answers_are_as_the_document_says_with_a_key_that_may_do_everything(
    document: Any, live: Served
) -> None:
    key = live.key("all")

    def check(case: Any) -> None:
        if case.operation.path.endswith("/events/stream"):
            return  # its answer does not end; tests/api/test_events.py reads it
        case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)

    for_every_operation(document, check, MOST)


def test_a_key_with_other_scopes_is_refused_whatever_is_asked(document: Any, live: Served) -> None:
    weak = {scope: live.key("weak", frozenset({scope})) for scope in (Scope.TASKS_READ, Scope.EXPORTERS_RUN)}

    def check(case: Any) -> None:
        demanded = case.operation.definition.raw.get("x-scope")
        key = weak[Scope.EXPORTERS_RUN if demanded == Scope.TASKS_READ else Scope.TASKS_READ]
        answer = case.call(headers={"Authorization": f"Bearer {key}"})
        if demanded is not None:  # a path with a control character leads nowhere
            assert answer.json()["error"]["code"] in {"FORBIDDEN", "NOT_FOUND"}
        case.validate_response(answer, checks=WITHOUT_SCOPE)

    for_every_operation(document, check, 5)
