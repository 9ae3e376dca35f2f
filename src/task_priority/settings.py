"""What people can change about ranking and plan: each figure has a name, a default and a place in the explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, time, timedelta, tzinfo
from types import MappingProxyType

_MONDAY_TO_FRIDAY = range(5)


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """A part of a day on the local clock; ``end`` is not in it, and ``00:00`` as an end is midnight.

    Raises:
        ValueError: It ends before it starts.
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.end != time(0) and self.end <= self.start:
            raise ValueError(f"hours end at {self.end:%H:%M}, before they start at {self.start:%H:%M}")


@dataclass(frozen=True, slots=True)
class FocusBlock:
    """Working time that is kept for tasks with one of these labels.

    Attributes:
        weekday: 0 is Monday.
    """

    weekday: int
    hours: Hours
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Weights:
    """The points that a task can get; each is the most that its term gives, or takes if it is negative."""

    overdue: int = 40
    due: int = 30
    slack: int = 30
    priority: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({4: 30, 3: 18, 2: 8, 1: 0}))
    age: int = 10
    quick: int = 6
    blocked: int = -40
    waiting: int = -60
    someday: int = -80
    labels: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    projects: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class BusyRules:
    """Which events take time up; a cancelled one never does.

    Attributes:
        focus_time: False: it is time to work on tasks.
        transparent: What its owner shows as free.
    """

    declined: bool = False
    transparent: bool = False
    tentative: bool = True
    unanswered: bool = True
    all_day: bool = False
    out_of_office: bool = True
    focus_time: bool = False
    working_location: bool = False
    birthday: bool = False


def _office_hours() -> Mapping[int, tuple[Hours, ...]]:
    nine_to_five = (Hours(time(9), time(12, 30)), Hours(time(13), time(17)))
    return MappingProxyType(dict.fromkeys(_MONDAY_TO_FRIDAY, nine_to_five))


@dataclass(frozen=True, slots=True)
class Settings:
    """All that ranking and plan depend on, but for the tasks, the events and the present.

    Attributes:
        zone: Where the owner is: days and floating times are read there.
        working_hours: By weekday, 0 is Monday.
        buffer: Left free before and after each event.
        horizon: How far the plan reaches.
        default_duration: Of a task that has none, and no label that is a length.
        shortest_piece: Nothing is split into less; nothing shorter than this is left over for the plan either.
        split: May tasks be split that have none of the labels ``whole``?
        urgent_within: What is due so soon is urgent (Eisenhower).
        important_from: The lowest priority that makes a task important (Eisenhower).
    """

    zone: tzinfo = UTC
    working_hours: Mapping[int, tuple[Hours, ...]] = field(default_factory=_office_hours)
    focus: tuple[FocusBlock, ...] = ()
    buffer: timedelta = timedelta(minutes=5)
    horizon: timedelta = timedelta(days=7)
    default_duration: timedelta = timedelta(minutes=30)
    shortest_piece: timedelta = timedelta(minutes=30)
    split: bool = True
    whole_labels: frozenset[str] = frozenset({"whole"})
    waiting_labels: frozenset[str] = frozenset({"waiting", "waiting-for"})
    someday_labels: frozenset[str] = frozenset({"someday", "maybe"})
    blocked_labels: frozenset[str] = frozenset({"blocked"})
    important_labels: frozenset[str] = frozenset({"important"})
    important_from: int = 3
    urgent_within: timedelta = timedelta(days=2)
    weights: Weights = field(default_factory=Weights)
    busy: BusyRules = field(default_factory=BusyRules)
