"""The official client of Todoist, unchanged, against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from todoist_api_python.api import TodoistAPI
from todoist_api_python.models import Task

from task_priority.sandbox import Sandbox
from tests.task_priority.sandbox.official import ToSandbox


@pytest.fixture(scope="module")
def api(sandbox: Sandbox) -> Iterator[TodoistAPI]:
    with TodoistAPI(sandbox.token, client=httpx.Client(transport=ToSandbox(sandbox))) as made:
        yield made


def _error(caught: pytest.ExceptionInfo[httpx.HTTPStatusError]) -> dict[str, object]:
    return dict(caught.value.response.json())


def test_the_whole_demo_is_read(api: TodoistAPI, sandbox: Sandbox) -> None:
    tasks = [task for page in api.get_tasks(limit=7) for task in page]
    assert {task.id for task in tasks} == {one["id"] for one in sandbox.todoist.account.active("items")}
    assert [len(page) for page in api.get_tasks(limit=200)] == [len(tasks)]
    projects = [project for page in api.get_projects() for project in page]
    assert [project.name for project in projects if project.is_inbox_project] == ["Inbox"]
    assert {section.name for page in api.get_sections() for section in page} >= {"Design", "Garden"}
    assert {label.name for page in api.get_labels() for label in page} >= {"deep", "waiting"}
    assert [name for page in api.get_shared_labels(omit_personal=True) for name in page] == ["visa-matters"]
    commented = sandbox.todoist.account.objects["notes"]
    (task_id,) = {note["item_id"] for note in commented.values()}
    assert [comment.task_id for page in api.get_comments(task_id=task_id) for comment in page] == [task_id]


def test_a_task_goes_through_its_life(api: TodoistAPI) -> None:
    project = api.add_project("Life", color="teal")
    section = api.add_section("First", project.id)
    task = api.add_task(
        "Write",
        section_id=section.id,
        labels=["deep"],
        priority=4,
        due_date=date(2026, 3, 9),
        duration=30,
        duration_unit="minute",
    )
    assert (task.project_id, task.section_id, task.due.date) == (project.id, section.id, date(2026, 3, 9))
    assert api.update_task(task.id, content="Rewrite", deadline_date=date(2026, 3, 12)).content == "Rewrite"
    child = api.add_task("A part", parent_id=task.id)
    api.complete_task(task.id)
    assert api.get_task(child.id).is_completed
    api.uncomplete_task(child.id)
    assert not api.get_task(task.id).is_completed
    other = api.add_project("Elsewhere")
    api.move_task(task.id, project_id=other.id)
    assert api.get_task(child.id).project_id == other.id
    api.delete_task(task.id)
    with pytest.raises(httpx.HTTPStatusError) as caught:
        api.get_task(child.id)
    assert (_error(caught)["error_tag"], caught.value.response.status_code) == ("NOT_FOUND", 404)


def test_the_three_kinds_of_due_dates_are_told_apart(api: TodoistAPI) -> None:
    day = api.add_task("Day", due_date=date(2026, 3, 9))
    floating = api.add_task("Floating", due_datetime=datetime(2026, 3, 9, 14, 0))  # noqa: DTZ001 - floating
    fixed = api.add_task("Fixed", due_datetime=datetime(2026, 3, 9, 14, 0, tzinfo=UTC))
    words = api.add_task("Words", due_string="every 3rd friday at 9:00")
    assert day.due.date == date(2026, 3, 9)
    assert floating.due.date == datetime(2026, 3, 9, 14, 0)  # noqa: DTZ001
    assert (fixed.due.date, fixed.due.timezone) == (datetime(2026, 3, 9, 14, 0, tzinfo=UTC), "UTC")
    assert (words.due.date, words.due.is_recurring) == (datetime(2026, 3, 20, 9, 0), True)  # noqa: DTZ001


def test_a_completed_repetition_keeps_the_id_and_is_told_with_the_completed(
    api: TodoistAPI, sandbox: Sandbox
) -> None:
    task = api.add_task("Water", due_string="every day")
    api.complete_task(task.id)
    api.complete_task(task.id)
    moved = api.get_task(task.id)
    assert not moved.is_completed
    assert moved.due.date == task.due.date + timedelta(days=2)
    now = sandbox.todoist.account.clock()
    pages = api.get_completed_tasks_by_completion_date(
        since=now - timedelta(hours=1), until=now + timedelta(hours=1)
    )
    assert [one.id for page in pages for one in page].count(task.id) == 2


def test_completed_tasks_are_listed_within_the_longest_time(api: TodoistAPI, sandbox: Sandbox) -> None:
    now = sandbox.todoist.account.clock()
    pages = api.get_completed_tasks_by_completion_date(since=now - timedelta(days=30), until=now)
    assert {"Draw the site plan", "Birthday present for Nils"} <= {
        one.content for page in pages for one in page
    }
    with pytest.raises(httpx.HTTPStatusError) as caught:
        list(api.get_completed_tasks_by_completion_date(since=now - timedelta(days=93), until=now))
    assert _error(caught)["error_extra"]["argument"] == "until"
    with pytest.raises(httpx.HTTPStatusError):
        list(api.get_completed_tasks_by_due_date(since=now - timedelta(days=43), until=now))


def test_filters_and_quick_add_are_understood(api: TodoistAPI) -> None:
    task = api.add_task_quick("Send the plan #Office @deep p1 tomorrow at 9:00 {2026-03-20}")
    assert (task.content, task.priority, task.labels) == ("Send the plan", 4, ["deep"])
    assert task.due.date == datetime(2026, 3, 5, 9, 0)  # noqa: DTZ001
    assert task.meta is not None
    assert task.meta.project[1] == "Office"
    found: list[Task] = [
        one for page in api.filter_tasks(query="#Office & p1 & @deep & !no date") for one in page
    ]
    assert task.id in {one.id for one in found}
    overdue = {one.content for page in api.filter_tasks(query="overdue") for one in page}
    assert "Send invoice 1047" in overdue


def test_labels_are_names_on_tasks(api: TodoistAPI) -> None:
    label = api.add_label("blue")
    task = api.add_task("Painted", labels=["blue", "shared"])
    api.update_label(label.id, name="navy")
    assert api.get_task(task.id).labels == ["navy", "shared"]
    api.rename_shared_label("shared", "given")
    assert api.get_task(task.id).labels == ["navy", "given"]
    api.delete_label(label.id)
    api.remove_shared_label("given")
    assert api.get_task(task.id).labels == []


def test_archived_projects_leave_the_list(api: TodoistAPI) -> None:
    project = api.add_project("Done with")
    task = api.add_task("Inside", project_id=project.id)
    assert api.archive_project(project.id).is_archived
    assert task.id not in {one.id for page in api.get_tasks() for one in page}
    assert project.id not in {one.id for page in api.get_projects() for one in page}
    api.unarchive_project(project.id)
    assert task.id in {one.id for page in api.get_tasks() for one in page}
    api.delete_project(project.id)


def test_comments_and_searches_work(api: TodoistAPI) -> None:
    project = api.add_project("Commented here")
    comment = api.add_comment("A word", project_id=project.id)
    assert api.update_comment(comment.id, "Another").content == "Another"
    assert [one.id for page in api.get_comments(project_id=project.id) for one in page] == [comment.id]
    api.delete_comment(comment.id)
    assert [one.id for page in api.search_projects("commented") for one in page] == [project.id]
    assert [one for page in api.get_collaborators(project.id) for one in page] == []


def test_reminders_are_kept(api: TodoistAPI) -> None:
    task = api.add_task("Remind", due_string="tomorrow at 9:00")
    reminder = api.add_reminder(task_id=task.id, minute_offset=15)
    assert [one.id for page in api.get_reminders(task_id=task.id) for one in page] == [reminder.id]
    api.delete_reminder(reminder.id)


@pytest.mark.parametrize(
    ("kind", "status", "tag"),
    [
        ("unauthorized", 401, "UNAUTHORIZED"),
        ("forbidden", 403, "MAX_ITEMS_LIMIT_REACHED"),
        ("gone", 410, "ENDPOINT_DEPRECATED"),
        ("rate-limited", 429, "LIMITS_REACHED"),
        ("server-error", 500, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_errors_come_out_as_documented(
    api: TodoistAPI, sandbox: Sandbox, kind: str, status: int, tag: str
) -> None:
    sandbox.faults.add(kind, api="todoist", reason=tag, retry_after_s=312)
    with pytest.raises(httpx.HTTPStatusError) as caught:
        list(api.get_tasks())
    error = _error(caught)
    assert (error["http_code"], error["error_tag"]) == (status, tag)
    assert {"error", "error_code", "error_extra"} <= error.keys()
    if status == 429:
        assert caught.value.response.headers["retry-after"] == "312"
        assert error["error_extra"]["retry_after"] == 312
    assert list(api.get_tasks())


def test_a_wrong_token_is_refused(sandbox: Sandbox) -> None:
    client = httpx.Client(transport=ToSandbox(sandbox))
    with TodoistAPI("wrong", client=client) as api, pytest.raises(httpx.HTTPStatusError) as caught:
        list(api.get_tasks())
    assert (caught.value.response.status_code, _error(caught)["error_code"]) == (401, 477)
    assert "www-authenticate" in caught.value.response.headers
