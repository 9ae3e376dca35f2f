from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest
from icalendar import Calendar

from task_priority.looking import window_at
from task_priority.moments import Day
from task_priority.overview import Change, Overview, Pending
from task_priority.views import documents, markdown
from task_priority.views.feed import plan_feed
from task_priority.views.schemas import PUBLISHED, schema_of
from task_priority.views.timeline import days_of
from tests.task_priority.cases import NOW, SETTINGS
from tests.task_priority.views.account import PENDING, TASKS, overview


def event_list(seen: Overview) -> Any:
    window = window_at(seen.now, SETTINGS)
    return documents.event_list(seen, start=window.start, end=window.end)


MAKERS: dict[str, Callable[[Overview], Any]] = {
    "ranked-tasks": documents.ranked_list,
    "tasks-today": lambda seen: documents.today_document(seen, seen.plan.ranked),
    "task-plan": documents.plan_document,
    "task-explanation": lambda seen: documents.explanation(seen.plan, seen.plan.ranked[-1]),
    "task-change": lambda seen: documents.change_form(
        seen.plan.ranked[0].task.id, "figures", Change.PUT_OFF, job_id="1", due=Day(seen.now.date())
    ),
    "todoist-export": lambda seen: documents.task_list(seen, seen.sources[0]),
    "calendar-events": event_list,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_documents_are_as_their_schemas_say(name: str) -> None:
    document = json.loads(json.dumps(MAKERS[name](overview())))
    validator = jsonschema_rs.validator_for(schema_of(name))
    validator.validate(document)
    first, *_ = document
    del document[first]
    assert not validator.is_valid(document)


def test_scores_are_the_sums_of_their_terms() -> None:
    for task in documents.ranked_list(overview())["tasks"]:
        assert task["score"] == sum(term["points"] for term in task["terms"])


def test_moments_keep_their_kinds() -> None:
    tasks = {one["task"]["title"]: one["task"] for one in documents.ranked_list(overview())["tasks"]}
    assert tasks["figures"]["due"] == {"kind": "day", "value": "2026-11-26"}
    assert tasks["call the *plumber*\x1b[31m"]["due"] == {"kind": "floating", "value": "2026-11-25T10:00:00"}
    start = event_list(overview())["events"][0]["start"]
    assert start == {"kind": "instant", "value": "2026-11-26T09:00:00Z"}


def test_how_fresh_the_sources_are_is_told() -> None:
    sources = documents.sources_document(overview())["sources"]
    assert [(one["name"], one["age_minutes"], one["stale"], one["problem"]) for one in sources] == [
        ("todoist", 12, False, None),
        ("google-calendar", 120, True, "sign in again"),
    ]


def test_a_task_that_is_done_is_not_ranked_before_its_service_knows() -> None:
    done = Pending(TASKS[0].id, "figures", Change.DONE, NOW)
    back = Pending(TASKS[1].id, "plumber", Change.TAKEN_BACK, NOW)
    failed = Pending(TASKS[2].id, "book", Change.DONE, NOW, given_up=True)
    titles = {one.task.title for one in overview(pending=[done, back, failed]).plan.ranked}
    assert titles == {task.title for task in TASKS[1:]}


def test_the_feed_is_a_calendar_of_the_planned_tasks() -> None:
    plan = overview().plan
    calendar = Calendar.from_ical(plan_feed(plan))
    events = calendar.walk("VEVENT")
    planned = [(piece.start, piece.end) for one in plan.placed for piece in one.pieces]
    assert [(one.decoded("dtstart"), one.decoded("dtend")) for one in events] == planned
    assert [str(one["summary"]) for one in events[:2]] == ["figures (1 of 2)", "figures (2 of 2)"]
    assert len({str(one["uid"]) for one in events}) == len(events)
    assert {str(one["transp"]) for one in events} == {"TRANSPARENT"}
    assert events[0].decoded("dtstamp") == datetime(2026, 11, 26, 8, 7, tzinfo=UTC)


def test_markdown_shows_foreign_text_as_it_is() -> None:
    seen = overview()
    table = markdown.ranked_markdown(seen, seen.plan.ranked)
    assert "| 2 | 66 | call the \\*plumber\\*\\\\x1b\\[31m | today 12:07–12:17 (late) |" in table
    assert "10:00–11:30 Board \\| meeting (event)" in markdown.week_markdown(seen, days_of(seen))
    assert "- **assembly**: needs 10 h" in markdown.plan_markdown(seen)
    assert "| **71** | **score** | place 1 |" in markdown.explanation_markdown(seen, seen.plan.ranked[0])
    assert "| todoist | 12 min ago | 5 | 0 | 1 |" in markdown.sources_markdown(seen)
    assert PENDING.title not in table
