"""The Todoist exporter: nothing is lost, nothing is doubled, whatever Todoist leaves out."""

from __future__ import annotations

import pytest

from crossdock import PermanentError, TransientError
from task_priority.exporters.todoist.changes import KIND_OF
from tests.task_priority.exporters.kept import Kept
from tests.task_priority.exporters.todoist_runs import exporter_of, fresh
from tests.task_priority.exporters.todoist_service import TOKEN, Fault, TodoistService, error


def test_a_full_answer_is_followed_at_once_by_an_incremental_question(service: TodoistService) -> None:
    service.task("a")
    kept = fresh(service)
    assert service.questions() == ["*", "token-3"]
    assert kept.ids("tasks") == {"a"}


def test_what_a_stale_full_answer_brings_back_is_never_seen(service: TodoistService) -> None:
    service.task("done")
    service.task("later")
    service.stale = service.snapshot(0, list(KIND_OF))
    service.task("done", checked=True)
    service.task("new")
    kept = fresh(service)
    assert kept.ids("tasks") == {"later", "new"}


def test_later_runs_ask_for_changes_alone(service: TodoistService) -> None:
    service.task("a")
    service.task("b")
    kept = fresh(service)
    service.task("a", content="changed")
    service.tombstone("items", "b")  # no more than its id
    service.asked.clear()
    kept.run(exporter_of(service))
    assert service.questions() == ["token-4"]
    assert kept.objects()["tasks"] == {"a": service.raw("items", "a")}
    assert kept.objects() == fresh(service).objects()


def test_the_same_again_changes_nothing(service: TodoistService) -> None:
    service.task("a")
    service.completed.append({"id": "z", "completed_at": "2026-11-20T10:00:00Z"})
    kept = fresh(service)
    before = kept.objects(), dict(kept.states)
    kept.run(exporter_of(service))
    assert (kept.objects(), kept.states) == before


@pytest.mark.parametrize("fault", [error(400, "INVALID"), error(404, "NOT_FOUND", argument="sync_token")])
def test_a_sync_token_may_be_refused_in_several_ways(service: TodoistService, fault: Fault) -> None:
    kept = fresh(service)
    service.faults.append(fault)
    kept.run(exporter_of(service))
    assert len(kept.remarks) == 1


def test_sync_token_expired_is_asked_for_everything_once_and_said(service: TodoistService) -> None:
    """Complaint 29: clients fell silent, or went on without ever applying a deletion."""
    service.task("a")
    service.task("b")
    kept = fresh(service)
    service.lose("items", "b")  # deleted while nobody was told
    kept.set_state("", {**kept.states[""], "sync_token": "from-another-age"})
    service.asked.clear()
    kept.run(exporter_of(service))
    assert service.questions() == ["from-another-age", "*", "token-4"]
    assert kept.ids("tasks") == {"a"}
    assert kept.remarks[0].startswith(
        "Todoist does not accept the last sync token any more, so everything was asked"
    )


def test_a_sync_token_that_is_refused_twice_is_an_error(service: TodoistService) -> None:
    kept = fresh(service)
    service.faults += [error(400, "INVALID_ARGUMENT_VALUE", argument="sync_token")] * 2
    with pytest.raises(PermanentError, match="asking again without a change will not help"):
        kept.run(exporter_of(service))


def test_a_full_answer_to_an_incremental_question_is_obeyed(service: TodoistService) -> None:
    """Complaint 29, as Todoist does it."""
    service.task("a")
    kept = fresh(service)
    service.lose("items", "a")
    service.task("b")
    service.oldest_token = 4
    kept.run(exporter_of(service))
    assert kept.ids("tasks") == {"b"}
    assert kept.remarks == [
        "Todoist answered with everything instead of the changes; what it did not name is gone"
    ]


def test_a_service_that_always_answers_in_full_ends_the_run(service: TodoistService) -> None:
    service.task("a")
    service.oldest_token = 10**6
    kept = fresh(service)
    assert kept.ids("tasks") == {"a"}
    assert service.questions() == ["*", "token-3"]


@pytest.mark.parametrize(
    ("resource", "id"), [("projects", "p2"), ("sections", "s1"), ("items", "whole"), ("items", "discussed")]
)
@pytest.mark.parametrize("how", ["is_deleted", "is_archived", "checked"])
def test_what_goes_with_a_project_a_section_or_a_whole_goes_here_too(
    service: TodoistService, resource: str, id: str, how: str
) -> None:
    service.put("projects", id="p2", name="Move")
    service.put("sections", id="s1", name="Boxes", project_id="p2")
    service.task("stays")
    service.task("whole", project_id="p2", section_id="s1")
    service.task("part", project_id="p2", section_id="s1", parent_id="whole")
    service.task("discussed", project_id="p2", section_id="s1")
    service.put("notes", id="n", item_id="discussed", content="hm")
    kept = fresh(service)
    assert kept.ids("tasks") == {"stays", "whole", "part", "discussed"}
    service.put(resource, **{**service.raw(resource, id), how: True})
    for task in ("whole", "part", "discussed"):
        if ("items", task) != (resource, id):
            service.lose("items", task)  # with no tombstone of its own
    service.lose("notes", "n")
    kept.run(exporter_of(service))
    assert kept.objects() == fresh(service).objects()
    assert kept.ids("tasks") == {"stays"}
    assert "so everything was asked for again" in kept.remarks[-1]


def test_a_comment_on_a_task_that_was_completed_before_is_set_aside_until_the_task_comes_back(
    service: TodoistService,
) -> None:
    done = {"checked": True, "completed_at": "2026-03-01T08:00:00Z"}
    service.task("done", **done)
    kept = fresh(service)
    service.asked.clear()
    for comment, posted in (("n1", "2026-03-02T08:00:00.123456Z"), ("n2", "2026-03-03T08:00:00Z")):
        service.put("notes", id=comment, item_id="done", content="hm", posted_at=posted)
        service.task("done", **done, note_count=1)  # is told with it
        kept.run(exporter_of(service))
        kept.run(exporter_of(service))
    assert "*" not in service.questions()
    assert (
        kept.reasons()
        == ["it was written on a task that was completed before, and of such tasks no comments are kept"] * 2
    )
    service.task("done")
    kept.run(exporter_of(service))
    assert kept.objects() == fresh(service).objects()
    assert (kept.ids("comments"), kept.reasons()) == ({"n1", "n2"}, [])


def test_what_comes_back_with_a_project_comes_back_here_too(service: TodoistService) -> None:
    service.put("projects", id="p2", name="Move", is_archived=True)
    kept = fresh(service)
    service.asked.clear()
    service.put("projects", id="p2", name="Move", is_archived=False)
    kept.run(exporter_of(service))
    assert "*" in service.questions()
    assert kept.ids("projects") == {"p1", "p2"}


def test_the_users_token_is_neither_kept_nor_shown(service: TodoistService) -> None:
    kept = fresh(service)
    assert kept.objects()["user"] == {"1": {"id": "1", "full_name": "Kari"}}
    service.put("user", id="", token=TOKEN)  # set aside
    kept.run(exporter_of(service))
    assert kept.reasons() == ["it has an id that cannot be read"]
    assert TOKEN not in kept.everything()


def test_one_bad_object_is_set_aside_and_the_rest_goes_on(service: TodoistService) -> None:
    service.task("a")
    answer = service.snapshot(0, list(KIND_OF))
    answer["items"] += [17, {"content": "no id"}, {"id": ["x"]}, None]
    answer["labels"] = [{"id": 7, "name": "office", "order": None}]
    service.stale = answer
    kept = fresh(service)
    assert kept.ids("tasks") == {"a"}
    assert kept.ids("labels") == {"7"}
    assert kept.reasons() == [
        "it has an id that cannot be read",
        "it has no id",
        "it is no object but 17",
        "it is no object but None",
    ]


def test_an_object_without_an_id_lets_none_of_the_stored_ones_be_taken_for_gone(
    service: TodoistService,
) -> None:
    service.task("a")
    kept = fresh(service)
    answer = service.snapshot(0, list(KIND_OF))
    answer["items"] = [{"content": "a"}]
    service.faults.append(Fault(body=answer))
    kept.run(exporter_of(service))
    assert kept.ids("tasks") == {"a"}


def test_objects_that_the_official_client_refuses_are_taken(service: TodoistService) -> None:
    service.put("projects", id="p9", name="Old", created_at=None, updated_at=None)
    service.put("labels", id=8, name="office", order=None)
    service.put("items", id="bare")
    kept = fresh(service)
    assert (kept.ids("projects"), kept.ids("labels")) == ({"p1", "p9"}, {"8"})
    assert kept.ids("tasks") == {"bare"}
    assert not kept.reasons()


def test_a_run_that_is_killed_midway_goes_on_where_it_was(service: TodoistService) -> None:
    service.task("a")
    service.completed.append({"id": "z", "completed_at": "2026-09-20T10:00:00Z"})
    kept = Kept()
    for pulls in range(4):
        kept.run(exporter_of(service), pulls=pulls)
        service.task("a", content=f"changed {pulls}")
    kept.run(exporter_of(service))
    assert kept.objects() == fresh(service).objects()


def test_a_failed_question_after_a_full_answer_stores_nothing(service: TodoistService) -> None:
    service.task("a")
    service.faults += [Fault(body=service.snapshot(0, list(KIND_OF))), Fault(500, b"")]
    kept = Kept()
    with pytest.raises(TransientError):
        kept.run(exporter_of(service))
    assert (kept.objects(), kept.states) == ({}, {})


def test_a_state_of_another_version_is_begun_again(service: TodoistService) -> None:
    kept = fresh(service)
    for state in ({"sync_token": "token-2"}, {**kept.states[""], "resource_types": ["items"]}, "old"):
        kept.set_state("", state)
        kept.run(exporter_of(service))
        assert kept.remarks[-1].endswith("so everything was asked for again")
