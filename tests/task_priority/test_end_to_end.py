"""From objects as services tell them to a plan: what holds whatever the calendars, the settings and the order are."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.exporting import Exporter
from task_priority.exporters.ics import IcsExporter
from task_priority.exporters.ics import Source as Calendar
from task_priority.looking import look
from task_priority.overview import Overview, SourceState
from task_priority.reading import Objects, Window
from task_priority.settings import Settings
from task_priority.sources import reader_of
from task_priority.trying import sandbox_sources
from tests.task_priority.cases import SETTINGS, all_settings
from tests.task_priority.exporters.ics.seen import CORPUS
from tests.task_priority.exporters.kept import objects_of
from tests.task_priority.plans import check_no_overlap, check_sums

NOW = datetime(2026, 3, 9, 8, 7, tzinfo=UTC)
"""In the month of the ugly calendars."""
UGLY = sorted(path for path in CORPUS.glob("*.ics") if not path.name.startswith("file-that-"))


@dataclass(frozen=True)
class Told:
    """A source of which everything was told; reads it anew whenever it is looked at."""

    name: str
    objects: Objects

    def state(self, window: Window) -> SourceState:
        reading = reader_of(self.name)(self.objects, window)
        return SourceState(self.name, NOW, tasks=reading.tasks, events=reading.events, unread=reading.unread)

    def shuffled(self, dice: random.Random) -> Told:
        return Told(self.name, {kind: _shuffled(found, dice) for kind, found in self.objects.items()})


def _shuffled(found: dict[str, object], dice: random.Random) -> dict[str, object]:
    return dict(dice.sample(sorted(found.items(), key=lambda one: one[0]), len(found)))


def told_by(exporter: Exporter) -> Told:
    pulls = list(exporter.pull({}))
    return Told(exporter.name, objects_of(one for pull in pulls for one in pull.found))


@cache
def demo() -> tuple[Told, ...]:
    with sandbox_sources(NOW, "Europe/Oslo") as sources:
        return tuple(told_by(source.exporter) for source in sources)


@cache
def ugly() -> tuple[Told, ...]:
    return tuple(told_by(IcsExporter([Calendar(path.stem, str(path))])) for path in UGLY)


def seen(sources: Sequence[Told], chosen: Settings) -> Overview:
    return look(sources, chosen, NOW)


CALENDARS = st.sets(st.integers(0, len(UGLY) - 1), max_size=6).map(lambda some: [ugly()[one] for one in some])


@settings(max_examples=10)
@given(CALENDARS, all_settings(), st.randoms(use_true_random=False))
def test_what_is_told_comes_to_one_sound_plan(
    calendars: list[Told], chosen: Settings, dice: random.Random
) -> None:
    sources = [*demo(), *calendars]
    plan = seen(sources, chosen).plan
    check_no_overlap(plan, now=NOW, settings=chosen)
    check_sums(plan)
    again = [one.shuffled(dice) for one in dice.sample(sources, len(sources))]
    assert seen(again, chosen).plan == plan


def test_all_ugly_calendars_and_the_demo_account_are_planned_around() -> None:
    plan = seen([*demo(), *ugly()], SETTINGS).plan
    check_no_overlap(plan, now=NOW, settings=SETTINGS)
    check_sums(plan)
    assert plan.placed
    assert len({one.event.id.source for one in plan.busy}) == 2
