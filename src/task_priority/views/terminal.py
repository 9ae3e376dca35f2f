"""How ranking and plan look on a terminal: Rich's renderables, which are plain text in a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crossdock.command import printable
from task_priority.fit.alternatives import alternatives
from task_priority.fit.plan import Plan, Unplaced
from task_priority.fit.reasons import Reason
from task_priority.model import Priority
from task_priority.overview import Change, Overview, Pending, SourceState
from task_priority.ranking.raising import raises
from task_priority.ranking.rank import Ranked
from task_priority.ranking.status import Status
from task_priority.views.lines import Hanging, parts_of_times
from task_priority.views.tables import EitherOf, Explained, ExplainedList, RankedRow, RankedTable, columns
from task_priority.views.texts import (
    RULES_HINT,
    balance_text,
    day_heading,
    doubles_texts,
    events_text,
    facts_text,
    free_today_text,
    freshness_text,
    missed_texts,
    missed_today,
    moment_text,
    pieces_text,
    placed_by_task,
    planned_text,
    reasons,
    remarks,
    title_of,
    today_of,
    when_text,
)
from task_priority.views.timeline import EntryKind, Judged, day_entries, judged_on

_PRIORITY_STYLES: Final[Mapping[Priority, str]] = {
    Priority.URGENT: "bold red", Priority.HIGH: "yellow", Priority.RAISED: "blue", Priority.NORMAL: "",
}  # fmt: skip
_ENTRY_STYLES: Final[Mapping[EntryKind, tuple[str, str]]] = {
    EntryKind.EVENT: ("▪", "dim"),
    EntryKind.TASK: ("▸", "green"),
    EntryKind.LATE: ("▸", "red"),
}
_MOST_REASONS: Final = 3
_MOST_MISSED: Final = 5


def today_view(overview: Overview, ranked: Sequence[Ranked]) -> Group:
    """Return what to do next, why and when, and the day."""
    today = today_of(overview)
    parts: list[RenderableType] = [_heading(f"{day_heading(today, today)}. {free_today_text(overview)}.")]
    parts += _missed_today(overview)
    parts += [_tasks(overview, ranked, "Nothing is to be done."), Text(), *_day(overview, today), Text()]
    return Group(*parts, Text(f"{balance_text(overview.plan)}."), *remarks_view(overview))


def week_view(overview: Overview, days: Sequence[date]) -> Group:
    """Return the days of the plan, one below the other."""
    parts: list[RenderableType] = []
    for day in days:
        parts += [*_day(overview, day), Text()]
    parts += [Text(f"{balance_text(overview.plan)}."), Hanging(Text(f"{events_text(overview.plan)}."))]
    return Group(*parts, *remarks_view(overview))


def list_view(overview: Overview, ranked: Sequence[Ranked]) -> Group:
    """Return ranked tasks, whatever their status, the changes on their way, and what may be there twice."""
    parts: list[RenderableType] = [_tasks(overview, ranked, "No open task is like that.", with_status=True)]
    if overview.pending:
        parts += [Text(), _heading("On their way:"), *(_pending(overview, one) for one in overview.pending)]
    if lines := [Hanging(Text(line, style="yellow"), 2, 4) for line in doubles_texts(overview)]:
        parts += [Text(), _heading("Perhaps there twice:"), *lines]
    return Group(*parts, *remarks_view(overview))


def plan_view(overview: Overview) -> Group:
    """Return the planned tasks in order of time, and those that have no place, with what would help."""
    today, zone = today_of(overview), overview.settings.zone
    table = columns("When", "Task", "Score")
    for placed in overview.plan.placed:
        when = planned_text(placed, today, zone)
        style = "red" if placed.late else "green"
        table.add_row(parts_of_times(when, style), _title(placed.ranked), str(placed.ranked.score))
    parts: list[RenderableType] = [_heading(f"{balance_text(overview.plan)}."), table]
    late = [(one.ranked, one.missed) for one in overview.plan.placed if one.missed is not None]
    if late:
        parts += [Text(), _heading("Not in time:"), _missed(overview, late)]
    if overview.plan.unplaced:
        parts += [Text(), _heading("No place for:"), _unplaced(overview.plan.unplaced)]
    parts += [Text(), Hanging(Text(f"{events_text(overview.plan)}."))]
    return Group(*parts, *remarks_view(overview))


def busy_view(overview: Overview, days: Sequence[date]) -> Group:
    """Return the events of each day: which take time up, which do not, by which rule, and which setting decides."""
    parts: list[RenderableType] = []
    for day in days:
        empty = "no more events" if day == today_of(overview) else "no events"
        parts += [
            _heading(day_heading(day, today_of(overview))),
            _judged(judged_on(overview, day), empty),
            Text(),
        ]
    return Group(*parts, Hanging(Text(f"{RULES_HINT}.")), *remarks_view(overview))


def explanation_view(overview: Overview, ranked: Ranked) -> Group:
    """Return why a task is where it is: its score as a sum, its status, its place in the plan."""
    task, today, zone = ranked.task, today_of(overview), overview.settings.zone
    terms = columns("Points", "Term", "Evidence")
    for term in ranked.terms:
        terms.add_row(
            Text(f"{term.points:+}", style="red" if term.points < 0 else "green"), term.name, term.evidence
        )
    terms.add_row(Text(str(ranked.score), style="bold"), Text("score", style="bold"), f"place {ranked.place}")
    standing = f"{ranked.standing.status.value.capitalize()}: {ranked.standing.reason}."
    return Group(
        _heading(title_of(task)),
        Hanging(Text(f"{printable(task.id)} · {facts_text(task, today, zone)}", style="dim")),
        Text(),
        terms,
        Text(),
        Hanging(Text(f"{standing} {ranked.quadrant.value.capitalize()} (Eisenhower).")),
        *_place_in_plan(overview, ranked),
        *_raises(overview.plan, ranked),
        *remarks_view(overview),
    )


def why_not_view(overview: Overview, ranked: Ranked) -> Group:
    """Return what keeps a task out of the plan, or out of earlier time, and the nearest change that would help."""
    return Group(_heading(title_of(ranked.task)), *_place_in_plan(overview, ranked), *remarks_view(overview))


def sources_view(overview: Overview) -> Group:
    """Return the connected sources: how fresh, how much, and what could not be read."""
    table = columns("Source", "Synced", "Tasks", "Events", "Unread")
    for source in overview.sources:
        counts = (str(len(one)) for one in (source.tasks, source.events, source.unread))
        stale = source.is_stale(overview.now) or source.problem is not None
        synced = freshness_text(source, overview.now).removeprefix(f"{source.name} ")
        table.add_row(source.name, Text(synced, style="yellow" if stale else "green"), *counts)
    problems = (line for source in overview.sources for line in _problems(source))
    return Group(*([table] if overview.sources else []), *problems, *remarks_view(overview))


def rankedcolumns(overview: Overview, ranked: Sequence[Ranked], *, with_status: bool = False) -> RankedTable:
    """Return ranked tasks with their reasons and when they fit."""
    placed = placed_by_task(overview.plan)
    pending = {one.task for one in overview.pending if one.change is Change.PUT_OFF and not one.given_up}
    rows = []
    for one in ranked:
        title = _title(one)
        if one.task.id in pending:
            title.append(" (put off, on the way)", style="yellow")
        when = when_text(overview, one, placed)
        rows.append(
            RankedRow(
                place=one.place,
                score=one.score,
                title=title,
                when=when,
                when_style="red" if when.endswith("(late)") else "green",
                status=one.standing.status.value if with_status else None,
                reasons=reasons(one, _MOST_REASONS),
            )
        )
    return RankedTable(rows)


def remarks_view(overview: Overview) -> Iterator[RenderableType]:
    """Return how fresh everything is and what to do next, below a blank line."""
    yield Text()
    yield from (Hanging(Text(line, style="dim")) for line in remarks(overview))


def _tasks(
    overview: Overview, ranked: Sequence[Ranked], empty: str, *, with_status: bool = False
) -> RenderableType:
    """Return ranked tasks, or words if there are none."""
    return rankedcolumns(overview, ranked, with_status=with_status) if ranked else Text(empty)


def _missed_today(overview: Overview) -> Iterator[RenderableType]:
    """Yield what must be done today and does not fit any more, however low it is in the list."""
    missed = missed_today(overview)
    if not missed:
        return
    yield Text("Does not fit today:", style="bold red")
    yield _missed(overview, missed[:_MOST_MISSED])
    if len(missed) > _MOST_MISSED:
        yield Text(f"  and {len(missed) - _MOST_MISSED} more: task-priority plan")
    yield Text()


def _missed(overview: Overview, missed: Sequence[tuple[Ranked, Reason]]) -> ExplainedList:
    return ExplainedList(
        [Explained(title_of(one.task), missed_texts(overview, one, reason)) for one, reason in missed]
    )


def _day(overview: Overview, day: date) -> Iterator[RenderableType]:
    yield _heading(day_heading(day, today_of(overview)))
    entries = day_entries(overview, day)
    if not entries:
        yield Text("  nothing planned", style="dim")
        return
    grid = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2):
        grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for entry in entries:
        mark, style = _ENTRY_STYLES[entry.kind]
        rule = f" ({entry.rule})" if entry.rule else ""
        grid.add_row(f"  {entry.time}", Text(mark, style=style), Text(entry.title + rule, style=style))
    yield grid


def _raises(plan: Plan, ranked: Ranked) -> Iterator[RenderableType]:
    found = raises(ranked, plan.ranked, plan.present)
    if not found:
        return
    table = columns("What would move it up", "Points", "Place")
    for one in found:
        table.add_row(one.change, Text(f"{one.points:+}", style="green"), str(one.place))
    yield from (Text(), table)


def _judged(entries: Sequence[Judged], empty: str) -> RenderableType:
    if not entries:
        return Text(f"  {empty}", style="dim")
    wide, narrow = (Table.grid(padding=(0, 2, 0, 0)) for _ in range(2))
    for grid in (wide, narrow):
        for _ in range(2):
            grid.add_column(no_wrap=True)
    for one in entries:
        mark = Text("▪" if one.busy else "▫", style="dim")
        verdict = Text(one.verdict, style="yellow" if one.busy else "green")
        wide.add_row(f"  {one.time}", mark, one.title, verdict)
        narrow.add_row(f"  {one.time}", mark, Group(Text(one.title), verdict))
    return EitherOf(wide, narrow)


def _place_in_plan(overview: Overview, ranked: Ranked) -> Iterator[RenderableType]:
    plan, today, zone = overview.plan, today_of(overview), overview.settings.zone
    placed = placed_by_task(plan).get(ranked.task.id)
    unplaced = next((one for one in plan.unplaced if one.ranked is ranked), None)
    if unplaced is not None:
        words = f"Not planned: {unplaced.reason.text}; {unplaced.reason.change}."
        yield Hanging(Text(words, style="yellow"))
    elif placed is None:
        yield Hanging(Text(_why_not_planned(ranked)))
    else:
        missed = placed.missed
        late = ", which is late" if placed.late else ""
        late += "" if missed is None else f": {missed.text}; {missed.change}"
        yield Hanging(Text(f"Planned {pieces_text(placed.pieces, today, zone)}{late}.", style="green"))
        for other in alternatives(plan, placed):
            yield Hanging(Text(f"Not {pieces_text([other.piece], today, zone)}: {other.why_not}."))


def _why_not_planned(ranked: Ranked) -> str:
    remedy = {
        Status.BLOCKED: "finish what blocks it, or take the label away",
        Status.WAITING_FOR: "take the label away, or assign it to yourself",
        Status.SOMEDAY: "take the label away",
        Status.NEXT_ACTION: "make the plan longer",
    }[ranked.standing.status]
    status, reason = ranked.standing.status.value, ranked.standing.reason
    return f"Not planned, because it is {status}: {reason}. To have it planned: {remedy}."


def _unplaced(unplaced: Sequence[Unplaced]) -> ExplainedList:
    return ExplainedList(
        [Explained(title_of(one.ranked.task), [one.reason.text, one.reason.change]) for one in unplaced]
    )


def _problems(source: SourceState) -> Iterator[Hanging]:
    for one in source.unread:
        yield Hanging(Text(f"{source.name}: {one.kind} {one.id}: {one.reason}", style="yellow"), 2, 4)


def _pending(overview: Overview, pending: Pending) -> Hanging:
    change = pending.change.value
    if pending.due is not None and pending.change is Change.PUT_OFF:
        change += f" to {moment_text(pending.due, today_of(overview), overview.settings.zone)}"
    problem = "" if pending.problem is None else f"; the last attempt failed: {pending.problem}"
    if pending.given_up:
        problem += "; it is not tried again, and task-priority undo drops it"
    return Hanging(Text(printable(f"{pending.title}: {change}{problem}"), style="yellow"), 2, 4)


def _title(ranked: Ranked) -> Text:
    return Text(title_of(ranked.task), style=_PRIORITY_STYLES[ranked.task.priority])


def _heading(text: str) -> Text:
    return Text(text, style="bold")
