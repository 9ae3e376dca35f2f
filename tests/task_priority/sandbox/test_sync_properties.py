"""Whatever happens to an account, and whenever a client last asked: what it adds up is what a full read tells."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from task_priority.sandbox import Sandbox
from task_priority.sandbox.exchange import Json, Refusal, Request
from tests.task_priority.sandbox.conftest import Time

_KINDS = ("items", "projects", "sections", "notes", "labels")


class _TodoistClient:
    """Adds up what ``/sync`` tells, as an exporter does: what is inside of something gone is gone."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.token = "*"
        self.objects: dict[str, dict[str, Json]] = {kind: {} for kind in _KINDS}

    def sync(self) -> None:
        answer = _todoist_sync(self._sandbox, self.token)
        if answer["full_sync"]:
            self.objects = {kind: {} for kind in _KINDS}
        for kind in _KINDS:
            for one in answer.get(kind, ()):
                self.objects[kind][one["id"]] = one
        self.token = answer["sync_token"]

    def seen(self) -> dict[str, dict[str, Json]]:
        """Return what is active."""
        projects = {id: one for id, one in self.objects["projects"].items() if self._is_open(one)}
        sections = {
            id: one
            for id, one in self.objects["sections"].items()
            if self._is_open(one) and one["project_id"] in projects
        }
        items = {
            id: one
            for id, one in self.objects["items"].items()
            if not one["is_deleted"]
            and not one["checked"]
            and one["project_id"] in projects
            and one["section_id"] in {None, *sections}
            and self._has_parents(one)
        }
        notes = {
            id: one
            for id, one in self.objects["notes"].items()
            if not one["is_deleted"] and one["item_id"] in items
        }
        labels = {id: one for id, one in self.objects["labels"].items() if not one["is_deleted"]}
        return {"projects": projects, "sections": sections, "items": items, "notes": notes, "labels": labels}

    def _is_open(self, one: Json) -> bool:
        return not one["is_deleted"] and not one["is_archived"] and self._has_parents(one, "projects")

    def _has_parents(self, one: Json, kind: str = "items") -> bool:
        while (parent := one.get("parent_id")) is not None:
            one = self.objects[kind].get(parent, {"is_deleted": True})
            if one["is_deleted"]:
                return False
        return True


def _todoist_sync(sandbox: Sandbox, token: str) -> Json:
    body = json.dumps({"sync_token": token, "resource_types": list(_KINDS)}).encode()
    headers = {"authorization": f"Bearer {sandbox.token}"}
    return dict(json.loads(sandbox.todoist.answer(Request("POST", "/sync", {}, headers, body)).body))


class TodoistMachine(RuleBasedStateMachine):
    quiet = False

    @initialize()
    def begin(self) -> None:
        self.sandbox = Sandbox(clock=Time(), demo=False)
        todoist = self.sandbox.todoist
        todoist.syncing.full_budget.most = todoist.syncing.incremental_budget.most = None
        todoist.account.quiet_cascades = self.quiet
        self.clients = [_TodoistClient(self.sandbox)]

    def teardown(self) -> None:
        if hasattr(self, "sandbox"):
            self.sandbox.close()

    def _ids(self, kind: str) -> list[str]:
        return [one["id"] for one in self.sandbox.todoist.account.living(kind)]

    def _pick(self, data: Any, kind: str) -> str:
        return str(data.draw(st.sampled_from([*self._ids(kind), "6Xnowhere"])))

    def _try(self, do: Any) -> None:
        with contextlib.suppress(Refusal):  # the account says no, and must not have changed
            do()

    @rule(data=st.data(), where=st.sampled_from(["project_id", "section_id", "parent_id"]))
    def add_task(self, data: Any, where: str) -> None:
        kind = {"project_id": "projects", "section_id": "sections", "parent_id": "items"}[where]
        place = {where: self._pick(data, kind)}
        words = data.draw(st.sampled_from([None, "every day"]))
        self._try(lambda: self.sandbox.todoist.tasks.add("Task", due_string=words, labels=["a"], **place))

    @rule(data=st.data(), where=st.sampled_from(["project_id", "section_id", "parent_id"]))
    def move_task(self, data: Any, where: str) -> None:
        kind = {"project_id": "projects", "section_id": "sections", "parent_id": "items"}[where]
        task, place = self._pick(data, "items"), {where: self._pick(data, kind)}
        self._try(lambda: self.sandbox.todoist.tasks.move(task, **place))

    @rule(data=st.data(), verb=st.sampled_from(["close", "complete", "reopen", "delete", "update"]))
    def do_to_task(self, data: Any, verb: str) -> None:
        task = self._pick(data, "items")
        self._try(lambda: getattr(self.sandbox.todoist.tasks, verb)(task))

    @rule(data=st.data())
    def add_project(self, data: Any) -> None:
        parent = data.draw(st.sampled_from([None, *self._ids("projects")]))
        self._try(lambda: self.sandbox.todoist.projects.add("Project", parent_id=parent))

    @rule(data=st.data(), verb=st.sampled_from(["archive", "unarchive", "delete", "update"]))
    def do_to_project(self, data: Any, verb: str) -> None:
        project = self._pick(data, "projects")
        self._try(lambda: getattr(self.sandbox.todoist.projects, verb)(project))

    @rule(data=st.data())
    def move_project(self, data: Any) -> None:
        project, parent = self._pick(data, "projects"), self._pick(data, "projects")
        self._try(lambda: self.sandbox.todoist.projects.move(project, parent))

    @rule(data=st.data())
    def add_section(self, data: Any) -> None:
        project = self._pick(data, "projects")
        self._try(lambda: self.sandbox.todoist.sections.add("Section", project))

    @rule(data=st.data(), verb=st.sampled_from(["archive", "unarchive", "delete", "update"]))
    def do_to_section(self, data: Any, verb: str) -> None:
        section = self._pick(data, "sections")
        self._try(lambda: getattr(self.sandbox.todoist.sections, verb)(section))

    @rule(data=st.data())
    def move_section(self, data: Any) -> None:
        section, project = self._pick(data, "sections"), self._pick(data, "projects")
        self._try(lambda: self.sandbox.todoist.sections.move(section, project))

    @rule(data=st.data())
    def comment(self, data: Any) -> None:
        task = self._pick(data, "items")
        self._try(lambda: self.sandbox.todoist.comments.add("Word", task_id=task))

    @rule(data=st.data(), name=st.sampled_from(["a", "b"]))
    def label(self, data: Any, name: str) -> None:
        label = data.draw(st.sampled_from([None, *self._ids("labels")]))
        labels = self.sandbox.todoist.labels
        self._try(lambda: labels.add(name) if label is None else labels.update(label, name=name))

    @rule()
    def expire(self) -> None:
        self.sandbox.todoist.account.expire_sync_tokens()

    @rule()
    def begin_to_follow(self) -> None:
        client = _TodoistClient(self.sandbox)
        client.sync()
        self.clients.append(client)

    @rule(data=st.data())
    def follow(self, data: Any) -> None:
        data.draw(st.sampled_from(self.clients)).sync()

    @invariant()
    def every_client_would_see_the_same(self) -> None:
        if not hasattr(self, "sandbox"):
            return
        full = _todoist_sync(self.sandbox, "*")
        wanted = {kind: {one["id"]: one for one in full[kind]} for kind in _KINDS}
        for client in self.clients:
            ahead = _TodoistClient(self.sandbox)
            ahead.token = client.token
            ahead.objects = {kind: dict(objects) for kind, objects in client.objects.items()}
            ahead.sync()
            assert ahead.seen() == wanted


class QuietTodoistMachine(TodoistMachine):
    quiet = True


_DAYS = st.integers(0, 9).map(lambda days: datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(days=days))
_RULES = (
    "RRULE:FREQ=DAILY;COUNT=4",
    "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=5",
    "RRULE:FREQ=DAILY;INTERVAL=3;COUNT=3",
)


class _GoogleClient:
    """Adds up what ``events.list`` tells."""

    def __init__(self, sandbox: Sandbox, *, unfolded: bool) -> None:
        self._sandbox = sandbox
        self.unfolded = unfolded
        self.token: str | None = None
        self.events: dict[str, Json] = {}

    def sync(self) -> None:
        try:
            pages = list(self._pages())
        except _FullSyncRequired:
            self.token, self.events = None, {}
            pages = list(self._pages())
        for page in pages:
            for one in page["items"]:
                self.events[one["id"]] = one
        self.token = pages[-1]["nextSyncToken"]

    def seen(self) -> dict[str, Json]:
        return {id: one for id, one in self.events.items() if one["status"] != "cancelled"}

    def _pages(self) -> Iterator[Json]:
        query = {"singleEvents": [str(self.unfolded).lower()], "maxResults": ["8"]}
        if self.token is not None:
            query["syncToken"] = [self.token]
        headers = {"authorization": f"Bearer {self._sandbox.token}"}
        while True:
            request = Request("GET", "/calendars/primary/events", query, headers)
            reply = self._sandbox.google.calendar_api.answer(request)
            if reply.status == 410:
                raise _FullSyncRequired
            assert reply.status == 200, reply.body
            page = json.loads(reply.body)
            yield page
            if "nextPageToken" not in page:
                return
            query = query | {"pageToken": [page["nextPageToken"]]}


class _FullSyncRequired(Exception):
    pass


class GoogleMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.sandbox = Sandbox(clock=Time(), demo=False)
        self.clients = [_GoogleClient(self.sandbox, unfolded=unfolded) for unfolded in (True, False)]

    def teardown(self) -> None:
        if hasattr(self, "sandbox"):
            self.sandbox.close()

    def _pick(self, data: Any) -> str:
        """Draw an event, or an instance of a series."""
        shown = _GoogleClient(self.sandbox, unfolded=True)
        shown.sync()
        there = self.sandbox.google.calendars.calendar("primary")
        return str(data.draw(st.sampled_from(sorted({*there.events, *shown.events, "nowhere"}))))

    def _try(self, do: Any) -> None:
        with contextlib.suppress(Refusal):  # the account says no, and must not have changed
            do()

    @rule(day=_DAYS, recurrence=st.sampled_from([None, *_RULES]))
    def add(self, day: datetime, recurrence: str | None) -> None:
        more = {} if recurrence is None else {"recurrence": [recurrence]}
        self.sandbox.google.calendars.add_event(summary="Event", **_times(day), **more)

    @rule(data=st.data(), day=_DAYS)
    def move(self, data: Any, day: datetime) -> None:
        id = self._pick(data)
        self._try(lambda: self.sandbox.google.calendars.change_event("primary", id, **_times(day)))

    @rule(data=st.data(), recurrence=st.sampled_from([None, *_RULES]))
    def repeat_otherwise(self, data: Any, recurrence: str | None) -> None:
        there = self.sandbox.google.calendars.calendar("primary")
        whole = sorted(id for id, one in there.events.items() if "recurringEventId" not in one)
        id = data.draw(st.sampled_from([*whole, "nowhere"]))
        value = None if recurrence is None else [recurrence]
        self._try(lambda: self.sandbox.google.calendars.change_event("primary", id, recurrence=value))

    @rule(data=st.data())
    def delete(self, data: Any) -> None:
        id = self._pick(data)
        self._try(lambda: self.sandbox.google.calendars.delete_event("primary", id))

    @rule()
    def expire(self) -> None:
        self.sandbox.google.calendars.expire_sync_tokens("primary")

    @rule(unfolded=st.booleans())
    def begin_to_follow(self, *, unfolded: bool) -> None:
        client = _GoogleClient(self.sandbox, unfolded=unfolded)
        client.sync()
        self.clients.append(client)

    @rule(data=st.data())
    def follow(self, data: Any) -> None:
        data.draw(st.sampled_from(self.clients)).sync()

    @invariant()
    def every_client_would_see_the_same(self) -> None:
        if not hasattr(self, "sandbox"):
            return
        for client in self.clients:
            fresh = _GoogleClient(self.sandbox, unfolded=client.unfolded)
            fresh.sync()
            ahead = _GoogleClient(self.sandbox, unfolded=client.unfolded)
            ahead.token, ahead.events = client.token, dict(client.events)
            ahead.sync()
            assert ahead.seen() == fresh.seen()


def _times(day: datetime) -> Json:
    return {
        "start": {"dateTime": day.isoformat(), "timeZone": "Europe/Oslo"},
        "end": {"dateTime": (day + timedelta(hours=1)).isoformat(), "timeZone": "Europe/Oslo"},
    }


_FEW = settings(max_examples=12, stateful_step_count=25)

TestTodoist = TodoistMachine.TestCase
TestTodoist.settings = _FEW
TestQuietTodoist = QuietTodoistMachine.TestCase
TestQuietTodoist.settings = _FEW
TestGoogle = GoogleMachine.TestCase
TestGoogle.settings = settings(max_examples=8, stateful_step_count=12)
