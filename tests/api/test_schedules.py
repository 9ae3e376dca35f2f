"""Schedules over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock.domain.key import Scope
from tests.api.served import Served

CRON: dict[str, Any] = {
    "app": "report",
    "cron": "0 7 * * 1-5",
    "timezone": "Europe/Paris",
    "data": {"kind": "daily"},
}


def test_a_schedule_is_made_read_replaced_paused_and_removed(api: Served) -> None:
    made = api.ask("POST", "/schedules", {"name": "morning", **CRON})
    assert (made.status, made.header("Location")) == (201, "/api/v1/schedules/morning")
    assert len(made.json["slots"]) == 5
    read = api.ask("GET", "/schedules/morning")
    assert read.json == made.json
    tag = read.header("ETag") or ""
    replaced = api.ask(
        "PUT", "/schedules/morning", {"app": "report", "every_s": 60}, headers={"If-Match": tag}
    )
    assert (replaced.status, replaced.json["interval_s"], replaced.json["cron"]) == (200, 60.0, None)
    late = api.ask("PUT", "/schedules/morning", CRON, headers={"If-Match": tag})
    assert (late.status, late.code) == (412, "PRECONDITION_FAILED")
    assert api.ask("POST", "/schedules/morning/pause").json["paused_at"] is not None
    assert api.ask("POST", "/schedules/morning/resume").json["paused_at"] is None
    assert [one["name"] for one in api.ask("GET", "/schedules").json["schedules"]] == ["morning"]
    assert api.ask("DELETE", "/schedules/morning").status == 204
    assert api.ask("GET", "/schedules/morning").code == "SCHEDULE_NOT_FOUND"


def test_one_that_is_there_is_not_made_again_unless_it_is_the_same_request(api: Served) -> None:
    wish = {"name": "morning", **CRON}
    named = {"Idempotency-Key": "first"}
    made = api.ask("POST", "/schedules", wish, headers=named)
    again = api.ask("POST", "/schedules", wish, headers=named)
    assert (again.status, again.json) == (201, made.json)
    other = api.ask("POST", "/schedules", {**wish, "data": 2})
    assert (other.status, other.code) == (409, "SCHEDULE_EXISTS")
    assert api.queue.schedule("morning").data == {"kind": "daily"}


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"app": "report"}, "cron"),
        ({"app": "report", "cron": "* * * * *", "every_s": 5}, "cron"),
        ({"app": "report", "cron": "61 * * * *"}, "cron"),
        ({"app": "report", "at": "tomorrow"}, "at"),
        ({"app": "report", "every_s": 0.5}, "every_s"),
    ],
)
def test_a_wrong_time_is_refused_with_its_field(shared_api: Served, wish: dict[str, Any], field: str) -> None:
    answer = shared_api.ask("POST", "/schedules", {"name": "wrong", **wish})
    assert answer.status == 422
    assert answer.json["error"]["details"][0]["field"] == field


def test_without_having_read_it_nobody_replaces_it(shared_api: Served) -> None:
    shared_api.ask("POST", "/schedules", {"name": "kept", **CRON})
    answer = shared_api.ask("PUT", "/schedules/kept", CRON)
    assert (answer.status, answer.code) == (428, "PRECONDITION_REQUIRED")


def test_a_key_of_an_app_has_the_schedules_of_that_app_alone(shared_api: Served) -> None:
    key = shared_api.key("other", frozenset({Scope.SCHEDULES_ADMIN}), app="other")
    shared_api.ask("POST", "/schedules", {"name": "theirs", **CRON})
    assert shared_api.ask("GET", "/schedules", key=key).json["schedules"] == []
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume")):
        assert shared_api.ask(method, f"/schedules/theirs{path}", key=key).code == "SCHEDULE_NOT_FOUND"
    assert shared_api.ask("POST", "/schedules", {"name": "mine", **CRON}, key=key).code == "FORBIDDEN"
    mine = shared_api.ask("POST", "/schedules", {"name": "mine", **CRON, "app": "other"}, key=key)
    assert mine.status == 201
    stolen = shared_api.ask("PUT", "/schedules/mine", CRON, key=key, headers={"If-Match": "*"})
    assert stolen.code == "FORBIDDEN"
    given = shared_api.ask("PATCH", "/schedules/mine", {"app": "report"}, key=key, headers={"If-Match": "*"})
    assert given.code == "FORBIDDEN"


def test_what_is_given_of_a_schedule_is_changed_and_the_rest_stays(api: Served) -> None:
    api.queue.every(
        "0 7 * * 1-5", "report", {"kind": "daily"}, timezone="Europe/Paris", type="report.due", priority=7
    )
    tag = str(api.ask("GET", "/schedules/report").header("ETag"))
    path = "/schedules/report"
    assert api.ask("PATCH", path, {"cron": "0 8 * * *"}).code == "PRECONDITION_REQUIRED"
    changed = api.ask("PATCH", path, {"cron": "0 8 * * *"}, headers={"If-Match": tag})
    assert changed.status == 200
    held = api.queue.schedule("report")
    assert (held.cron, held.timezone, held.data) == ("0 8 * * *", "Europe/Paris", {"kind": "daily"})
    assert held.options == {"type": "report.due", "priority": 7}
    assert changed.header("ETag") == api.ask("GET", path).header("ETag") != tag
    assert api.ask("PATCH", path, {"data": 1}, headers={"If-Match": tag}).code == "PRECONDITION_FAILED"
    anything = {"If-Match": "*"}
    assert api.ask("PATCH", path, {"data": None, "app": None}, headers=anything).json["data"] is None
    assert api.queue.schedule("report").app == "report"
    for wish, field in (
        ({"cron": "61 * * * *"}, "cron"),
        ({"every_s": 5, "at": "2031-05-17T08:30:00Z"}, "every_s"),
    ):
        wrong = api.ask("PATCH", path, wish, headers=anything)
        assert (wrong.status, wrong.json["error"]["details"][0]["field"]) == (422, field)
    assert api.ask("PATCH", "/schedules/nightly", {}, headers=anything).code == "SCHEDULE_NOT_FOUND"
