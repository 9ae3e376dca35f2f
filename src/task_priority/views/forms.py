"""The JSON documents that programs read: their keys and types, from which the published schemas are made.

Instants are RFC 3339 in UTC, durations are in minutes, days are ISO dates. Keys are only ever added.
"""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict


class MomentForm(TypedDict):
    """A day, a time on the owner's clock wherever that is, or an instant.

    ``value`` is ``2026-11-27``, ``2026-11-27T09:00:00`` or ``2026-11-27T08:00:00Z``.
    """

    kind: Literal["day", "floating", "instant"]
    value: str


class TaskForm(TypedDict):
    """An open task, whatever service it comes from."""

    id: str
    source: str
    title: str
    project: str
    section: str
    labels: list[str]
    priority: Literal["p1", "p2", "p3", "p4"]
    due: MomentForm | None
    deadline: str | None
    duration_minutes: int | None
    parent_id: str | None
    added_at: str | None
    assignee: str | None
    recurring: bool
    actionable: bool
    url: str | None


class EventForm(TypedDict):
    """An entry of a calendar; of one that repeats, one repetition, which ``instance`` names."""

    source: str
    calendar: str
    id: str
    instance: str
    title: str
    start: MomentForm
    end: MomentForm
    transparent: bool
    cancelled: bool
    answer: Literal["none", "accepted", "tentative", "declined", "open"]
    kind: Literal["default", "out-of-office", "focus-time", "working-location", "birthday"]


class TermForm(TypedDict):
    """One reason for a score, with the facts behind it."""

    name: str
    points: int
    evidence: str


class RankedForm(TypedDict):
    """A task at its place; ``score`` is the sum of the points of ``terms``."""

    place: int
    score: int
    terms: list[TermForm]
    status: Literal["next action", "blocked", "waiting for", "someday"]
    status_reason: str
    quadrant: Literal["do first", "schedule", "delegate", "later, or never"]
    task: TaskForm


class SpanForm(TypedDict):
    """Time from one instant to another, which is not in it."""

    start_at: str
    end_at: str
    minutes: int


class SlotForm(SpanForm):
    """Free working time; only for tasks with one of ``labels`` if there are any."""

    labels: list[str]


class ReasonForm(TypedDict):
    """What binds, and the nearest change that would help; ``put_off`` has the ids of the tasks that it puts off."""

    constraint: Literal["no time", "taken", "in pieces"]
    needed_minutes: int
    free_minutes: int
    left_minutes: int
    reason: str
    change: str
    put_off: list[str]


class PlacedForm(TypedDict):
    """A task and the time proposed for it; ``late``: it ends after its due date or deadline.

    ``missed`` says why it cannot be in time, if that has not passed.
    """

    task_id: str
    title: str
    place: int
    score: int
    late: bool
    pieces: list[SpanForm]
    missed: ReasonForm | None


class UnplacedForm(ReasonForm):
    """A task without a place, what keeps it out, and the nearest change that would help."""

    task_id: str
    title: str
    place: int
    score: int


class BusyForm(SpanForm):
    """Time that an event takes up, the rule that says so, and the setting that can change it."""

    rule: str
    setting: str | None
    event: EventForm


class UnheededForm(TypedDict):
    """An event that leaves its time free, the rule that says so, and the setting that can change it."""

    rule: str
    setting: str | None
    event: EventForm


class BalanceForm(TypedDict):
    """What is asked of the time of the plan, beside what there is."""

    due_minutes: int
    wanted_minutes: int
    free_minutes: int
    planned_minutes: int


class PlanForm(TypedDict):
    """When tasks fit. A proposal: nothing is written anywhere."""

    start_at: str
    end_at: str
    balance: BalanceForm
    placed: list[PlacedForm]
    unplaced: list[UnplacedForm]
    busy: list[BusyForm]
    unheeded: list[UnheededForm]
    slots: list[SlotForm]


class AlternativeForm(SpanForm):
    """Other time that a task could have had, and why it did not get it."""

    why_not: str


class ExplanationForm(TypedDict):
    """Everything that is known of one task: why it is where it is in the list and in the plan."""

    ranked: RankedForm
    placed: PlacedForm | None
    unplaced: UnplacedForm | None
    alternatives: list[AlternativeForm]
    raises: list[RaiseForm]


class SourceForm(TypedDict):
    """How fresh a source is. ``problem`` says why its last run failed, and what to do."""

    name: str
    synced_at: str | None
    age_minutes: int | None
    stale: bool
    problem: str | None
    tasks: int
    events: int
    unread: int


class UnreadForm(TypedDict):
    """An object of a source that could not be made a task or an event, and why."""

    source: str
    kind: str
    id: str
    reason: str


class PendingForm(TypedDict):
    """A change that is on its way to its service, or, if it was ``given_up``, could not be made."""

    task_id: str
    title: str
    change: Literal["done", "put off", "taken back"]
    due: MomentForm | None
    asked_at: str
    problem: str | None
    given_up: bool


class ChangeForm(TypedDict):
    """A change to a task that was asked for.

    ``job_id`` is of the message that makes it, or null: what is taken back was dropped before its service had it.
    """

    task_id: str
    title: str
    change: Literal["done", "put off", "taken back"]
    due: MomentForm | None
    job_id: str | None


class DoubleForm(TypedDict):
    """Tasks that may be there twice, since their titles have the same words."""

    title: str
    task_ids: list[str]


class RaiseForm(TypedDict):
    """A change that would move a task up: by so many points, to that place."""

    change: str
    points: int
    place: int


class ContextForm(TypedDict):
    """When a document was made, and of what."""

    generated_at: str
    time_zone: str
    sources: list[SourceForm]
    unread: list[UnreadForm]
    pending: list[PendingForm]
    doubles: list[DoubleForm]


class RankedListForm(ContextForm):
    """The ranked list, and of what it was made."""

    tasks: list[RankedForm]


class PlanDocumentForm(ContextForm):
    """The plan, and of what it was made."""

    plan: PlanForm


class TodayForm(RankedListForm):
    """The tasks to do next, and the plan."""

    plan: PlanForm


class TaskListForm(TypedDict):
    """The open tasks of a source."""

    generated_at: str
    time_zone: str
    source: str
    synced_at: str | None
    tasks: list[TaskForm]


class EventListForm(TypedDict):
    """The events of all calendars, within a time."""

    generated_at: str
    time_zone: str
    start_at: str
    end_at: str
    sources: list[SourceForm]
    events: list[EventForm]
