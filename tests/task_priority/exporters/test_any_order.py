"""Whatever happens in the accounts, and whatever goes wrong on the way: what is kept ends equal to what is there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossdock import CredentialError, DeliveryError
from crossdock.exporting import Exporter
from task_priority.exporters.google import GoogleCalendarExporter, GoogleTasksExporter
from task_priority.exporters.todoist import TodoistExporter
from task_priority.sandbox import Sandbox
from tests.task_priority.accounts.connected import signed_in
from tests.task_priority.accounts.life import (
    CALENDAR_STEPS,
    FAULTS,
    TASK_LIST_STEPS,
    TODOIST_STEPS,
    Step,
    change_calendars,
    change_task_lists,
    change_todoist,
    strike,
)
from tests.task_priority.accounts.truth import in_calendars, in_task_lists, in_todoist
from tests.task_priority.exporters.kept import Kept
from tests.task_priority.exporters.todoist_service import asking
from tests.task_priority.sandbox.conftest import Time

History: TypeAlias = list[tuple[list[Step], list[tuple[int, int]], int | None]]
Objects: TypeAlias = Mapping[str, Mapping[str, Any]]
FEW, MANY = 10, 60
CANCELLED_LATER: History = [
    ([("add series", 0, 4)], [], None),
    ([("cancel a repetition", 0, 0)], [], None),
]
"""Google tells of a cancelled repetition in more than one form."""


@dataclass(frozen=True)
class Service:
    """One of the services.

    Attributes:
        api: What faults call it.
        change: Does one step there.
        truth: Returns what is there.
        exporter: Of it.
    """

    api: str
    change: Callable[[Sandbox, Step], None]
    truth: Callable[[Sandbox], Objects]
    exporter: Exporter


def histories(names: Sequence[str]) -> st.SearchStrategy[History]:
    """Draw what happens before each of several runs, what goes wrong in it, and after how many pulls it is killed."""
    numbers = st.integers(0, 11)
    step = st.tuples(st.sampled_from(names), numbers, numbers)
    faults = st.lists(st.tuples(st.integers(0, len(FAULTS) - 1), st.integers(0, 4)), max_size=2)
    one = st.tuples(st.lists(step, max_size=8), faults, st.none() | st.integers(0, 3))
    return st.lists(one, min_size=1, max_size=6)


@contextmanager
def sandbox_at(time: Time) -> Iterator[Sandbox]:
    with Sandbox(clock=time, demo=False) as sandbox:
        sandbox.google.calendars.page_limit = 2
        yield sandbox


@contextmanager
def signed_in_with(sandbox: Sandbox, make: Callable[..., Exporter], url: str) -> Iterator[Exporter]:
    with tempfile.TemporaryDirectory() as home, asking() as question:
        yield make(signed_in(sandbox, Path(home)), question, base_url=url)


def live(sandbox: Sandbox, service: Service, history: History, kept: Kept) -> None:
    for steps, faults, pulls in history:
        for step in steps:
            service.change(sandbox, step)
        for fault in faults:
            strike(sandbox, service.api, fault)
        with suppress(DeliveryError, CredentialError):
            kept.run(service.exporter, pulls=pulls)
        sandbox.faults.clear()


def check_end(sandbox: Sandbox, service: Service, kept: Kept) -> None:
    fresh = Kept()
    kept.run(service.exporter)
    fresh.run(service.exporter)
    assert kept.objects() == fresh.objects()
    for kind, there in service.truth(sandbox).items():
        assert kept.ids(kind) == set(there)


def check_todoist(history: History, *, quiet: bool) -> None:
    time = Time()
    with sandbox_at(time) as sandbox:
        sandbox.todoist.account.quiet_cascades = quiet
        exporter = TodoistExporter(
            lambda: sandbox.token, base_url=sandbox.todoist_url, asking=asking, now=time
        )
        service, kept = Service("todoist", change_todoist, in_todoist, exporter), Kept()
        live(sandbox, service, history, kept)
        check_end(sandbox, service, kept)
        assert kept.objects().get("tasks", {}) == in_todoist(sandbox)["tasks"]


def check_calendars(history: History) -> None:
    with (
        sandbox_at(Time()) as sandbox,
        signed_in_with(sandbox, GoogleCalendarExporter, sandbox.calendar_url) as exporter,
    ):
        service, kept = Service("calendar", change_calendars, in_calendars, exporter), Kept()
        live(sandbox, service, history, kept)
        check_end(sandbox, service, kept)


def check_task_lists(history: History) -> None:
    time = Time()
    with (
        sandbox_at(time) as sandbox,
        signed_in_with(sandbox, GoogleTasksExporter, f"{sandbox.tasks_url}/tasks/v1") as exporter,
    ):
        service, kept = Service("tasks", change_task_lists, in_task_lists, exporter), Kept()
        live(sandbox, service, history, kept)
        time.advance(days=1)  # what is in no answer any more is found out once a day
        check_end(sandbox, service, kept)


@settings(max_examples=FEW, derandomize=True)
@given(histories(TODOIST_STEPS), st.booleans())
def test_todoist_is_kept_as_it_is(history: History, quiet: bool) -> None:  # noqa: FBT001 - drawn
    check_todoist(history, quiet=quiet)


@settings(max_examples=FEW, derandomize=True)
@given(histories(CALENDAR_STEPS))
@example(CANCELLED_LATER)
def test_calendars_are_kept_as_they_are(history: History) -> None:
    check_calendars(history)


@settings(max_examples=FEW, derandomize=True)
@given(histories(TASK_LIST_STEPS))
def test_task_lists_are_kept_as_they_are(history: History) -> None:
    check_task_lists(history)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=MANY, derandomize=True)
@given(histories(TODOIST_STEPS), st.booleans())
def test_todoist_is_kept_as_it_is_in_many_lives(history: History, quiet: bool) -> None:  # noqa: FBT001 - drawn
    check_todoist(history, quiet=quiet)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=MANY, derandomize=True)
@given(histories(CALENDAR_STEPS))
def test_calendars_are_kept_as_they_are_in_many_lives(history: History) -> None:
    check_calendars(history)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=MANY, derandomize=True)
@given(histories(TASK_LIST_STEPS))
def test_task_lists_are_kept_as_they_are_in_many_lives(history: History) -> None:
    check_task_lists(history)
