"""Whatever happens in Todoist, and whatever goes wrong meanwhile: what is kept ends equal to what is there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock import DeliveryError
from task_priority.exporters.asking import Answer, Asking
from task_priority.exporters.todoist import TodoistExporter
from task_priority.exporters.todoist.changes import KIND_OF
from tests.task_priority.cases import NOW
from tests.task_priority.exporters.kept import Kept
from tests.task_priority.exporters.todoist_service import TOKEN, Fault, TodoistService, error

TASKS = ("a", "b", "c", "d")
PROJECTS = ("p1", "p2")


class Direct(Asking):
    """Asks a service in this process."""

    def __init__(self, service: TodoistService) -> None:
        self._service = service

    def ask(self, method: str, url: str, **options: Any) -> Answer:
        fields = options.get("data") or options["params"]
        fault = self._service.answer(url, fields, options["headers"]["Authorization"])
        return Answer(fault.status, {}, fault.encoded())


def asking_of(service: TodoistService) -> Callable[[], AbstractContextManager[Asking]]:
    return lambda: nullcontext(Direct(service))


class Account:
    """What its owner does.

    Of what goes or comes with something else, Todoist tells nothing, unless it had changed itself since it was asked.
    """

    def __init__(self) -> None:
        self.service = TodoistService()
        self.stashed: dict[str, list[tuple[tuple[str, str], Any]]] = {}
        self.kept = Kept()

    def change(self, task: str, project: str) -> None:
        if self.service.has("projects", project):
            self.service.task(task, project_id=project, content=f"changed {self.service.questions()}")

    def make_part(self, part: str, whole: str) -> None:
        if part < whole and self.service.has("items", part) and self.service.has("items", whole):
            self.service.put("items", **{**self.service.raw("items", whole), "parent_id": part})

    def comment(self, task: str, _: str) -> None:
        if self.service.has("items", task):
            self.service.put("notes", id=f"on {task}".replace(" ", "-"), item_id=task)

    def finish(self, task: str, how: str) -> None:
        if self.service.has("items", task):
            flag = "checked" if how < "c" else "is_deleted"
            self._lose_with("item_id", task)
            self._lose_with("parent_id", task)
            self.service.put("items", id=task, **{flag: True})

    def archive(self, project: str, _: str) -> None:
        if self.service.has("projects", project):
            self.stashed[project] = self._lose_with("project_id", project)
            self.service.put("projects", id=project, is_archived=True)

    def unarchive(self, project: str, _: str) -> None:
        if project in self.stashed:
            self.service.put("projects", id=project, name="again")
            self.service.objects.update(self.stashed.pop(project))

    def lose_the_place(self, _: str, __: str) -> None:
        if self.kept.states.get(""):
            self.kept.set_state("", {**self.kept.states[""], "sync_token": "lost"})

    def forget_tombstones(self, _: str, __: str) -> None:
        self.service.oldest_token = 10**6 if self.service.oldest_token == 0 else 0

    def run(self, faults: list[Fault], pulls: int | None) -> None:
        self.service.faults.extend(faults)
        with suppress(DeliveryError):
            self.kept.run(self.exporter(), pulls=pulls)
        self.service.faults.clear()

    def exporter(self) -> TodoistExporter:
        return TodoistExporter(lambda: TOKEN, base_url="", asking=asking_of(self.service), now=lambda: NOW)

    def _place(self) -> int:
        state = self.kept.states.get("") or {"sync_token": "token-0"}
        place = state["sync_token"].removeprefix("token-")
        return int(place) if place.isdigit() else 0

    def _lose_with(self, name: str, id: str) -> list[tuple[tuple[str, str], Any]]:
        lost = []
        for key, (changed, raw) in list(self.service.objects.items()):
            if raw.get(name) == id and self.service.objects.pop(key, None):
                if changed > self._place():
                    self.service.tombstone(*key)
                lost.append((key, (changed, raw)))
                lost += self._lose_with("parent_id", key[1]) + self._lose_with("item_id", key[1])
        return lost


FAULTS = st.sampled_from([
    error(400, "INVALID_ARGUMENT_VALUE"),
    error(401, "UNAUTHORIZED"),
    error(404, "NOT_FOUND"),
    Fault(302),
    Fault(200, b'{"sync_token": "x"'),
    Fault(body={"full_sync": True, "items": []}),
])  # fmt: skip
RUNS = st.tuples(st.just("run"), st.lists(FAULTS, max_size=2), st.none() | st.integers(0, 3))
TASK, PROJECT = st.sampled_from(TASKS), st.sampled_from(PROJECTS)
STEPS = st.one_of(
    RUNS,
    st.tuples(st.just("change"), TASK, PROJECT),
    st.tuples(st.sampled_from(["make_part", "comment", "finish"]), TASK, TASK),
    st.tuples(st.sampled_from(["archive", "unarchive"]), PROJECT, PROJECT),
    st.tuples(st.sampled_from(["lose_the_place", "forget_tombstones"]), PROJECT, PROJECT),
)


@settings(max_examples=40)
@given(st.lists(STEPS, max_size=25))
def test_a_resync_equals_a_fresh_export(steps: list[tuple[str, Any, Any]]) -> None:
    account = Account()
    account.service.put("projects", id="p2", name="Home")
    for step, first, second in [("change", task, "p1") for task in TASKS] + steps:
        getattr(account, step)(first, second)
    account.run([], None)
    fresh = Kept()
    fresh.run(account.exporter())
    assert account.kept.objects() == fresh.objects()
    assert set(fresh.objects()) <= {*KIND_OF.values(), "completed"}
