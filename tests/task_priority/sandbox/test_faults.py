"""What goes wrong on request, as clients see it, and the sandbox's own pages."""

from __future__ import annotations

import json
import threading

import httpx
import pytest
from todoist_api_python.api import TodoistAPI

from task_priority.sandbox import Sandbox
from tests.task_priority.sandbox.official import ToSandbox


def _all(http: httpx.Client, url: str, limit: int) -> list[list[str]]:
    pages, cursor = [], None
    while True:
        answer = http.get(url, params={"limit": limit, **({"cursor": cursor} if cursor else {})}).json()
        pages.append([one["id"] for one in answer["results"]])
        if (cursor := answer["next_cursor"]) is None:
            return pages


def test_a_body_ends_in_the_middle(http: httpx.Client, sandbox: Sandbox) -> None:
    sandbox.faults.add("truncated", api="todoist")
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(f"{sandbox.todoist_url}/tasks")


def test_half_a_json_value_comes_whole(http: httpx.Client, sandbox: Sandbox) -> None:
    sandbox.faults.add("half-json", api="todoist")
    answer = http.get(f"{sandbox.todoist_url}/tasks")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_dropped_connection_has_done_nothing_and_a_lost_answer_everything(
    http: httpx.Client, sandbox: Sandbox
) -> None:
    def count() -> int:
        return len(list(sandbox.todoist.account.living("items")))

    for kind, added in (("dropped", 0), ("answer-lost", 1)):
        before = count()
        sandbox.faults.add(kind, api="todoist")
        with pytest.raises(httpx.RemoteProtocolError):
            http.post(f"{sandbox.todoist_url}/tasks", json={"content": "Sent"})
        assert count() - before == added


def test_a_slow_answer_waits_until_it_is_released(http: httpx.Client, sandbox: Sandbox) -> None:
    fault = sandbox.faults.add("slow", api="todoist")
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(http.get(f"{sandbox.todoist_url}/labels")))
    asking.start()
    assert fault.wait_for_request()
    assert answers == []
    assert http.get(f"{sandbox.url}/sandbox/faults").json()[0]["met"] == 1
    http.post(f"{sandbox.url}/sandbox/faults/{fault.number}/release")
    asking.join()
    assert answers[0].status_code == 200


def test_an_answer_without_json_comes_from_a_proxy(http: httpx.Client, sandbox: Sandbox) -> None:
    sandbox.faults.add("unavailable")
    answer = http.get(f"{sandbox.calendar_url}users/me/calendarList")
    assert (answer.status_code, answer.text[:6]) == (503, "<html>")


def test_pages_can_be_empty_overlap_and_run_backwards(http: httpx.Client, sandbox: Sandbox) -> None:
    url = f"{sandbox.todoist_url}/tasks"
    plain = [id for page in _all(http, url, 10) for id in page]
    sandbox.faults.add("empty-page", api="todoist", after=1)
    pages = _all(http, url, 10)
    assert pages[1] == []
    assert [id for page in pages for id in page] == plain
    sandbox.faults.add("overlapping", api="todoist")
    pages = _all(http, url, 10)
    assert pages[0][-1] == pages[1][0]
    sandbox.faults.add("reordered", api="todoist")
    assert [id for page in _all(http, url, 10) for id in page] == plain[::-1]


def test_nulls_are_what_the_official_client_cannot_read(sandbox: Sandbox) -> None:
    with TodoistAPI(sandbox.token, client=httpx.Client(transport=ToSandbox(sandbox))) as api:
        for ask in (api.get_tasks, api.get_projects, api.get_labels):
            sandbox.faults.add("nulls", api="todoist", times=None)
            with pytest.raises(Exception, match="Failed to load field"):
                next(ask())
            sandbox.faults.clear()
            assert next(ask())


def test_nulls_are_of_todoist_alone(http: httpx.Client, sandbox: Sandbox) -> None:
    fault = sandbox.faults.add("nulls")
    assert http.get(f"{sandbox.calendar_url}calendars/primary/events").json()["updated"]
    label = http.get(f"{sandbox.todoist_url}/labels").json()["results"][0]
    assert (fault.met, label["order"], label["is_favorite"]) == (1, None, False)


def test_keys_that_nobody_knows_are_everywhere_but_in_mappings(http: httpx.Client, sandbox: Sandbox) -> None:
    sandbox.faults.add("unknown-keys", times=None)
    form = {"sync_token": "*", "resource_types": '["items"]', "commands": "[]"}
    told = http.post(f"{sandbox.todoist_url}/sync", data=form).json()
    due = next(item["due"] for item in told["items"] if item["due"])
    for one in (told, told["items"][0], due, http.get(f"{sandbox.url}/tasks/v1/users/@me/lists").json()):
        assert "sandbox_novelty" in one
    assert told["sandbox_novelties"]
    assert told["sync_status"] == {}


def test_a_fault_meets_its_requests_only(http: httpx.Client, sandbox: Sandbox) -> None:
    fault = sandbox.faults.add("server-error", api="todoist", path="*/labels", times=2, after=1)
    urls = [
        f"{sandbox.todoist_url}/{path}" for path in ("tasks", "labels", "labels", "tasks", "labels", "labels")
    ]
    assert [http.get(url).status_code for url in urls] == [200, 200, 500, 200, 500, 200]
    assert (fault.met, fault.times) == (2, 0)


def test_faults_at_random_are_the_same_for_a_seed(http: httpx.Client, sandbox: Sandbox) -> None:
    sandbox.faults.add("server-error", chance=0.5, times=None)

    def run() -> list[int]:
        sandbox.faults.reseed(7)
        return [http.get(f"{sandbox.todoist_url}/labels").status_code for _ in range(20)]

    first = run()
    assert set(first) == {200, 500}
    assert run() == first


def test_faults_are_set_over_http(http: httpx.Client, sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/sandbox/faults"
    made = httpx.post(url, content='{"kind": "rate-limited", "api": "todoist", "retry_after_s": 7}').json()
    answer = http.get(f"{sandbox.todoist_url}/tasks")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert [(one["number"], one["met"]) for one in httpx.get(url).json()] == [(made["number"], 1)]
    assert httpx.delete(url).status_code == 204
    assert httpx.get(url).json() == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"kind": "flood"}', "kind"),
        ('{"kind": "slow", "when": 3}', "when"),
        ('{"kind": "slow", "api": "mail"}', "api"),
        ('{"kind": "slow", "chance": 2}', "chance"),
        ("[]", "JSON object"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox: Sandbox, body: str, words: str) -> None:
    answer = httpx.post(f"{sandbox.url}/sandbox/faults", content=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_the_front_page_says_what_is_there(sandbox: Sandbox) -> None:
    page = httpx.get(sandbox.url)
    assert sandbox.todoist_url in page.text
    assert "expired-sync-token" in page.text
    assert httpx.get(f"{sandbox.url}/sandbox").json()["token"] == sandbox.token
    assert httpx.get(f"{sandbox.url}/sandbox/nothing").status_code == 404
    assert httpx.post(f"{sandbox.url}/sandbox/sync-tokens/expire").status_code == 204


def test_answers_are_dated_by_the_clock_of_the_sandbox(http: httpx.Client, sandbox: Sandbox) -> None:
    assert http.get(f"{sandbox.url}/sandbox/faults").headers["date"] == "Wed, 04 Mar 2026 09:30:00 GMT"
