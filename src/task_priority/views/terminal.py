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
from task_priority.fit.plan import Unplaced
from task_priority.model import Priority
from task_priority.overview import Change, Overview, Pending, SourceState
from task_priority.ranking.rank import Ranked
from task_priority.ranking.status import Status
from task_priority.views.texts import (
    balance_text,
    day_heading,
    facts_text,
    free_today_text,
    freshness_text,
    moment_text,
    pieces_text,
    placed_by_task,
    reasons_text,
    remarks,
    title_of,
    today_of,
    when_text,
)
from task_priority.views.timeline import EntryKind, day_entries

_PRIORITY_STYLES: Final[Mapping[Priority, str]] = {
    Priority.URGENT: "bold red", Priority.HIGH: "yellow", Priority.RAISED: "blue", Priority.NORMAL: "",
}  # fmt: skip
_ENTRY_STYLES: Final[Mapping[EntryKind, tuple[str, str]]] = {
    EntryKind.EVENT: ("▪", "dim"),
    EntryKind.TASK: ("▸", "green"),
    EntryKind.LATE: ("▸", "red"),
}
_MOST_REASONS: Final = 3


def today_view(overview: Overview, ranked: Sequence[Ranked]) -> Group:
    """Return what to do next, why and when, and the day."""
    today = today_of(overview)
    parts: list[RenderableType] = [_heading(f"{day_heading(today, today)}. {free_today_text(overview)}.")]
    parts += [_tasks(overview, ranked, "Nothing is to be done."), Text(), *_day(overview, today), Text()]
    return Group(*parts, Text(f"{balance_text(overview.plan)}."), *remarks_view(overview))


def week_view(overview: Overview, days: Sequence[date]) -> Group:
    """Return the days of the plan, one below the other."""
    parts: list[RenderableType] = []
    for day in days:
        parts += [*_day(overview, day), Text()]
    parts.append(Text(f"{balance_text(overview.plan)}."))
    return Group(*parts, *remarks_view(overview))


def list_view(overview: Overview, ranked: Sequence[Ranked]) -> Group:
    """Return ranked tasks, whatever their status, and the changes that are on their way."""
    parts = [_tasks(overview, ranked, "No open task is like that.", with_status=True)]
    if overview.pending:
        parts += [Text(), _heading("On their way:"), *(_pending(overview, one) for one in overview.pending)]
    return Group(*parts, *remarks_view(overview))


def plan_view(overview: Overview) -> Group:
    """Return the planned tasks in order of time, and those that have no place, with what would help."""
    today, zone = today_of(overview), overview.settings.zone
    table = _table("When", "Task", "Score")
    for placed in overview.plan.placed:
        when = Text(pieces_text(placed.pieces, today, zone), style="red" if placed.late else "green")
        if placed.late:
            when.append(" (late)")
        table.add_row(when, _title(placed.ranked), str(placed.ranked.score))
    parts: list[RenderableType] = [_heading(f"{balance_text(overview.plan)}."), table]
    if overview.plan.unplaced:
        parts += [Text(), _heading("No place for:"), *map(_unplaced, overview.plan.unplaced)]
    return Group(*parts, *remarks_view(overview))


def explanation_view(overview: Overview, ranked: Ranked) -> Group:
    """Return why a task is where it is: its score as a sum, its status, its place in the plan."""
    task, today, zone = ranked.task, today_of(overview), overview.settings.zone
    terms = _table("Points", "Term", "Evidence")
    for term in ranked.terms:
        terms.add_row(
            Text(f"{term.points:+}", style="red" if term.points < 0 else "green"), term.name, term.evidence
        )
    terms.add_row(Text(str(ranked.score), style="bold"), Text("score", style="bold"), f"place {ranked.place}")
    standing = f"{ranked.standing.status.value.capitalize()}: {ranked.standing.reason}."
    return Group(
        _heading(title_of(task)),
        Text(f"{printable(task.id)} · {facts_text(task, today, zone)}", style="dim"),
        Text(),
        terms,
        Text(),
        Text(f"{standing} {ranked.quadrant.value.capitalize()} (Eisenhower)."),
        *_place_in_plan(overview, ranked),
        *remarks_view(overview),
    )


def why_not_view(overview: Overview, ranked: Ranked) -> Group:
    """Return what keeps a task out of the plan, or out of earlier time, and the nearest change that would help."""
    return Group(_heading(title_of(ranked.task)), *_place_in_plan(overview, ranked), *remarks_view(overview))


def sources_view(overview: Overview) -> Group:
    """Return the connected sources: how fresh, how much, and what could not be read."""
    table = _table("Source", "Synced", "Tasks", "Events", "Unread")
    for source in overview.sources:
        counts = (str(len(one)) for one in (source.tasks, source.events, source.unread))
        stale = source.is_stale(overview.now) or source.problem is not None
        synced = freshness_text(source, overview.now).removeprefix(f"{source.name} ")
        table.add_row(source.name, Text(synced, style="yellow" if stale else "green"), *counts)
    problems = (line for source in overview.sources for line in _problems(source))
    return Group(*([table] if overview.sources else []), *problems, *remarks_view(overview))


def ranked_table(overview: Overview, ranked: Sequence[Ranked], *, with_status: bool = False) -> Table:
    """Return ranked tasks with their reasons and when they fit."""
    placed = placed_by_task(overview.plan)
    pending = {one.task for one in overview.pending if one.change is Change.PUT_OFF and not one.given_up}
    table = _table("#", "Score", "Task", "When", *(["Status"] if with_status else []), "Why")
    for one in ranked:
        title = _title(one)
        if one.task.id in pending:
            title.append(" (put off, on the way)", style="yellow")
        status = [one.standing.status.value] if with_status else []
        when = when_text(overview, one, placed)
        style = "red" if when.endswith("(late)") else "green"
        table.add_row(
            Text(str(one.place), style="dim"),
            Text(str(one.score), style="bold"),
            title,
            Text(when, style=style),
            *status,
            Text(reasons_text(one, _MOST_REASONS), style="dim"),
        )
    return table


def remarks_view(overview: Overview) -> Iterator[Text]:
    """Return how fresh everything is and what to do next, below a blank line."""
    yield Text()
    yield from (Text(line, style="dim") for line in remarks(overview))


def _tasks(
    overview: Overview, ranked: Sequence[Ranked], empty: str, *, with_status: bool = False
) -> RenderableType:
    """Return ranked tasks, or words if there are none."""
    return ranked_table(overview, ranked, with_status=with_status) if ranked else Text(empty)


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
        grid.add_row(f"  {entry.time}", Text(mark, style=style), Text(entry.title, style=style))
    yield grid


def _place_in_plan(overview: Overview, ranked: Ranked) -> Iterator[RenderableType]:
    plan, today, zone = overview.plan, today_of(overview), overview.settings.zone
    placed = placed_by_task(plan).get(ranked.task.id)
    unplaced = next((one for one in plan.unplaced if one.ranked is ranked), None)
    if unplaced is not None:
        yield Text(f"Not planned: {unplaced.reason.text}; {unplaced.reason.change}.", style="yellow")
    elif placed is None:
        yield Text(_why_not_planned(ranked))
    else:
        late = ", which is late" if placed.late else ""
        yield Text(f"Planned {pieces_text(placed.pieces, today, zone)}{late}.", style="green")
        for other in alternatives(plan, placed):
            yield Text(f"Not {pieces_text([other.piece], today, zone)}: {other.why_not}.")


def _why_not_planned(ranked: Ranked) -> str:
    remedy = {
        Status.BLOCKED: "finish what blocks it, or take the label away",
        Status.WAITING_FOR: "take the label away, or assign it to yourself",
        Status.SOMEDAY: "take the label away",
        Status.NEXT_ACTION: "make the plan longer",
    }[ranked.standing.status]
    status, reason = ranked.standing.status.value, ranked.standing.reason
    return f"Not planned, because it is {status}: {reason}. To have it planned: {remedy}."


def _unplaced(unplaced: Unplaced) -> Text:
    text = Text("  ")
    text.append(title_of(unplaced.ranked.task), style="bold")
    return text.append(f": {unplaced.reason.text}; {unplaced.reason.change}")


def _problems(source: SourceState) -> Iterator[Text]:
    for one in source.unread:
        yield Text(f"  {source.name}: {one.kind} {one.id}: {one.reason}", style="yellow")


def _pending(overview: Overview, pending: Pending) -> Text:
    change = pending.change.value
    if pending.due is not None:
        change += f" to {moment_text(pending.due, today_of(overview), overview.settings.zone)}"
    problem = "" if pending.problem is None else f"; the last attempt failed: {pending.problem}"
    if pending.given_up:
        problem += "; it is not tried again, and task-priority undo drops it"
    return Text(printable(f"  {pending.title}: {change}{problem}"), style="yellow")


def _title(ranked: Ranked) -> Text:
    return Text(title_of(ranked.task), style=_PRIORITY_STYLES[ranked.task.priority])


def _heading(text: str) -> Text:
    return Text(text, style="bold")


def _table(*titles: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for title in titles:
        right = title in {"#", "Score", "Points", "Tasks", "Events", "Unread"}
        table.add_column(title, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table
