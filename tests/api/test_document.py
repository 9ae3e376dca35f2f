"""Requests that schemathesis makes from the OpenAPI document: every answer is as the document says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS as ALL_CHECKS
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, create_test
from schemathesis.generation.hypothesis.builder import HypothesisTestMode as Mode
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
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
NOT_OF_FORM: Final = {
    "IDEMPOTENCY_KEY_REUSED": "what was sent before under the same key",
    "PRECONDITION_FAILED": "in which state the thing is",
    "NO_ROUTE": "who receives what",
    "INVALID_MESSAGE": "rules that no schema of JSON can say, such as those of cron, zones, Base64 and the calendar",
}
"""Refusals of what is well formed, and what they depend on."""
CURSOR: Final = [{"field": "cursor", "issue": "is none of ours"}]
"""A cursor is opaque; only one that an answer gave is any good."""
WHOLE: Final = "must be a whole number"
"""Said of 8.0, which JSON Schema calls an integer, and Python does not."""


def acceptance(context: Any, response: Any, case: Any) -> bool | None:
    """Make sure that what the document allows is accepted, unless it is refused for something beyond its form."""
    if response.status_code in {412, 422}:
        error = response.json()["error"]
        if error["code"] in NOT_OF_FORM or error["details"] == CURSOR:
            return None
        if WHOLE in [detail["issue"] for detail in error["details"]]:
            return None
    found: bool | None = positive_data_acceptance(context, response, case)
    return found


CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, negative_data_rejection, acceptance, missing_required_header, unsupported_method,
    allow_header_conformance, ignored_auth,
]  # fmt: skip
LEFT_OUT: Final = {
    "positive_data_acceptance": "acceptance makes it, and knows what is refused for something beyond its form",
    "use_after_free": "looks at what was made before, of which requests one by one know nothing; it is tried below",
    "ensure_resource_availability": "likewise",
    "object_level_authorization": "likewise; tests/api/owasp/test_api01_object_level.py tries it",
}
"""Checks of schemathesis that are not among ours, and why."""
WITHOUT_SCOPE = [not_a_server_error, status_code_conformance, response_schema_conformance]
STREAM: Final = "/api/v1/events/stream"  # its answer does not end; tests/api/test_events.py reads it
PARTS: Final = 3
CHOSEN: Final = settings(
    max_examples=5,
    suppress_health_check=list(HealthCheck),
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)


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
    return document_of(live)


def document_of(api: Served) -> Any:
    """Return the document that a server gives, as schemathesis reads it."""
    missing = {"expected-statuses": ["428"]}  # RFC 6585: a condition is demanded
    refused = {"expected-statuses": ["400", "401", "403", "404", "405", "409", "413", "415", "422", "428"]}
    config = SchemathesisConfig.from_dict(
        {"checks": {"missing_required_header": missing, "negative_data_rejection": refused}}
    )
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{api.port}/api/v1/openapi.json", config=config)


def test_every_check_there_is_is_made_unless_there_is_a_reason() -> None:
    made = {check.__name__ for check in CHECKS} - {acceptance.__name__}
    assert made | LEFT_OUT.keys() == set(ALL_CHECKS.get_all_names())
    assert not made & LEFT_OUT.keys()


def test_what_was_made_is_there_where_the_answer_says_until_it_is_removed(live: Served) -> None:
    schedule = {"name": "passing", "app": "report", "cron": "0 7 * * 1-5"}
    event = {"specversion": "1.0", "id": "passing", "source": "shop", "type": "order.placed"}
    structured = {"Content-Type": "application/cloudevents+json"}
    made = [
        live.ask("POST", "/schedules", schedule),
        live.ask("POST", "/jobs", {"app": "report"}),
        live.ask("POST", "/messages?to=report", event, headers=structured),
    ]
    places = [str(one.header("Location")).removeprefix("/api/v1") for one in made]
    assert [live.ask("GET", place).status for place in places] == [200, 200, 200]
    assert live.ask("DELETE", places[0]).status == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume")):
        assert live.ask(method, f"{places[0]}{path}").code == "SCHEDULE_NOT_FOUND"


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("mode", [Mode.FUZZING, pytest.param(Mode.COVERAGE, marks=pytest.mark.slow)])
@pytest.mark.timeout(600)
def test_answers_are_as_the_document_says_with_a_key_that_may_do_everything(
    document: Any, live: Served, mode: Mode, part: int
) -> None:
    wrong = faults(document, islice(operations_of(document), part, None, PARTS), live.key("all"), mode)
    assert not wrong, "\n\n".join(wrong)


def faults(
    document: Any, operations: Iterable[Any], key: str, mode: Mode, checks: Sequence[Any] = CHECKS
) -> list[str]:
    """Return what is wrong with the answers to requests that are made from the document, each thing once."""
    wrong: dict[str, None] = {}

    def check(case: Any) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {key}"})
        try:
            case.validate_response(answer, headers={"Authorization": f"Bearer {key}"}, checks=checks)
        except (Failure, FailureGroup) as error:
            wrong[
                f"{case.operation.label}: {said(error)}\n{answer.text[:300]}\n{case.as_curl_command()[:600]}"
            ] = None

    for operation in operations:
        config = HypothesisTestConfig(project=document.config, modes=[mode], settings=CHOSEN)
        create_test(operation=operation, test_func=check, config=config)()
    return list(wrong)


def test_a_key_with_other_scopes_is_refused_whatever_is_asked(document: Any, live: Served) -> None:
    weak = {scope: live.key("weak", frozenset({scope})) for scope in (Scope.TASKS_READ, Scope.EXPORTERS_RUN)}

    def check(case: Any) -> None:
        demanded = case.operation.definition.raw.get("x-scope")
        key = weak[Scope.EXPORTERS_RUN if demanded == Scope.TASKS_READ else Scope.TASKS_READ]
        answer = case.call(headers={"Authorization": f"Bearer {key}"})
        if demanded is not None:  # a path with a control character leads nowhere
            assert answer.json()["error"]["code"] in {"FORBIDDEN", "NOT_FOUND"}
        case.validate_response(answer, checks=WITHOUT_SCOPE)

    for operation in operations_of(document):
        CHOSEN(given(case=operation.as_strategy())(check))()


def operations_of(document: Any) -> Iterator[Any]:
    for found in document.get_all_operations():
        if found.ok().path != STREAM:
            yield found.ok()


def said(error: BaseException) -> str:
    """Return what is wrong, each thing once, however many there are."""
    if isinstance(error, BaseExceptionGroup):
        return "\n".join(dict.fromkeys(said(one) for one in error.exceptions))
    return f"{type(error).__name__}: {error}"
