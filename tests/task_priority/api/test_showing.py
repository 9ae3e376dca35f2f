"""The ranked list, one task, its explanation and the plan, over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from crossdock.domain.key import Scope
from task_priority.sources import BACKUP
from tests.api.served import Reply, Served
from tests.task_priority.api.household import Household

PLUMBER = "ics:home:plumber"


def ranked(api: Served, query: str = "") -> Any:
    answer = api.ask("GET", f"/tasks/ranked{query}")
    assert answer.status == 200, answer.body
    return answer.json


def twice(api: Served, path: str, *, is_last: bool = False) -> tuple[Reply, Reply]:
    """Ask twice, the second time with the tag of the first; if a minute ends in between, once more."""
    first = api.ask("GET", path)
    second = api.ask("GET", path, headers={"If-None-Match": str(first.header("ETag"))})
    return (first, second) if is_last or second.status == 304 else twice(api, path, is_last=True)


def test_the_list_is_ranked_explained_and_says_how_fresh_it_is(shown: Served) -> None:
    found = ranked(shown)
    assert found["total"] == len(found["tasks"]) == 8
    assert [one["place"] for one in found["tasks"]] == list(range(1, 9))
    for one in found["tasks"]:
        assert one["score"] == sum(term["points"] for term in one["terms"])
    assert {one["name"]: one["stale"] for one in found["sources"]} == {"ics": False, "todoist-backup": False}
    assert found["next"] is None


def test_pages_are_gone_through_without_a_gap(shown: Served) -> None:
    names, query = [], "?limit=3"
    while query:
        page = ranked(shown, query)
        names += [one["task"]["id"] for one in page["tasks"]]
        query = f"?limit=3&cursor={page['next']}" if page["next"] else ""
    assert names == [one["task"]["id"] for one in ranked(shown)["tasks"]]


def test_the_link_to_the_next_page_leads_through_the_same_list(household: Household) -> None:
    household.connect_files(tasks=3)
    strange = 'R&D="50%" + <æ>#1'
    (household.folder / "Work.csv").rename(household.folder / f"{strange}.csv")
    household.connections.put(BACKUP, {"path": str(household.folder / f"{strange}.csv"), "owner": None})
    with household.served() as api:
        query = f"?project={quote(strange)}&label=office&limit=1&fields=place,task.project&include=plan"
        pages = list(api.follow(f"/tasks/ranked{query}"))
        assert [len(page.json["tasks"]) for page in pages] == [1, 1, 1]
        for page in pages:
            assert (page.json["total"], list(page.json["tasks"][0])) == (3, ["place", "task"])
            assert page.json["tasks"][0]["task"] == {"project": strange}
            assert "plan" in page.json
        texts = list(api.follow("/tasks/ranked?format=markdown&limit=3"))
        assert len(texts) > 1
        assert {str(page.header("Content-Type")).partition(";")[0] for page in texts} == {"text/markdown"}


def test_pages_belong_together_though_the_list_is_ranked_anew(household: Household) -> None:
    household.connect_files(tasks=6)
    with household.served() as api:
        whole = ranked(api)
        first = ranked(api, "?limit=4")
        household.write_tasks(1)
        household.sync(api.queue)
        assert ranked(api)["total"] == 2
        second = ranked(api, f"?limit=4&cursor={first['next']}")
        assert first["tasks"] + second["tasks"] == whole["tasks"]
        assert second["generated_at"] == first["generated_at"]


def test_of_a_list_that_is_forgotten_the_next_page_begins_behind_the_task(shown: Served) -> None:
    from task_priority.api.paging import Mark

    tasks = ranked(shown)["tasks"]
    cursor = Mark("forgotten", 1, tasks[4]["task"]["id"]).cursor()
    assert [one["place"] for one in ranked(shown, f"?cursor={cursor}")["tasks"]] == [6, 7, 8]
    cursor = Mark("forgotten", 7, "gone").cursor()
    assert [one["place"] for one in ranked(shown, f"?cursor={cursor}")["tasks"]] == [8]


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsInguIiwzXQ", "bnVsbA", "WyJhIiwxZTk5OSwiYiJd"])
def test_a_strange_cursor_is_refused(shown: Served, cursor: str) -> None:
    assert shown.ask("GET", f"/tasks/ranked?cursor={cursor}").code == "VALIDATION_ERROR"


def test_only_what_is_wanted_is_answered(shown: Served) -> None:
    found = ranked(shown, "?fields=place,task.id,task.title&limit=1")
    assert list(found["tasks"][0]) == ["place", "task"]
    assert list(found["tasks"][0]["task"]) == ["id", "title"]
    assert "plan" not in found
    assert set(ranked(shown, "?include=plan")["plan"]) >= {"placed", "unplaced", "balance"}
    assert {one["task"]["labels"][0] for one in ranked(shown, "?label=@Office")["tasks"]} == {"office"}
    assert ranked(shown, "?label=office&limit=2")["total"] == 7
    assert ranked(shown, "?status=someday")["tasks"] == []
    assert ranked(shown, "?project=work")["total"] == 7
    wrong = shown.ask("GET", "/tasks/ranked?fields=task.titel")
    assert wrong.code == "VALIDATION_ERROR"
    assert "'task.titel' is none of" in wrong.json["error"]["details"][0]["issue"]


def test_a_task_is_found_by_its_id(shown: Served) -> None:
    found = shown.ask("GET", f"/tasks/{PLUMBER}").json
    assert found["task"]["title"] == "Call the plumber"
    assert {one["name"] for one in found["sources"]} == {"ics", "todoist-backup"}


@pytest.mark.parametrize("asked", ["plumber", "ics:home:plumbr", "PLUMBER%20call"])
def test_who_misses_a_task_is_told_which_one_may_be_meant(shown: Served, asked: str) -> None:
    for path in (f"/tasks/{asked}", f"/tasks/{asked}/explanation"):
        answer = shown.ask("GET", path)
        assert (answer.status, answer.code) == (404, "TASK_NOT_FOUND")
        assert f"did you mean {PLUMBER} (Call the plumber)" in answer.json["error"]["message"]
    assert "did you mean" not in shown.ask("GET", "/tasks/qqqqqq").json["error"]["message"]


def test_an_explanation_has_the_sum_the_place_in_the_plan_and_what_else_was_possible(shown: Served) -> None:
    found = shown.ask("GET", f"/tasks/{PLUMBER}/explanation").json
    assert found["ranked"]["task"]["id"] == PLUMBER
    assert found["ranked"]["score"] == sum(term["points"] for term in found["ranked"]["terms"])
    assert (found["placed"] is None) != (found["unplaced"] is None)
    assert found["sources"]


def test_the_plan_says_what_fits_and_what_is_busy(shown: Served) -> None:
    found = shown.ask("GET", "/plan").json
    assert "Board meeting" in {
        one["event"]["title"] for one in (*found["plan"]["busy"], *found["plan"]["unheeded"])
    }
    part = shown.ask("GET", "/plan?fields=balance").json["plan"]
    assert list(part) == ["balance"]
    assert part["balance"] == found["plan"]["balance"]


@pytest.mark.parametrize("path", ["/tasks/ranked", f"/tasks/{PLUMBER}/explanation", "/plan"])
def test_markdown_is_answered_to_who_likes_it_better(shown: Served, path: str) -> None:
    liked = shown.ask("GET", path, headers={"Accept": "text/markdown, application/json;q=0.5"})
    assert (liked.header("Content-Type"), liked.header("Vary")) == ("text/markdown; charset=utf-8", "Accept")
    asked = shown.ask("GET", f"{path}{'?' if '?' not in path else '&'}format=markdown")
    assert asked.body.decode().startswith(("| # | Score", "## Call the plumber", "| When |"))
    for accept in ("*/*", "text/markdown;q=0.1, */*", "text/markdown;q=x", "application/json"):
        other = shown.ask("GET", path, headers={"Accept": accept})
        assert other.header("Content-Type") == "application/json"


@pytest.mark.parametrize(
    "path", ["/tasks/ranked", f"/tasks/{PLUMBER}", f"/tasks/{PLUMBER}/explanation", "/plan"]
)
def test_what_is_known_is_not_sent_again(shown: Served, path: str) -> None:
    first, second = twice(shown, path)
    assert (first.status, second.status, second.body) == (200, 304, b"")
    other = shown.ask("GET", path, headers={"If-None-Match": 'W/"0123456789abcdef"'})
    assert other.status == 200
    assert first.header("Cache-Control") == "no-store"


def test_forms_and_pages_have_tags_of_their_own(shown: Served) -> None:
    answers = [
        shown.ask("GET", "/tasks/ranked"),
        shown.ask("GET", "/tasks/ranked?format=markdown"),
        shown.ask("GET", "/tasks/ranked?limit=2"),
        shown.ask("GET", "/tasks/ranked?fields=place"),
    ]
    assert len({answer.header("ETag") for answer in answers}) == 4


def test_a_change_of_tasks_or_settings_is_seen_at_once(household: Household) -> None:
    household.connect_files(tasks=3)
    with household.served() as api:
        first = api.ask("GET", "/tasks/ranked")
        household.write_tasks(4)
        household.sync(api.queue)
        second = api.ask("GET", "/tasks/ranked", headers={"If-None-Match": str(first.header("ETag"))})
        assert (second.status, second.json["total"]) == (200, 5)
        household.home.settings.write_text('zone = "UTC"\n[weights]\nlabels = { office = 77 }\n')
        third = api.ask("GET", "/tasks/ranked", headers={"If-None-Match": str(second.header("ETag"))})
        assert 77 in {term["points"] for term in third.json["tasks"][0]["terms"]}


def test_wrong_settings_are_told_and_mended(household: Household) -> None:
    household.connect_files()
    with household.served() as api:
        household.home.settings.write_text("[weights]\nduee = 3\n")
        answer = api.ask("GET", "/tasks/ranked")
        assert (answer.status, answer.code) == (500, "CONFIG_ERROR")
        assert "did you mean due" in answer.json["error"]["message"]
        household.home.settings.write_text('zone = "UTC"\n')
        assert api.ask("GET", "/plan").status == 200


def test_without_a_source_the_list_is_empty(household: Household) -> None:
    with household.served() as api:
        found = ranked(api)
        assert (found["tasks"], found["sources"], found["total"]) == ([], [], 0)


def test_reading_needs_the_scope_for_it(shown: Served) -> None:
    other = shown.key("other", frozenset(Scope) - {Scope.TASKS_READ})
    one = shown.key("one", frozenset({Scope.TASKS_READ}))
    for path in ("/tasks/ranked", f"/tasks/{PLUMBER}", f"/tasks/{PLUMBER}/explanation", "/plan"):
        assert shown.ask("GET", path, key=None).code == "UNAUTHORIZED"
        assert shown.ask("GET", path, key=other).code == "FORBIDDEN"
        assert shown.ask("GET", path, key=one).status == 200


def test_routes_are_of_the_classes_that_they_should_be(shown: Served) -> None:
    declared = shown.application.state.crossdock.declared
    found = {one.id: (one.access.kind, one.access.scope) for one in declared}
    reading, writing = ("key", Scope.TASKS_READ), ("key", Scope.TASKS_WRITE)
    assert {
        name: found[name] for name in ("listRankedTasks", "getTask", "explainTask", "getPlan")
    } == dict.fromkeys(("listRankedTasks", "getTask", "explainTask", "getPlan"), reading)
    assert {found[name] for name in ("completeTask", "rescheduleTask", "undoTaskChange")} == {writing}
    assert {found[name] for name in ("getPlanFeed", "receiveTodoistWebhook")} == {("proof", None)}


@pytest.mark.slow
def test_others_are_answered_while_five_thousand_tasks_are_ranked(household: Household) -> None:
    household.connect_files(tasks=5000)
    with household.served() as api, ThreadPoolExecutor(1) as pool:
        key = api.key()
        asked = pool.submit(api.ask, "GET", "/tasks/ranked", key=key)
        answered = 0
        while not asked.done():
            assert api.ask("GET", "/health/live", key=None).status == 200
            answered += 1
        assert asked.result().json["total"] == 5001
        assert answered > 3
