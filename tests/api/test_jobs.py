"""Jobs over HTTP: made, asked for, answered, cancelled."""

from __future__ import annotations

from typing import Any

from crossdock.domain.key import Scope
from tests.api.served import Reply, Served

WISH: dict[str, Any] = {"app": "report", "config": {"month": "2031-05"}}


def create(api: Served, wish: dict[str, Any] = WISH, **headers: str) -> Reply:
    return api.ask(
        "POST", "/jobs", wish, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def test_a_job_is_a_message_whose_outcome_can_be_asked_for(api: Served) -> None:
    made = create(api)
    assert made.status == 202
    place = made.json["links"]["self"]
    assert made.header("Location") == place
    job = made.json["id"]
    assert api.queue.get(job).message.data == {"month": "2031-05"}
    waiting = api.ask("GET", f"/jobs/{job}/results")
    assert (waiting.status, waiting.json["status"], waiting.header("Retry-After")) == (202, "pending", "1")
    known = {"If-None-Match": waiting.header("ETag") or ""}
    still = api.ask("GET", f"/jobs/{job}/results", headers=known)
    assert (still.status, still.body, still.header("Retry-After")) == (304, b"", "1")
    (delivery,) = api.queue.claim("report")
    delivery.ack(result={"pages": 12})
    assert api.ask("GET", f"/jobs/{job}/results", headers=known).status == 200
    found = api.ask("GET", f"/jobs/{job}")
    assert (found.json["status"], found.json["attempts"]) == ("completed", 1)
    answered = api.ask("GET", f"/jobs/{job}/results")
    assert (answered.status, answered.json["result"], answered.json["error"]) == (200, {"pages": 12}, None)


def test_a_job_that_failed_says_why(api: Served) -> None:
    job = create(api).json["id"]
    (delivery,) = api.queue.claim("report")
    delivery.fail("there is no such month")
    answered = api.ask("GET", f"/jobs/{job}/results")
    assert (answered.status, answered.json["status"], answered.json["result"]) == (200, "failed", None)
    assert answered.json["error"]["message"] == "there is no such month"


def test_a_cancelled_job_is_not_worked_on_and_can_be_asked_for(api: Served) -> None:
    job = create(api).json["id"]
    assert api.ask("DELETE", f"/jobs/{job}").json["status"] == "failed"
    assert api.queue.claim("report") == []
    assert api.ask("GET", f"/jobs/{job}/results").json["error"]["code"] == "CANCELLED"
    assert api.ask("DELETE", f"/jobs/{job}").code == "ILLEGAL_MOVE"


def test_made_again_under_the_same_name_it_is_one_job(api: Served) -> None:
    first, again = (create(api, Idempotency_Key='"a1"') for _ in range(2))
    assert (again.status, again.json, again.header("Idempotency-Replayed")) == (202, first.json, "true")
    assert again.header("Location") == first.header("Location")
    other = create(api, {"app": "report", "config": 2}, Idempotency_Key="a1")
    assert (other.status, other.code) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert api.queue.stats()["report"].depth == 1


def test_jobs_are_listed_in_pages_the_newest_first(api: Served) -> None:
    made = [create(api, {"app": "report", "config": number}).json["id"] for number in range(3)]
    first = api.ask("GET", "/jobs?limit=2&app=report").json
    second = api.ask("GET", f"/jobs?limit=2&app=report&cursor={first['next']}").json
    assert [job["id"] for job in (*first["jobs"], *second["jobs"])] == made[::-1]
    assert second["next"] is None


def test_what_cannot_be_a_job_is_refused_with_its_fields(api: Served) -> None:
    answer = create(api, {"app": "../etc", "config": 1, "command": "rm"})
    assert answer.status == 422
    assert {detail["field"] for detail in answer.json["error"]["details"]} == {"app", "command"}
    assert api.ask("GET", "/jobs/0190b5a7-3c1e-7d2a-9f4b-000000000000").code == "MESSAGE_NOT_FOUND"


def test_a_key_that_may_only_send_reads_nothing(api: Served) -> None:
    key = api.key("sender", frozenset({Scope.MESSAGES_SEND}))
    job = api.ask("POST", "/jobs", WISH, key=key)
    assert job.status == 202
    assert api.ask("GET", f"/jobs/{job.json['id']}", key=key).code == "FORBIDDEN"


def test_a_key_of_an_app_sees_no_job_of_others(api: Served) -> None:
    job = create(api).json["id"]
    reader = frozenset({Scope.MESSAGES_READ, Scope.MESSAGES_CONTROL})
    stranger = api.key("stranger", reader, app="other")
    assert api.ask("GET", f"/jobs/{job}", key=stranger).code == "MESSAGE_NOT_FOUND"
    assert api.ask("DELETE", f"/jobs/{job}", key=stranger).code == "MESSAGE_NOT_FOUND"
    assert api.ask("GET", "/jobs?app=report", key=stranger).code == "FORBIDDEN"
    assert api.ask("GET", "/jobs", key=stranger).json["jobs"] == []


def test_of_jobs_the_fields_and_results_that_are_wanted_come(api: Served) -> None:
    done, failed = (create(api).json["id"] for _ in range(2))
    first, second = api.queue.claim("report", limit=2)
    first.ack(result={"pages": 12})
    second.fail("no such month")
    found = api.ask("GET", f"/jobs/{done}?fields=id,status&include=results")
    assert found.json == {"id": done, "status": "completed", "result": {"pages": 12}, "error": None}
    listed = api.ask("GET", "/jobs?fields=id&include=results").json["jobs"]
    assert [one["id"] for one in listed] == [failed, done]
    assert [one["error"] and one["error"]["message"] for one in listed] == ["no such month", None]
    assert api.ask("GET", f"/jobs/{done}").json.keys() >= {"id", "app", "links", "updated_at"}
    assert "result" not in api.ask("GET", f"/jobs/{done}").json
    assert api.ask("GET", "/jobs?fields=result").code == "VALIDATION_ERROR"


def test_jobs_that_changed_since_an_instant_are_listed(api: Served) -> None:
    first, second = (create(api).json["id"] for _ in range(2))
    api.queue.cancel(first)
    since = api.ask("GET", f"/jobs/{first}?fields=updated_at").json["updated_at"]
    listed = api.ask("GET", f"/jobs?updated_since={since}").json
    assert ([one["id"] for one in listed["jobs"]], listed["next"]) == ([first], None)
    assert second not in str(listed)
