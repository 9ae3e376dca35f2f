"""From tasks, ranking and plan to JSON documents, for every door that programs use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, assert_never

from task_priority.fit.alternatives import alternatives
from task_priority.fit.busy import Busy, Unheeded
from task_priority.fit.plan import Balance, Placed, Plan, Unplaced
from task_priority.fit.reasons import Reason
from task_priority.fit.slots import Slot
from task_priority.model import Event, Priority, Task, TaskId
from task_priority.moments import Day, Floating, Instant, Moment
from task_priority.overview import Change, Overview, Pending, SourceState
from task_priority.ranking.lengths import length_of
from task_priority.ranking.raising import raises
from task_priority.ranking.rank import Ranked
from task_priority.views import forms

_MINUTE: Final = timedelta(minutes=1)
_PRIORITIES: Final[Mapping[Priority, Literal["p1", "p2", "p3", "p4"]]] = {
    Priority.URGENT: "p1", Priority.HIGH: "p2", Priority.RAISED: "p3", Priority.NORMAL: "p4",
}  # fmt: skip


def ranked_list(overview: Overview, ranked: Iterable[Ranked] | None = None) -> forms.RankedListForm:
    """Return the ranked list, or part of it, with the freshness of its sources."""
    shown = overview.plan.ranked if ranked is None else ranked
    return {**_context(overview), "tasks": [ranked_form(one) for one in shown]}


def today_document(overview: Overview, ranked: Iterable[Ranked]) -> forms.TodayForm:
    """Return the tasks to do next, and the plan."""
    return {**ranked_list(overview, ranked), "plan": plan_form(overview.plan)}


def plan_document(overview: Overview) -> forms.PlanDocumentForm:
    """Return the plan, with the freshness of its sources."""
    return {**_context(overview), "plan": plan_form(overview.plan)}


def sources_document(overview: Overview) -> forms.ContextForm:
    """Return how fresh the sources are, what could not be read, and what is on its way."""
    return _context(overview)


def task_list(overview: Overview, source: SourceState) -> forms.TaskListForm:
    """Return the open tasks of one source."""
    return {
        "generated_at": instant(overview.now),
        "time_zone": zone_name(overview),
        "source": source.name,
        "synced_at": _instant_or_none(source.synced_at),
        "tasks": [task_form(task) for task in source.tasks],
    }


def event_list(overview: Overview, *, start: datetime, end: datetime) -> forms.EventListForm:
    """Return the events of all sources that have any; those between two instants are known."""
    return {
        "generated_at": instant(overview.now),
        "time_zone": zone_name(overview),
        "start_at": instant(start),
        "end_at": instant(end),
        "sources": [source_form(one, overview.now) for one in overview.sources if one.events],
        "events": [event_form(event) for source in overview.sources for event in source.events],
    }


def explanation(plan: Plan, ranked: Ranked) -> forms.ExplanationForm:
    """Return everything that is known of one task."""
    placed = next((one for one in plan.placed if one.ranked is ranked), None)
    unplaced = next((one for one in plan.unplaced if one.ranked is ranked), None)
    others = [] if placed is None else alternatives(plan, placed)
    return {
        "ranked": ranked_form(ranked),
        "placed": None if placed is None else placed_form(placed),
        "unplaced": None if unplaced is None else unplaced_form(unplaced),
        "alternatives": [{**_span(one.piece.start, one.piece.end), "why_not": one.why_not} for one in others],
        "raises": [
            {"change": one.change, "points": one.points, "place": one.place}
            for one in raises(ranked, plan.ranked, plan.present)
        ],
    }


def ranked_form(ranked: Ranked) -> forms.RankedForm:
    """Return a task at its place."""
    return {
        "place": ranked.place,
        "score": ranked.score,
        "terms": [{"name": t.name, "points": t.points, "evidence": t.evidence} for t in ranked.terms],
        "status": ranked.standing.status.value,
        "status_reason": ranked.standing.reason,
        "quadrant": ranked.quadrant.value,
        "task": task_form(ranked.task),
    }


def task_form(task: Task) -> forms.TaskForm:
    """Return an open task."""
    length = length_of(task)
    return {
        "id": task.id,
        "source": task.id.partition(":")[0],
        "title": task.title,
        "project": task.project,
        "section": task.section,
        "labels": list(task.labels),
        "priority": _PRIORITIES[task.priority],
        "due": None if task.due is None else moment(task.due),
        "deadline": None if task.deadline is None else task.deadline.isoformat(),
        "duration_minutes": None if length is None else _minutes(length.duration),
        "parent_id": task.parent,
        "added_at": _instant_or_none(task.added),
        "assignee": task.assignee,
        "recurring": task.recurring,
        "actionable": task.actionable,
        "url": task.url,
    }


def event_form(event: Event) -> forms.EventForm:
    """Return an entry of a calendar."""
    return {
        "source": event.id.source,
        "calendar": event.id.calendar,
        "id": event.id.id,
        "instance": event.id.instance,
        "title": event.title,
        "start": moment(event.start),
        "end": moment(event.end),
        "transparent": event.transparent,
        "cancelled": event.cancelled,
        "answer": event.answer.value,
        "kind": event.kind.value,
    }


def plan_form(plan: Plan) -> forms.PlanForm:
    """Return when tasks fit."""
    return {
        "start_at": instant(plan.start),
        "end_at": instant(plan.end),
        "balance": balance_form(plan.balance),
        "placed": [placed_form(one) for one in plan.placed],
        "unplaced": [unplaced_form(one) for one in plan.unplaced],
        "busy": [_busy(one) for one in plan.busy],
        "unheeded": [_unheeded(one) for one in plan.unheeded],
        "slots": [_slot(one) for one in plan.slots],
    }


def placed_form(placed: Placed) -> forms.PlacedForm:
    """Return a task and the time proposed for it."""
    return {
        "task_id": placed.ranked.task.id,
        "title": placed.ranked.task.title,
        "place": placed.ranked.place,
        "score": placed.ranked.score,
        "late": placed.late,
        "pieces": [_span(piece.start, piece.end) for piece in placed.pieces],
        "missed": None if placed.missed is None else reason_form(placed.missed),
    }


def unplaced_form(unplaced: Unplaced) -> forms.UnplacedForm:
    """Return a task without a place, and why."""
    return {
        "task_id": unplaced.ranked.task.id,
        "title": unplaced.ranked.task.title,
        "place": unplaced.ranked.place,
        "score": unplaced.ranked.score,
        **reason_form(unplaced.reason),
    }


def reason_form(reason: Reason) -> forms.ReasonForm:
    """Return what binds, and what would help."""
    return {
        "constraint": reason.constraint.value,
        "needed_minutes": _minutes(reason.needed),
        "free_minutes": _minutes(reason.free),
        "left_minutes": _minutes(reason.left),
        "reason": reason.text,
        "change": reason.change,
        "put_off": list(reason.put_off),
    }


def balance_form(balance: Balance) -> forms.BalanceForm:
    """Return what is asked of the time of a plan."""
    return {
        "due_minutes": _minutes(balance.due),
        "wanted_minutes": _minutes(balance.wanted),
        "free_minutes": _minutes(balance.free),
        "planned_minutes": _minutes(balance.planned),
    }


def source_form(source: SourceState, now: datetime) -> forms.SourceForm:
    """Return how fresh a source is."""
    return {
        "name": source.name,
        "synced_at": _instant_or_none(source.synced_at),
        "age_minutes": None if source.synced_at is None else _minutes(now - source.synced_at),
        "stale": source.is_stale(now),
        "problem": source.problem,
        "tasks": len(source.tasks),
        "events": len(source.events),
        "unread": len(source.unread),
    }


def unread_forms(sources: Sequence[SourceState]) -> list[forms.UnreadForm]:
    """Return what could not be read, of all sources."""
    return [
        {"source": source.name, "kind": one.kind, "id": one.id, "reason": one.reason}
        for source in sources
        for one in source.unread
    ]


def pending_form(pending: Pending) -> forms.PendingForm:
    """Return a change that is on its way."""
    return {
        "task_id": pending.task,
        "title": pending.title,
        "change": pending.change.value,
        "due": None if pending.due is None else moment(pending.due),
        "asked_at": instant(pending.asked_at),
        "problem": pending.problem,
        "given_up": pending.given_up,
    }


def change_form(
    task: TaskId, title: str, change: Change, *, job_id: str | None, due: Moment | None = None
) -> forms.ChangeForm:
    """Return a change that was asked for.

    Args:
        task: Which is changed.
        title: Of it.
        change: What is to become of it.
        job_id: Of the message that makes the change; None: there is none, an earlier one was dropped.
        due: What the task is put off to.
    """
    return {
        "task_id": task,
        "title": title,
        "change": change.value,
        "due": None if due is None else moment(due),
        "job_id": job_id,
    }


def moment(value: Moment) -> forms.MomentForm:
    """Return a day, a floating time or an instant."""
    match value:
        case Day(day):
            return {"kind": "day", "value": day.isoformat()}
        case Floating(time):
            return {"kind": "floating", "value": time.isoformat(timespec="seconds")}
        case Instant(time):
            return {"kind": "instant", "value": instant(time)}
        case _:
            assert_never(value)


def instant(value: datetime) -> str:
    """Write an instant in UTC."""
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def zone_name(overview: Overview) -> str:
    """Return where the owner is."""
    return str(overview.settings.zone)


def _context(overview: Overview) -> forms.ContextForm:
    return {
        "generated_at": instant(overview.now),
        "time_zone": zone_name(overview),
        "sources": [source_form(one, overview.now) for one in overview.sources],
        "unread": unread_forms(overview.sources),
        "pending": [pending_form(one) for one in overview.pending],
        "doubles": [
            {"title": some[0].title, "task_ids": [task.id for task in some]} for some in overview.doubles()
        ],
    }


def _busy(busy: Busy) -> forms.BusyForm:
    return {
        **_span(busy.start, busy.end),
        "rule": busy.rule,
        "setting": _setting(busy),
        "event": event_form(busy.event),
    }


def _unheeded(unheeded: Unheeded) -> forms.UnheededForm:
    return {
        "rule": unheeded.rule,
        "setting": _setting(unheeded),
        "event": event_form(unheeded.event),
    }


def _setting(judged: Busy | Unheeded) -> str | None:
    return None if judged.setting is None else f"busy.{judged.setting}"


def _slot(slot: Slot) -> forms.SlotForm:
    return {**_span(slot.start, slot.end), "labels": sorted(slot.labels)}


def _span(start: datetime, end: datetime) -> forms.SpanForm:
    return {"start_at": instant(start), "end_at": instant(end), "minutes": _minutes(end - start)}


def _instant_or_none(value: datetime | None) -> str | None:
    return None if value is None else instant(value)


def _minutes(duration: timedelta) -> int:
    return duration // _MINUTE
