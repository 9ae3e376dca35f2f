"""The tables of ``settings.toml``: every figure that ranking and plan depend on, under a name that people can read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import time, timedelta, tzinfo
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from crossdock.config import Duration, Expected, Flag, Table
from task_priority.settings import BusyRules, FocusBlock, Hours, Settings, Weights

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS_PATTERN: Final = r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"
_PRIORITIES: Final = {"p1": 4, "p2": 3, "p3": 2, "p4": 1}
_DEFAULTS: Final = Settings()
_WEIGHTS: Final = _DEFAULTS.weights
_BUSY: Final = _DEFAULTS.busy

T = TypeVar("T")


def _from_text(parse: Callable[[str], T]) -> Callable[[object], T]:
    """Return what reads a value that must be text; Pydantic wants a ValueError if it is none."""

    def read(given: object) -> T:
        if not isinstance(given, str):
            raise ValueError(given)  # noqa: TRY004 - Pydantic lets a TypeError through
        return parse(given)

    return read


def parse_hours(text: str) -> Hours:
    """Read a part of a day, such as ``09:00-12:30``.

    Raises:
        ValueError: It is none.
    """
    if not re.fullmatch(_HOURS_PATTERN, text):
        raise ValueError(text)
    start, end = text.split("-")
    return Hours(time.fromisoformat(start), time(0) if end == "24:00" else time.fromisoformat(end))


def format_hours(hours: Hours) -> str:
    """Write a part of a day as ``parse_hours`` reads it."""
    end = "24:00" if hours.end == time(0) else f"{hours.end:%H:%M}"
    return f"{hours.start:%H:%M}-{end}"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(name) from error
    return name


def _positive(duration: timedelta) -> timedelta:
    if not duration:
        raise ValueError(duration)
    return duration


Points: TypeAlias = Annotated[int, Field(ge=-1000, le=1000), Expected("a whole number from -1000 to 1000")]
Span: TypeAlias = Annotated[Duration, Expected('a duration such as "30m", "1h30m" or "7d"')]
Length: TypeAlias = Annotated[
    Duration, AfterValidator(_positive), Expected('a duration of more than 0, such as "30m", "1h30m" or "7d"')
]
PartOfDay: TypeAlias = Annotated[
    Hours,
    BeforeValidator(_from_text(parse_hours)),
    PlainSerializer(format_hours),
    WithJsonSchema({"type": "string", "pattern": _HOURS_PATTERN}),
    Expected('a part of a day such as "09:00-12:30", its end after its start, "24:00" at most'),
]
PartsOfDay: TypeAlias = Annotated[
    list[PartOfDay], Expected('an array of parts of the day, such as ["09:00-12:30", "13:00-17:00"]')
]
LabelNames: TypeAlias = Annotated[
    list[Annotated[str, Field(min_length=1), Expected('the name of a label, without "@"')]],
    Expected('an array of names of labels, without "@", such as ["waiting"]'),
]
PriorityName: TypeAlias = Annotated[Literal["p1", "p2", "p3", "p4"], Expected('"p1", "p2", "p3" or "p4"')]
DayName: TypeAlias = Annotated[
    Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    Expected('a day such as "monday"'),
]
ZoneName: TypeAlias = Annotated[
    str, AfterValidator(_zone), Expected('a time zone of the IANA database, such as "Europe/Oslo"')
]
PointsByName: TypeAlias = Annotated[
    dict[str, Points], Expected("a table of names and points, such as { errands = 5 }")
]


def _day_field(weekday: int) -> Any:  # noqa: ANN401 - Pydantic's fields have no public type
    return Field(
        default=list(_DEFAULTS.working_hours.get(weekday, ())),
        description=f"When you work on {DAYS[weekday].capitalize()}s; [] for not at all.",
    )


class HoursTable(Table):
    """When you work: nothing is planned outside of these hours."""

    monday: PartsOfDay = _day_field(0)
    tuesday: PartsOfDay = _day_field(1)
    wednesday: PartsOfDay = _day_field(2)
    thursday: PartsOfDay = _day_field(3)
    friday: PartsOfDay = _day_field(4)
    saturday: PartsOfDay = _day_field(5)
    sunday: PartsOfDay = _day_field(6)


class FocusTable(Table):
    """Time that is kept for tasks with one of some labels."""

    days: Annotated[list[DayName], Field(min_length=1), Expected('an array of days, such as ["monday"]')] = (
        Field(description="On which days.")
    )
    hours: PartOfDay = Field(description="At which time.")
    labels: LabelNames = Field(description="Only tasks with one of these labels are planned there.")


class PlanTable(Table):
    """How tasks are fitted into the free time."""

    horizon: Length = Field(default=_DEFAULTS.horizon, description="How far the plan reaches.")
    buffer: Span = Field(default=_DEFAULTS.buffer, description="Left free before and after each event.")
    default_duration: Length = Field(
        default=_DEFAULTS.default_duration,
        description="Of a task that does not say how long it takes, nor has a label such as @30m.",
    )
    shortest_piece: Length = Field(
        default=_DEFAULTS.shortest_piece, description="A task is split into no shorter pieces than this."
    )
    split: Flag = Field(default=_DEFAULTS.split, description="May tasks be split at all?")


class LabelsTable(Table):
    """What your labels mean."""

    whole: LabelNames = Field(
        default=sorted(_DEFAULTS.whole_labels), description="Never split a task that has one of these."
    )
    waiting: LabelNames = Field(
        default=sorted(_DEFAULTS.waiting_labels), description="It waits for somebody else."
    )
    someday: LabelNames = Field(
        default=sorted(_DEFAULTS.someday_labels), description="It is put off until you decide."
    )
    blocked: LabelNames = Field(
        default=sorted(_DEFAULTS.blocked_labels), description="Something stands in its way."
    )
    important: LabelNames = Field(
        default=sorted(_DEFAULTS.important_labels), description="It is important (Eisenhower)."
    )


class EisenhowerTable(Table):
    """What is important, and what is urgent."""

    important_from: PriorityName = Field(
        default="p2", description="A task of this priority, or a higher one, is important."
    )
    urgent_within: Span = Field(
        default=_DEFAULTS.urgent_within, description="What is due within this time is urgent."
    )


class PriorityTable(Table):
    """The points for each priority of Todoist."""

    p1: Points = Field(default=_WEIGHTS.priority[4], description="Urgent.")
    p2: Points = Field(default=_WEIGHTS.priority[3], description="High.")
    p3: Points = Field(default=_WEIGHTS.priority[2], description="Raised.")
    p4: Points = Field(default=_WEIGHTS.priority[1], description="All others.")


class WeightsTable(Table):
    """The most points that each reason can give a task, or take from it."""

    overdue: Points = Field(
        default=_WEIGHTS.overdue,
        description="Its day has passed: half, three quarters after a day, and so on.",
    )
    due: Points = Field(default=_WEIGHTS.due, description="Due today; half of it every three days before.")
    slack: Points = Field(
        default=_WEIGHTS.slack, description="By the share of the free time before its end that it needs."
    )
    priority: PriorityTable = Field(default_factory=PriorityTable, description="By its priority.")
    age: Points = Field(default=_WEIGHTS.age, description="Old; half of it after 30 days.")
    quick: Points = Field(
        default=_WEIGHTS.quick, description="It takes 15 minutes or less; half of it for up to 30."
    )
    blocked: Points = Field(default=_WEIGHTS.blocked, description="Something stands in its way.")
    waiting: Points = Field(default=_WEIGHTS.waiting, description="It waits for somebody else.")
    someday: Points = Field(default=_WEIGHTS.someday, description="It is put off until you decide.")
    labels: PointsByName = Field(default={}, description="For tasks with a label, by its name.")
    projects: PointsByName = Field(default={}, description="For tasks of a project, by its name.")


class BusyTable(Table):
    """Which events take time up; cancelled ones never do, and all others do."""

    declined: Flag = Field(default=_BUSY.declined, description="Invitations that you declined.")
    transparent: Flag = Field(
        default=_BUSY.transparent, description="Events that your calendar shows as free."
    )
    tentative: Flag = Field(default=_BUSY.tentative, description="Invitations that you answered with maybe.")
    unanswered: Flag = Field(default=_BUSY.unanswered, description="Invitations that you have not answered.")
    all_day: Flag = Field(default=_BUSY.all_day, description="Events that last all day.")
    out_of_office: Flag = Field(default=_BUSY.out_of_office, description="Out of office.")
    focus_time: Flag = Field(
        default=_BUSY.focus_time, description="Focus time; false: it is for working on tasks."
    )
    working_location: Flag = Field(default=_BUSY.working_location, description="Where you work.")
    birthday: Flag = Field(default=_BUSY.birthday, description="Birthdays.")


class SettingsTable(Table):
    """The whole file."""

    zone: ZoneName | None = Field(default=None, description="Where you are. Unset: the zone of this machine.")
    hours: HoursTable = Field(default_factory=HoursTable, description="When you work.")
    focus: Annotated[list[FocusTable], Expected("an array of tables: [[focus]]")] = Field(
        default=[], description="Time kept for some tasks."
    )
    plan: PlanTable = Field(default_factory=PlanTable, description="How tasks are fitted in.")
    labels: LabelsTable = Field(default_factory=LabelsTable, description="What labels mean.")
    eisenhower: EisenhowerTable = Field(default_factory=EisenhowerTable, description="Important and urgent.")
    weights: WeightsTable = Field(default_factory=WeightsTable, description="The points.")
    busy: BusyTable = Field(default_factory=BusyTable, description="Which events take time up.")

    def to_settings(self, zone: tzinfo) -> Settings:
        """Return what it says.

        Args:
            zone: Where the owner is if the file does not say it.
        """
        labels = self.labels
        return Settings(
            zone=ZoneInfo(self.zone) if self.zone else zone,
            working_hours=_frozen({at: tuple(getattr(self.hours, day)) for at, day in enumerate(DAYS)}),
            focus=tuple(block for table in self.focus for block in _blocks_of(table)),
            whole_labels=_names(labels.whole),
            waiting_labels=_names(labels.waiting),
            someday_labels=_names(labels.someday),
            blocked_labels=_names(labels.blocked),
            important_labels=_names(labels.important),
            important_from=_PRIORITIES[self.eisenhower.important_from],
            urgent_within=self.eisenhower.urgent_within,
            weights=_weights_of(self.weights),
            busy=BusyRules(**dict(self.busy)),
            **dict(self.plan),
        )


def _blocks_of(table: FocusTable) -> Iterable[FocusBlock]:
    labels = frozenset(table.labels)
    return (FocusBlock(DAYS.index(day), table.hours, labels) for day in table.days)


def _weights_of(table: WeightsTable) -> Weights:
    given = dict(table)
    given["priority"] = _frozen({level: getattr(table.priority, name) for name, level in _PRIORITIES.items()})
    given["labels"], given["projects"] = _frozen(table.labels), _frozen(table.projects)
    return Weights(**given)


def _frozen(values: Mapping[Any, T]) -> Mapping[Any, T]:
    return MappingProxyType(dict(values))


def _names(labels: Iterable[str]) -> frozenset[str]:
    """Return labels as the rules compare them: whatever their case."""
    return frozenset(label.casefold() for label in labels)
