"""Requests that schemathesis makes from the OpenAPI document: every answer is as the document says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
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
from tests.api.served import Served, served

SETTINGS = ApiSettings(
    rate=Rate(1_000_000, timedelta(seconds=1)), max_wait=timedelta(milliseconds=20), max_body_bytes=2_000_000
)
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, ignored_auth, unsupported_method, missing_required_header, use_after_free,
]  # fmt: skip
MOST = 15


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("document"), SETTINGS) as found:
        for number in range(5):
            found.queue.send("validator", {"order": number}, message_id=f"m{number}")
        yield found


@pytest.fixture(scope="module")
def document(live: Served) -> Any:
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{live.port}/api/v1/openapi.json")


schema = schemathesis.pytest.from_fixture("document")


@schema.parametrize()
@settings(max_examples=MOST, suppress_health_check=list(HealthCheck), deadline=None)
def test_answers_are_as_the_document_says_with_a_key_that_may_do_everything(case: Any, live: Served) -> None:
    key = live.keys.get("all") or live.key("all")
    live.keys["all"] = key
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)


@schema.parametrize()
@settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
def test_a_key_with_other_scopes_is_refused_whatever_is_asked(case: Any, live: Served) -> None:
    demanded = case.operation.definition.raw.get("x-scope")
    scope = Scope.TASKS_READ if demanded != Scope.TASKS_READ else Scope.EXPORTERS_RUN
    key = live.keys.get(scope) or live.key("other", frozenset({scope}))
    live.keys[scope] = key
    answer = case.call(headers={"Authorization": f"Bearer {key}"})
    if demanded is not None:
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "FORBIDDEN"
    case.validate_response(
        answer, checks=[not_a_server_error, status_code_conformance, response_schema_conformance]
    )
