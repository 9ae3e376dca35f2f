"""``python -m benchmarks.ranking``: ranks and plans 5,000 tasks among 5,000 events, beside a naive version.

The naive version does what one would write first: free time is a set of minutes, each task counts those before its end,
and looks through them from the beginning for its place. It has no terms with evidence, and gives no reasons.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from benchmarks import machine
from task_priority.exporters.google import read_calendar
from task_priority.fit.busy import busy_spans
from task_priority.fit.plan import Plan, make_plan
from task_priority.fit.slots import time_left, working_time
from task_priority.looking import window_at
from task_priority.model import Event, Priority, Task, TaskId
from task_priority.moments import Day
from task_priority.ranking.terms import ends_at, needed_by
from task_priority.settings import Settings

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "ranking-benchmark.md"
NOW: Final = datetime(2026, 11, 26, 8, tzinfo=UTC)
SETTINGS: Final = Settings(zone=ZoneInfo("Europe/Oslo"))
TASKS: Final = 5_000
EVENTS: Final = 5_000
SERIES: Final = 1_200
"""So many of the events repeat, every week."""
ROUNDS: Final = 7
BAR_S: Final = 1.0
_MINUTE: Final = timedelta(minutes=1)
_DUE_OF_TEN: Final = 7


@dataclass(frozen=True, slots=True)
class Measured:
    """A step, and how long it took in each round, in seconds."""

    name: str
    took_s: Sequence[float]

    def row(self) -> str:
        """Return its line of the table."""
        best, middle, worst = min(self.took_s), statistics.median(self.took_s), max(self.took_s)
        return f"| {self.name} | {best:.3f} s | {middle:.3f} s | {worst:.3f} s |"


def main() -> None:
    """Measure, print, and with ``--publish`` write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranking", description=__doc__)
    parser.add_argument("--publish", action="store_true", help=f"write {PAGE.name}")
    options = parser.parse_args()
    page = "\n".join(report())
    print(page)
    if options.publish:
        PAGE.write_text(f"{page}\n", encoding="utf-8")


def report() -> list[str]:
    """Measure everything, and return the page."""
    tasks, objects = some_tasks(), some_objects()
    window = window_at(NOW, SETTINGS)
    reading, events = timed(
        "reading the events, repetitions unfolded", lambda: read_calendar(objects, window).events
    )
    planning, plan = timed(
        "ranking and planning", lambda: make_plan(tasks, events, now=NOW, settings=SETTINGS)
    )
    naive, placed = timed("ranking and planning, naive", lambda: naive_plan(tasks, events), rounds=3)
    check(plan, tasks)
    both = statistics.median(reading.took_s) + statistics.median(planning.took_s)
    verdict = "met" if both < BAR_S else "NOT met"
    about = machine.describe(Path.cwd())
    return [
        "<!-- Made by python -m benchmarks.ranking --publish. Do not edit. -->",
        "",
        "# Benchmark of ranking and plan",
        "",
        _subject(len(events), plan),
        "",
        "| step | best | median | worst |",
        "| --- | ---: | ---: | ---: |",
        *(one.row() for one in (reading, planning, naive)),
        "",
        f"The bar: reading, ranking and planning together in less than {BAR_S:g} s. It is {verdict}, with a median of",
        f"{both:.3f} s. The naive version, which has no reasons and no evidence, places {placed:,} tasks.",
        "",
        f"Measured in {ROUNDS} rounds (naive: 3) on {about['processor']}, {about['cores']} cores,",
        f"{about['memory_gib']} GiB. `python -m benchmarks.ranking` measures again.",
    ]


def _subject(events: int, plan: Plan) -> str:
    return (
        f"{TASKS:,} tasks, and a calendar of {EVENTS:,} events of which {SERIES:,} repeat every week:\n"
        f"{events:,} events within the four weeks that are looked at. {len(plan.placed):,} tasks get a place\n"
        f"in the week, {len(plan.unplaced):,} get a reason why not."
    )


def timed(name: str, work: Callable[[], Any], rounds: int = ROUNDS) -> tuple[Measured, Any]:
    """Run some work several times; return how long it took, and its last outcome."""
    took, outcome = [], None
    for _ in range(rounds):
        began = time.perf_counter()
        outcome = work()
        took.append(time.perf_counter() - began)
    return Measured(name, took), outcome


def check(plan: Plan, tasks: Sequence[Task]) -> None:
    """Make sure that what was measured is right: every task is accounted for, and nothing overlaps."""
    assert len(plan.ranked) == len(tasks)
    pieces = sorted((piece.start, piece.end) for one in plan.placed for piece in one.pieces)
    assert all(end <= start for (_, end), (start, _) in pairwise(pieces))
    assert not [one for one in plan.busy if any(one.start < end and start < one.end for start, end in pieces)]


def some_tasks() -> list[Task]:
    """Make tasks: most are due within two months, some are overdue, some have no date."""
    dice = random.Random(5)
    today = NOW.date()
    return [
        Task(
            TaskId(f"bench:{number}"),
            f"task {number}",
            labels=tuple(dice.sample(["deep", "phone", "errand", "waiting"], dice.randint(0, 2))),
            priority=dice.choice(list(Priority)),
            due=Day(today + timedelta(days=dice.randint(-10, 60)))
            if dice.randrange(10) < _DUE_OF_TEN
            else None,
            deadline=today + timedelta(days=dice.randint(0, 60)) if not dice.randrange(5) else None,
            duration=timedelta(minutes=dice.choice([10, 15, 30, 45, 60, 90, 240]))
            if dice.randrange(5)
            else None,
            added=NOW - timedelta(days=dice.randint(0, 300)),
        )
        for number in range(TASKS)
    ]


def some_objects() -> dict[str, dict[str, dict[str, Any]]]:
    """Make what Google Calendar tells of one calendar: two years of events, most of them shown as free."""
    dice = random.Random(6)
    calendar = {"id": "work", "summary": "Work", "timeZone": "Europe/Oslo", "selected": True}
    events = {f"work/{number}": _object(dice, number) for number in range(EVENTS)}
    return {"calendars": {"work": calendar}, "events": events}


def _object(dice: random.Random, number: int) -> dict[str, Any]:
    start = NOW + timedelta(days=dice.randint(-700, 30), minutes=15 * dice.randint(-12, 32))
    end = start + timedelta(minutes=dice.choice([10, 15, 15, 30]))
    return {
        "id": str(number),
        "summary": f"event {number}",
        "status": "confirmed",
        "start": {"dateTime": start.isoformat(), "timeZone": "Europe/Oslo"},
        "end": {"dateTime": end.isoformat(), "timeZone": "Europe/Oslo"},
        "transparency": "opaque" if number % 20 == 0 else "transparent",
        **({"recurrence": ["RRULE:FREQ=WEEKLY"]} if number < SERIES else {}),
    }


def naive_plan(tasks: Sequence[Task], events: Sequence[Event]) -> int:
    """Rank and place as one would write it first; return how many tasks have a place."""
    busy, _ = busy_spans(events, SETTINGS, NOW, NOW + timedelta(days=28))
    free = set()
    for slot in time_left(working_time(SETTINGS, NOW, NOW + timedelta(days=28)), busy, SETTINGS.buffer):
        free |= {slot.start + count * _MINUTE for count in range(slot.length // _MINUTE)}
    ranked = sorted(tasks, key=lambda task: -_naive_score(task, free))
    week = sorted(minute for minute in free if minute < NOW + SETTINGS.horizon)
    count = 0
    for task in ranked:
        wanted = needed_by(task, SETTINGS) // _MINUTE
        for place in range(len(week) - wanted + 1):
            if week[place + wanted - 1] - week[place] == (wanted - 1) * _MINUTE:
                del week[place : place + wanted]
                count += 1
                break
    return count


def _naive_score(task: Task, free: set[datetime]) -> float:
    ends = ends_at(task, SETTINGS)
    left = len([minute for minute in free if ends is not None and minute < ends])
    needed = needed_by(task, SETTINGS) / _MINUTE
    return 30 * min(1, needed / max(left, 1)) + 10 * task.priority


if __name__ == "__main__":
    main()
