"""What goes wrong with Todoist is said in one sentence, with what its owner can do, and nothing is lost."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from crossdock import CredentialError, PermanentError, RateLimited, TransientError
from task_priority.exporters.asking import Asking
from task_priority.exporters.todoist import TodoistExporter
from tests.task_priority.exporters.kept import Kept
from tests.task_priority.exporters.todoist_runs import exporter_of, fresh
from tests.task_priority.exporters.todoist_service import TOKEN, Fault, TodoistService, error

RETIRED = Fault(410, b"This endpoint is deprecated.")
REFUSED = "Todoist refuses the token"
PLAN = error(403, "MAX_ITEMS_LIMIT_REACHED", max_count=300)
NOT_WHOLE = "is not whole"


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (error(401, "UNAUTHORIZED", retry_after=7), CredentialError, "task-priority connect todoist"),
        (Fault(401, b"Unauthorized"), CredentialError, REFUSED),
        (error(403, "AUTH_INVALID_TOKEN", retry_after=7), CredentialError, REFUSED),
        (Fault(403, {"error_code": 401}), CredentialError, REFUSED),
        (error(403, "FORBIDDEN"), PermanentError, "an app needs data:read"),
        (
            PLAN,
            PermanentError,
            r"plan does not allow more \(at most 300; 403 MAX_ITEMS_LIMIT_REACHED words\)",
        ),
        (RETIRED, PermanentError, "has retired the API"),
        (error(404, "NOT_FOUND"), PermanentError, "or the base address is wrong"),
        (Fault(302, b"", {"Location": "http://portal.example/"}), TransientError, "answers 302 instead of"),
        (Fault(408, b""), TransientError, "cannot answer now"),
        (Fault(503, b"<html>"), TransientError, "answers 503"),
        (Fault(200, b'{"sync_token": "x", "ite'), TransientError, NOT_WHOLE),
        (
            Fault(200, b'{"sync_token": "x"}', cut=True),
            TransientError,
            "answers by half: the connection was cut in the middle; nothing of it was taken",
        ),
        (Fault(200, b"[" * 100_000), TransientError, NOT_WHOLE),
        (Fault(body=[]), TransientError, "a list instead of an object"),
        (Fault(body={"full_sync": True, "items": []}), TransientError, "it has no sync_token"),
        (Fault(body={"sync_token": 7, "full_sync": True}), TransientError, "it has no sync_token"),
        (Fault(body={"sync_token": "*", "full_sync": True}), TransientError, "it has no sync_token"),
        (Fault(body={"sync_token": "x", "full_sync": "yes"}), TransientError, "that it is everything"),
        (Fault(body={"sync_token": "x", "full_sync": False}), TransientError, "that it is everything"),
        (
            Fault(body={"sync_token": "x", "full_sync": True, "items": {}}),
            TransientError,
            "'items' is a dict",
        ),
    ],
)
def test_each_error_is_one_sentence_and_nothing_is_lost(
    service: TodoistService, fault: Fault, kind: type[Exception], words: str
) -> None:
    service.task("a")
    kept = fresh(service)
    before = kept.objects()
    kept.set_state("", None)
    service.faults.append(fault)
    with pytest.raises(kind, match=words) as caught:
        kept.run(exporter_of(service))
    assert not isinstance(caught.value, RateLimited)
    assert "\n" not in str(caught.value)
    assert kept.objects() == before
    kept.run(exporter_of(service))  # and the next run goes on
    assert kept.objects() == before


def test_the_provider_moved_is_not_called_a_bad_token(service: TodoistService) -> None:
    """Complaint 31: a 410 was shown as a bad token, and people made new tokens in vain."""
    service.faults.append(RETIRED)
    with pytest.raises(PermanentError, match="the token is not at fault, and no new one is needed"):
        fresh(service)


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        (Fault(429, b"Rate limited", {"Retry-After": "312"}), timedelta(seconds=312)),
        (error(429, "LIMITS_REACHED", retry_after=311), timedelta(seconds=311)),
        (error(429, "LIMITS_REACHED", retry_after=10**12), timedelta(days=1)),
        (error(429, "LIMITS_REACHED", retry_after="soon"), None),
        (Fault(429, b"Rate limited"), None),
        (Fault(429, b"Rate limited", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), None),
        (Fault(429, b"Rate limited", {"Retry-After": "Wed, 21 Oct 2015 07:28:00"}), None),
    ],
)
def test_a_rate_limit_is_honoured(service: TodoistService, fault: Fault, wait: timedelta | None) -> None:
    service.faults.append(fault)
    with pytest.raises(RateLimited) as caught:
        fresh(service)
    assert caught.value.retry_after == wait


@pytest.mark.parametrize("token", ["", "  ", "to ken", "tokén", "tok\nen"])
def test_a_token_that_cannot_be_one_is_not_sent(service: TodoistService, token: str) -> None:
    with pytest.raises(CredentialError, match="task-priority connect todoist"):
        Kept().run(exporter_of(service, lambda: token))
    assert not service.asked


def test_no_error_shows_the_token(service: TodoistService) -> None:
    body = json.dumps({"error": f"bad token {TOKEN}"}).encode()
    service.faults.append(Fault(400, body))
    with pytest.raises(PermanentError) as caught:
        fresh(service)
    assert TOKEN not in str(caught.value)


def test_a_service_that_is_not_there_is_said(service: TodoistService) -> None:
    short = TodoistExporter(
        lambda: TOKEN,
        base_url="http://127.0.0.1:9/api/v1",
        asking=lambda: Asking(timeout=timedelta(seconds=1)),
    )
    with pytest.raises(
        TransientError, match=r"^Todoist at 127\.0\.0\.1 does not answer: the connection was refused"
    ):
        Kept().run(short)


def test_an_answer_without_an_end_is_left(service: TodoistService) -> None:
    narrow = TodoistExporter(lambda: TOKEN, base_url=service.url, asking=lambda: Asking(max_body_bytes=10))
    with pytest.raises(
        TransientError, match=r"^Todoist at 127\.0\.0\.1 sends more than 10 bytes in one answer"
    ):
        Kept().run(narrow)
