"""What a person sees, letter for letter, at a fixed instant; and what a terminal adds to it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import pytest
from rich.console import Console, RenderableType

from task_priority.cli.output import show_view
from task_priority.looking import look
from task_priority.model import Answer, Priority, TaskId
from task_priority.moments import Day
from task_priority.overview import Change, Pending
from task_priority.ranking.rank import Ranked
from task_priority.settings_table import SettingsTable, WeightsTable
from task_priority.views import markdown, terminal
from task_priority.views.settings import settings_view
from task_priority.views.timeline import days_of
from tests.task_priority.cases import NOW, SETTINGS, at, make_event, make_task
from tests.task_priority.views.account import TASKS, Given, overview

FOOTER = """
Sources: todoist 12 min ago, google-calendar 2 h ago. Times are those of Europe/Oslo.
google-calendar: sign in again
google-calendar may have changed since: task-priority sync
todoist: tasks 77 could not be read: its due date '2026-13-01' is no day
1 change on the way, shown as if made already: task-priority list
"""
TODAY = (
    """\
Today, Thursday 26 November. 6 h 23 min free today.
#  Score  Task                        When                            Why
1     71  figures                     today 09:07–10:00, 11:30–12:07  due today (+30), priority p1 (+30), \
needs 1 h 30 min of the 6 h 23 min that are free until today (+7)
2     66  call the *plumber*\\x1b[31m  today 12:07–12:17 (late)        overdue by 1 day (+30), \
due yesterday (+30), takes 10 min (+6)

Today, Thursday 26 November
  09:07–10:00  ▸  figures (1 of 2)
  10:00–11:30  ▪  Board | meeting
  11:30–12:07  ▸  figures (2 of 2)
  12:07–12:17  ▸  call the *plumber*\\x1b[31m

11 h 40 min due and 54 h 30 min free in the next 7 days.
"""
    + FOOTER
)
PLAN = (
    """\
11 h 40 min due and 54 h 30 min free in the next 7 days.
When                            Task                        Score
today 09:07–10:00, 11:30–12:07  figures                        71
today 12:07–12:17 (late)        call the *plumber*\\x1b[31m     66

No place for:
  assembly: needs 10 h before the end of Friday in one piece, the longest that is free is 8 h; \
it fits if it may be split into pieces of 30 min or more
  [bold]write[/bold] a book: needs 60 h, 54 h 30 min free; it fits if it takes 8 h or less

1 event takes time up, 1 leaves it free; by which rules: task-priority busy.
"""
    + FOOTER
)
BUSY = """Today, Thursday 26 November
  all day      ▫  Anna             free: it is a birthday (busy.birthday = false)
  10:00–11:30  ▪  Board | meeting  busy: it takes place

Tomorrow, Friday 27 November
  no events
"""
BUSY_AT_50 = """Today, Thursday 26 November
  all day      ▫  Anna
                  free: it is a birthday
                  (busy.birthday = false)
  10:00–11:30  ▪  Board | meeting
                  busy: it takes place
"""
EXPLANATION = (
    """\
figures
test:figures · Finance / Month · @deep · p1 · due today · 1 h 30 min

Points  Term      Evidence
   +30  due       due today
    +7  slack     needs 1 h 30 min of the 6 h 23 min that are free until today
   +30  priority  priority p1
    +4  age       written down 20 days ago
    71  score     place 1

Next action: nothing stands in its way. Do first (Eisenhower).
Planned today 09:07–10:00, 11:30–12:07.
Not today 11:30–13:00: it is later.
Not today 12:07–13:37: it is later.
Not today 12:17–13:47: it is later.
"""
    + FOOTER
)
RAISES = """\

What would move it up  Points  Place
priority p1               +30      1
"""
WAITING = (
    """\
hear from Anna
Not planned, because it is waiting for: it has the label @waiting. To have it planned: take the label away, or \
assign it to yourself.
"""
    + FOOTER
)


TODAY_AT_80 = """\
Today, Thursday 26 November. 6 h 23 min free today.
#  Score  Task                        When
1     71  figures                     today 09:07–10:00, 11:30–12:07
          due today (+30), priority p1 (+30),
          needs 1 h 30 min of the 6 h 23 min that are free until today (+7)
2     66  call the *plumber*\\x1b[31m  today 12:07–12:17 (late)
          overdue by 1 day (+30), due yesterday (+30), takes 10 min (+6)
"""
TODAY_AT_50 = """\
#  Score  Task
1     71  figures
          today 09:07–10:00, 11:30–12:07
          due today (+30), priority p1 (+30),
          needs 1 h 30 min of the 6 h 23 min
            that are free until today (+7)
"""
NO_PLACE_AT_80 = """\
No place for:
  assembly
    needs 10 h before the end of Friday in one piece, the longest that is free
      is 8 h
    it fits if it may be split into pieces of 30 min or more
  [bold]write[/bold] a book
    needs 60 h, 54 h 30 min free
    it fits if it takes 8 h or less
"""


MISSED = """\
Today, Thursday 26 November. 6 h 23 min free today.
Does not fit today:
  figures: needs 6 h 40 min before the end of Thursday, 6 h 23 min free; it fits if it may be done by Friday 15:40; \
planned tomorrow 09:00–15:40 (late)

#  Score  Task"""
DAY = date(2026, 11, 26)


def drawn(view: RenderableType, width: int) -> str:
    """Return what a terminal of that width shows, without the spaces at the ends of lines."""
    target = io.StringIO()
    Console(file=target, width=width, color_system=None, highlight=False).print(view)
    return "".join(f"{line.rstrip()}\n" for line in target.getvalue().splitlines())


def plain(view: RenderableType, capsys: pytest.CaptureFixture[str]) -> str:
    show_view(view)
    return capsys.readouterr().out


def ranked(title: str) -> Ranked:
    return next(one for one in overview().plan.ranked if one.task.title == title)


def test_today_has_tasks_with_reasons_the_day_and_how_fresh_it_all_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert plain(terminal.today_view(overview(), overview().plan.ranked[:2]), capsys) == TODAY


def test_what_no_longer_fits_today_stands_at_the_top_with_what_binds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tasks = [
        make_task("parcel", 30, due=Day(DAY)),
        make_task("figures", 400, deadline=DAY, priority=Priority.URGENT, labels=("whole",)),
    ]
    seen = overview(tasks=tasks)
    shown = plain(terminal.today_view(seen, seen.plan.ranked), capsys)
    assert shown.startswith(MISSED)
    assert "tomorrow 09:00–15:40 (late)" in shown
    assert (
        "Planned tomorrow 09:00–15:40, which is late: needs 6 h 40 min before the end of Thursday"
        in plain(terminal.why_not_view(seen, seen.plan.ranked[0]), capsys)
    )
    assert "\nNot in time:\n  figures: needs 6 h 40 min" in plain(terminal.plan_view(seen), capsys)
    missed = "- **figures**: needs 6 h 40 min"
    assert markdown.today_markdown(seen, seen.plan.ranked).startswith(f"## Does not fit today\n\n{missed}")
    assert f"\n\n## Not in time\n\n{missed}" in markdown.plan_markdown(seen)


def test_the_plan_has_what_fits_and_what_does_not_with_the_nearest_change(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert plain(terminal.plan_view(overview()), capsys) == PLAN


def test_each_event_names_the_rule_by_which_it_takes_time_up_or_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen, days = overview(), days_of(overview())
    view = terminal.busy_view(seen, days)
    assert plain(view, capsys).startswith(BUSY)
    assert drawn(view, 50).startswith(BUSY_AT_50)
    shown = markdown.busy_markdown(seen, days)
    assert "- all day Anna: free: it is a birthday (busy.birthday = false)\n" in shown
    assert "- 10:00–11:30 Board \\| meeting: busy: it takes place\n" in shown


def test_an_event_that_takes_time_up_by_a_rule_that_can_be_turned_says_so_in_the_week(
    capsys: pytest.CaptureFixture[str],
) -> None:
    maybe = make_event(at(26, 14), at(26, 15), "fair", answer=Answer.TENTATIVE)
    seen = look([Given(name="calendar", synced_at=NOW, events=[maybe])], SETTINGS, NOW)
    week = plain(terminal.week_view(seen, days_of(seen)), capsys)
    assert "  14:00–15:00  ▪  fair (you answered maybe)\n" in week
    assert "1 event takes time up, 0 leave it free; by which rules: task-priority busy.\n" in week
    assert "- 14:00–15:00 fair (you answered maybe)\n" in markdown.week_markdown(seen, days_of(seen))


def test_an_explanation_is_a_sum(capsys: pytest.CaptureFixture[str]) -> None:
    seen = overview()
    assert plain(terminal.explanation_view(seen, seen.plan.ranked[0]), capsys) == EXPLANATION


def test_what_would_move_a_task_up_is_told_with_its_points_and_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen = overview()
    shown = plain(terminal.explanation_view(seen, ranked("assembly")), capsys)
    assert RAISES in shown
    assert "What would move it up" not in plain(terminal.explanation_view(seen, seen.plan.ranked[0]), capsys)
    assert "| priority p1 | +30 | 1 |" in markdown.explanation_markdown(seen, ranked("assembly"))


def test_what_may_be_there_twice_is_pointed_out(capsys: pytest.CaptureFixture[str]) -> None:
    seen = overview(tasks=[make_task("Call Anna"), replace(make_task("anna, call!"), id=TaskId("other:1"))])
    shown = plain(terminal.list_view(seen, seen.plan.ranked), capsys)
    assert "\nPerhaps there twice:\n  anna, call!: other:1, test:Call Anna\n" in shown
    assert "- anna, call!: other:1, test:Call Anna\n" in markdown.ranked_markdown(seen, seen.plan.ranked)


def test_why_not_says_what_binds_a_task_that_cannot_be_planned(capsys: pytest.CaptureFixture[str]) -> None:
    seen = overview()
    waiting = next(one for one in seen.plan.ranked if one.task.title == "hear from Anna")
    assert plain(terminal.why_not_view(seen, waiting), capsys) == WAITING


def test_the_list_has_what_is_on_its_way_and_what_was_given_up(capsys: pytest.CaptureFixture[str]) -> None:
    failed = Pending(TASKS[0].id, "figures", Change.DONE, NOW, problem="it is gone", given_up=True)
    seen = overview(pending=[failed])
    shown = plain(terminal.list_view(seen, seen.plan.ranked), capsys)
    assert (
        "figures: done; the last attempt failed: it is gone; it is not tried again, and task-priority undo drops it"
        in shown
    )
    assert "1     71  figures" in shown


def test_an_empty_list_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert "No open task is like that.\n" in plain(terminal.list_view(overview(), []), capsys)
    nothing = plain(terminal.today_view(overview(tasks=[]), []), capsys)
    assert "Nothing is to be done.\n" in nothing
    assert "0 min due and 54 h 30 min free" in nothing


def test_a_week_has_every_day(capsys: pytest.CaptureFixture[str]) -> None:
    shown = plain(terminal.week_view(overview(), days_of(overview())), capsys)
    assert shown.startswith("Today, Thursday 26 November\n  09:07–10:00  ▸  figures (1 of 2)\n")
    assert "\nTomorrow, Friday 27 November\n  nothing planned\n" in shown
    assert "\nWednesday 2 December\n" in shown
    assert "3 December" not in shown


def test_sources_name_what_could_not_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    shown = plain(terminal.sources_view(overview()), capsys)
    assert "todoist          12 min ago      5       0       1" in shown
    assert "  todoist: tasks 77: its due date '2026-13-01' is no day\n" in shown


def test_foreign_text_neither_colours_nor_moves_the_cursor() -> None:
    target = io.StringIO()
    console = Console(file=target, force_terminal=True, width=200)
    console.print(terminal.today_view(overview(), overview().plan.ranked))
    shown = target.getvalue()
    assert "\x1b[31m" in shown  # our own colours are there
    assert "plumber*\x1b[31m" not in shown
    assert "[bold]write[/bold] a book" in shown


@pytest.mark.parametrize("width", [40, 80, 120])
def test_on_a_narrow_terminal_nothing_is_wider_than_it(width: int) -> None:
    target = io.StringIO()
    console = Console(file=target, width=width, color_system=None)
    for view in (
        terminal.today_view(overview(), overview().plan.ranked),
        terminal.plan_view(overview()),
        terminal.busy_view(overview(), days_of(overview())),
    ):
        console.print(view)
    assert max(len(line) for line in target.getvalue().splitlines()) <= width


def test_reasons_stand_below_their_task_where_the_table_would_be_too_wide() -> None:
    view = terminal.today_view(overview(), overview().plan.ranked[:2])
    assert drawn(view, 80).startswith(TODAY_AT_80)
    assert TODAY_AT_50 in drawn(view, 50)
    assert drawn(view, 180) == TODAY


def test_what_has_no_place_is_set_in_where_a_line_would_be_too_wide() -> None:
    assert NO_PLACE_AT_80 in drawn(terminal.plan_view(overview()), 80)


def test_settings_that_were_changed_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    shown = plain(settings_view(SettingsTable(weights=WeightsTable(due=12))), capsys)
    assert "*  due       12 " in shown
    assert "   overdue   40 " in shown
