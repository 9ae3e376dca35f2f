"""Ranking and plan as Markdown, to paste into a note or to keep in a repository."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from crossdock.command import printable
from task_priority.fit.reasons import Reason
from task_priority.overview import Overview
from task_priority.ranking.raising import raises
from task_priority.ranking.rank import Ranked
from task_priority.views.texts import (
    RULES_HINT,
    balance_text,
    day_heading,
    doubles_texts,
    events_text,
    freshness_text,
    missed_texts,
    missed_today,
    placed_by_task,
    planned_text,
    reasons,
    remarks,
    title_of,
    today_of,
    when_text,
)
from task_priority.views.timeline import day_entries, judged_on

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~])")


def ranked_markdown(overview: Overview, ranked: Sequence[Ranked]) -> str:
    """Return ranked tasks as a table, and what may be there twice."""
    lines = list(_table(overview, ranked))
    if doubles := [f"- {escaped(line)}" for line in doubles_texts(overview)]:
        lines += ["", "## Perhaps there twice", "", *doubles]
    return _page(lines, overview)


def today_markdown(overview: Overview, ranked: Sequence[Ranked]) -> str:
    """Return what to do next as a table, below what must be done today and does not fit any more."""
    missed = _not_in_time(overview, "Does not fit today", missed_today(overview))
    if missed:
        missed += ["", "## Next", ""]
    return _page([*missed, *_table(overview, ranked)], overview)


def _table(overview: Overview, ranked: Sequence[Ranked]) -> Iterator[str]:
    placed = placed_by_task(overview.plan)
    yield from ("| # | Score | Task | When | Why |", "| ---: | ---: | --- | --- | --- |")
    for one in ranked:
        yield (
            f"| {one.place} | {one.score} | {escaped(title_of(one.task))} "
            f"| {when_text(overview, one, placed)} | {escaped(', '.join(reasons(one)))} |"
        )


def _not_in_time(overview: Overview, title: str, missed: Sequence[tuple[Ranked, Reason]]) -> list[str]:
    """Return a section, empty if nothing is in it."""
    lines = [
        f"- **{escaped(title_of(one.task))}**: {escaped('; '.join(missed_texts(overview, one, reason)))}"
        for one, reason in missed
    ]
    return [f"## {title}", "", *lines] if lines else []


def week_markdown(overview: Overview, days: Sequence[date]) -> str:
    """Return days of the plan, each a heading with a list."""
    lines: list[str] = []
    for day in days:
        lines += [f"## {day_heading(day, today_of(overview))}", ""]
        lines += [
            f"- {one.time} {escaped(one.title)} ({one.rule or one.kind.value})"
            for one in day_entries(overview, day)
        ]
        lines.append("")
    return _page([*lines, f"{escaped(events_text(overview.plan))}."], overview)


def busy_markdown(overview: Overview, days: Sequence[date]) -> str:
    """Return the events of each day, with the rules by which they take time up or not."""
    lines: list[str] = []
    for day in days:
        lines += [f"## {day_heading(day, today_of(overview))}", ""]
        lines += [
            f"- {one.time} {escaped(one.title)}: {escaped(one.verdict)}" for one in judged_on(overview, day)
        ]
        lines.append("")
    return _page([*lines, f"{escaped(RULES_HINT)}."], overview)


def plan_markdown(overview: Overview) -> str:
    """Return the planned tasks, and those that have no place."""
    today, zone = today_of(overview), overview.settings.zone
    lines = ["| When | Task | Score |", "| --- | --- | ---: |"]
    for placed in overview.plan.placed:
        title = escaped(title_of(placed.ranked.task))
        lines.append(f"| {planned_text(placed, today, zone)} | {title} | {placed.ranked.score} |")
    late = [(one.ranked, one.missed) for one in overview.plan.placed if one.missed is not None]
    if missed := _not_in_time(overview, "Not in time", late):
        lines += ["", *missed]
    if overview.plan.unplaced:
        lines += ["", "## No place for", ""]
    lines += [
        f"- **{escaped(title_of(one.ranked.task))}**: {one.reason.text}; {escaped(one.reason.change)}"
        for one in overview.plan.unplaced
    ]
    return _page([*lines, "", f"{escaped(events_text(overview.plan))}."], overview)


def explanation_markdown(overview: Overview, ranked: Ranked) -> str:
    """Return why a task is where it is."""
    lines = [
        f"## {escaped(title_of(ranked.task))}",
        "",
        "| Points | Term | Evidence |",
        "| ---: | --- | --- |",
    ]
    lines += [f"| {t.points:+} | {escaped(t.name)} | {escaped(t.evidence)} |" for t in ranked.terms]
    lines += [f"| **{ranked.score}** | **score** | place {ranked.place} |", ""]
    lines.append(f"{ranked.standing.status.value.capitalize()}: {escaped(ranked.standing.reason)}.")
    if found := raises(ranked, overview.plan.ranked, overview.plan.present):
        lines += ["", "| What would move it up | Points | Place |", "| --- | ---: | ---: |"]
        lines += [f"| {escaped(one.change)} | {one.points:+} | {one.place} |" for one in found]
    return _page(lines, overview)


def sources_markdown(overview: Overview) -> str:
    """Return the connected sources, and what could not be read of them."""
    lines = ["| Source | Synced | Tasks | Events | Unread |", "| --- | --- | ---: | ---: | ---: |"]
    for one in overview.sources:
        synced = freshness_text(one, overview.now).removeprefix(f"{one.name} ")
        lines.append(f"| {one.name} | {synced} | {len(one.tasks)} | {len(one.events)} | {len(one.unread)} |")
    return _page(lines, overview)


def change_markdown(title: str, outcome: str) -> str:
    """Return what becomes of a task, as an item of a list."""
    return f"- **{escaped(printable(title))}**: {escaped(outcome)}"


def escaped(text: str) -> str:
    """Return foreign text so that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\1", text)


def _page(lines: Sequence[str], overview: Overview) -> str:
    return "\n".join([*lines, "", *_footer(overview)])


def _footer(overview: Overview) -> Iterator[str]:
    yield f"{balance_text(overview.plan)}."
    for line in remarks(overview):
        yield ""
        yield escaped(line)
