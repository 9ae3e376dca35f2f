"""The words that terminal and Markdown share: reasons, times, freshness, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from crossdock.command import printable
from task_priority.fit.placing import Piece
from task_priority.fit.plan import Placed, Plan
from task_priority.fit.reasons import Reason
from task_priority.model import Event, Task, TaskId
from task_priority.moments import Day, Moment, day_of, end_of, start_of
from task_priority.overview import Overview, SourceState
from task_priority.ranking.lengths import length_of
from task_priority.ranking.rank import Ranked
from task_priority.ranking.terms import ends_at
from task_priority.words import count_text, day_text, duration_text

CONNECT_HINT: Final = (
    "No source is connected. See what it would be like: task-priority demo. "
    "Then connect your own: task-priority connect todoist (or google, ics, csv), "
    "or rank your files as they are: task-priority today --ics my.ics --csv my.csv"
)
FIRST_STEPS: Final = """\
No source is connected. What you can do:
  task-priority demo                              see what it would be like
  task-priority connect todoist                   your own; or google, ics, csv
  task-priority today --ics my.ics --csv my.csv   rank your files as they are"""
"""The same as ``CONNECT_HINT``, where there is room for several lines."""
RULES_HINT: Final = (
    "Change the rules under [busy] in settings.toml of your home; task-priority weights shows all of them"
)
_MINUTE: Final = timedelta(minutes=1)
_SHOWN_PROBLEMS: Final = 3
_SHOWN_DOUBLES: Final = 5


def title_of(task: Task) -> str:
    """Return a title on one line."""
    return printable(task.title)


def title_of_event(event: Event) -> str:
    """Return the title of an event on one line."""
    return printable(event.title)


def reasons(ranked: Ranked, most: int | None = None) -> list[str]:
    """Return the evidence of the terms that weigh most, each with its points."""
    terms = sorted(ranked.terms, key=lambda term: -abs(term.points))
    return [f"{printable(term.evidence)} ({term.points:+})" for term in terms[:most]]


def facts_text(task: Task, today: date, zone: tzinfo) -> str:
    """Return what is known of a task: ``Home · @phone · p2 · due tomorrow · 30 min``."""
    place = " / ".join(part for part in (task.project, task.section) if part)
    length = length_of(task)
    facts = [
        place,
        " ".join(f"@{label}" for label in task.labels),
        task.priority.shown,
        "" if task.due is None else f"due {moment_text(task.due, today, zone)}",
        "" if task.deadline is None else f"deadline {day_text(task.deadline, today)}",
        "" if length is None else duration_text(length.duration),
        "repeats" if task.recurring else "",
    ]
    return printable(" · ".join(fact for fact in facts if fact))


def moment_text(moment: Moment, today: date, zone: tzinfo) -> str:
    """Write a moment as the owner reads it: ``today``, ``tomorrow 09:00``."""
    day = day_text(day_of(moment, zone), today)
    return day if isinstance(moment, Day) else f"{day} {start_of(moment, zone).astimezone(zone):%H:%M}"


def pieces_text(pieces: Sequence[Piece], today: date, zone: tzinfo) -> str:
    """Write planned time: ``today 09:10–10:40, 13:00–13:30; tomorrow 09:00–09:30``."""
    days: dict[date, list[str]] = {}
    for piece in pieces:
        days.setdefault(piece.start.astimezone(zone).date(), []).append(
            clock_text(piece.start, piece.end, zone)
        )
    return "; ".join(f"{day_text(day, today)} {', '.join(times)}" for day, times in days.items())


def clock_text(start: datetime, end: datetime, zone: tzinfo) -> str:
    """Write a time of a day: ``09:10–10:40``."""
    return f"{start.astimezone(zone):%H:%M}–{end.astimezone(zone):%H:%M}"


def day_heading(day: date, today: date) -> str:
    """Write a day as the heading of a list: ``Today, Thursday 26 November``."""
    named = f"{day:%A} {day.day} {day:%B}"
    called = day_text(day, today)
    return f"{called.capitalize()}, {named}" if called in {"today", "tomorrow", "yesterday"} else named


def balance_text(plan: Plan) -> str:
    """Say how much is due and how much is free within the plan."""
    balance = plan.balance
    free, due = duration_text(balance.free), duration_text(balance.due)
    text = f"{due} due and {free} free in the next {count_text((plan.end - plan.start).days, 'day')}"
    over = balance.due - balance.free
    return f"{text}; {duration_text(over)} too much" if over >= _MINUTE else text


def events_text(plan: Plan) -> str:
    """Say how many events take time up, how many do not, and where that is told."""
    busy = len({one.event.id for one in plan.busy})
    taken = f"{count_text(busy, 'event')} {'takes' if busy == 1 else 'take'} time up"
    free = len(plan.unheeded)
    return f"{taken}, {free} {'leaves' if free == 1 else 'leave'} it free; by which rules: task-priority busy"


def free_today_text(overview: Overview) -> str:
    """Say how much of today is free."""
    zone = overview.settings.zone
    today = today_of(overview)
    left = sum(
        (slot.length for slot in overview.plan.slots if slot.start.astimezone(zone).date() == today),
        timedelta(0),
    )
    return f"{duration_text(left)} free today"


def today_of(overview: Overview) -> date:
    """Return the day it is for the owner."""
    return overview.now.astimezone(overview.settings.zone).date()


def placed_by_task(plan: Plan) -> dict[TaskId, Placed]:
    """Return the placed tasks by their ids."""
    return {one.ranked.task.id: one for one in plan.placed}


def missed_of(plan: Plan) -> dict[TaskId, Reason]:
    """Return why tasks have no place in the plan, or none in time, by their ids, in order of rank."""
    late = [(one.ranked, one.missed) for one in plan.placed if one.missed is not None]
    found = [*late, *((one.ranked, one.reason) for one in plan.unplaced)]
    return {ranked.task.id: reason for ranked, reason in sorted(found, key=lambda one: one[0].place)}


def missed_today(overview: Overview) -> list[tuple[Ranked, Reason]]:
    """Return what must be done today and has no place before its end, and why, in order of rank."""
    missed, settings, today = missed_of(overview.plan), overview.settings, today_of(overview)
    last = end_of(Day(today), settings.zone)
    return [
        (one, missed[one.task.id])
        for one in overview.plan.ranked
        if one.task.id in missed
        and (ends := ends_at(one.task, settings)) is not None
        and overview.now < ends <= last
    ]


def missed_texts(overview: Overview, ranked: Ranked, reason: Reason) -> list[str]:
    """Say what keeps a task from being done in time, what would help, and when it fits instead, if it does."""
    placed = placed_by_task(overview.plan).get(ranked.task.id)
    texts = [reason.text, reason.change]
    if placed is not None:
        texts.append(f"planned {planned_text(placed, today_of(overview), overview.settings.zone)}")
    return texts


def when_text(overview: Overview, ranked: Ranked, placed: dict[TaskId, Placed]) -> str:
    """Say when a task fits, or nothing."""
    one = placed.get(ranked.task.id)
    return "" if one is None else planned_text(one, today_of(overview), overview.settings.zone)


def planned_text(placed: Placed, today: date, zone: tzinfo) -> str:
    """Write when a task is planned, and whether that is late."""
    text = pieces_text(placed.pieces, today, zone)
    return f"{text} (late)" if placed.late else text


def freshness_text(source: SourceState, now: datetime) -> str:
    """Say how fresh a source is: ``todoist 12 min ago``."""
    if source.synced_at is None:
        return f"{source.name} never synced"
    age = now - source.synced_at
    return f"{source.name} just now" if age < _MINUTE else f"{source.name} {_age_text(age)} ago"


def remarks(overview: Overview) -> Iterator[str]:
    """Say how fresh the sources are, whose times are told, what could not be read, what is on its way, what to do."""
    if not overview.sources:
        yield CONNECT_HINT
        return
    fresh = ", ".join(freshness_text(one, overview.now) for one in overview.sources)
    yield f"Sources: {fresh}. Times are those of {overview.settings.zone}."
    for source in overview.sources:
        if source.problem is not None:
            yield f"{source.name}: {printable(source.problem)}"
    stale = [source.name for source in overview.sources if source.is_stale(overview.now)]
    if stale:
        yield f"{_list_text(stale)} may have changed since: task-priority sync"
    yield from _unread_remarks(overview)
    if overview.pending:
        yield (
            f"{count_text(len(overview.pending), 'change')} on the way, "
            "shown as if made already: task-priority list"
        )


def doubles_texts(overview: Overview) -> Iterator[str]:
    """Name the tasks that may be there twice: ``Call the plumber: todoist:1, google-tasks:2``."""
    doubles = overview.doubles()
    for some in doubles[:_SHOWN_DOUBLES]:
        yield printable(f"{some[0].title}: {', '.join(task.id for task in some)}")
    if len(doubles) > _SHOWN_DOUBLES:
        yield f"and {len(doubles) - _SHOWN_DOUBLES} more: task-priority list --json"


def _unread_remarks(overview: Overview) -> Iterator[str]:
    unread = [(source.name, one) for source in overview.sources for one in source.unread]
    for name, one in unread[:_SHOWN_PROBLEMS]:
        yield printable(f"{name}: {one.kind} {one.id} could not be read: {one.reason}")
    if len(unread) > _SHOWN_PROBLEMS:
        yield f"{len(unread) - _SHOWN_PROBLEMS} more could not be read: task-priority sources"


def _age_text(age: timedelta) -> str:
    return count_text(age.days, "day") if age.days else duration_text(age)


def _list_text(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
