"""Makes tasks of Todoist's objects. What is wrong with one field is told, and the task is kept without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Any, Final, TypeVar

from task_priority.exporters.todoist.changes import id_of, is_gone
from task_priority.exporters.todoist.dates import day_of, instant_of, moment_of, zone_named
from task_priority.exporters.todoist.exporter import NAME
from task_priority.model import Priority, Task, TaskId
from task_priority.moments import Floating, Moment
from task_priority.reading import Objects, Reading, Unread, Window

T = TypeVar("T")

WORKING_DAY: Final = timedelta(hours=8)
_KIND: Final = "tasks"
_HEADING: Final = "* "
_MOST_DAYS: Final = 1000
_HOURS: Final = 24
_MINUTES: Final = 60
_NOTHING: Final[Mapping[str, Any]] = {}


def read(
    objects: Objects,
    window: Window,  # noqa: ARG001 - Todoist tells no more than the next time of what repeats
    *,
    source: str = NAME,
    working_day: timedelta = WORKING_DAY,
) -> Reading:
    """Make tasks of what is open.

    Args:
        objects: Those of the exporter, or others of the same form.
        window: Not needed; Todoist has no rule by which one could unfold what repeats.
        source: Whose tasks they are.
        working_day: What a day of a duration means.
    """
    maker = _Maker(objects, source, working_day)
    tasks: list[Task] = []
    unread: list[Unread] = []
    for id, raw in objects.get(_KIND, _NOTHING).items():
        if not maker.is_open(raw):
            continue
        try:
            task, doubts = maker.task(id, raw)
        except ValueError as error:
            unread.append(Unread(_KIND, id, str(error)))
            continue
        tasks.append(task)
        if doubts:
            unread.append(Unread(_KIND, id, "; ".join(doubts)))
    return Reading(tasks=tasks, unread=unread)


def owner_zone(objects: Objects) -> tzinfo | None:
    """Return where the user is by Todoist's settings; an unknown name of a zone counts by its offset.

    Args:
        objects: Those of the exporter; None is returned if the user is not among them.
    """
    for user in objects.get("user", _NOTHING).values():
        info = _mapping(user.get("tz_info"))
        if (zone := zone_named(info.get("timezone"))) is not None:
            return zone
        hours, minutes = info.get("hours"), info.get("minutes")
        if (
            isinstance(hours, int)
            and isinstance(minutes, int)
            and abs(hours) < _HOURS
            and abs(minutes) < _MINUTES
        ):
            return timezone(timedelta(hours=hours, minutes=abs(minutes) if hours >= 0 else -abs(minutes)))
    return None


class _Maker:
    """Makes tasks; knows their surroundings."""

    def __init__(self, objects: Objects, source: str, working_day: timedelta) -> None:
        self._tasks = objects.get(_KIND, _NOTHING)
        self._projects = objects.get("projects", _NOTHING)
        self._sections = objects.get("sections", _NOTHING)
        self._people = objects.get("collaborators", _NOTHING)
        self._owners = frozenset(objects.get("user", _NOTHING))
        self._source = source
        self._working_day = working_day

    def is_open(self, raw: Mapping[str, Any]) -> bool:
        """Tell whether neither the task is done nor anything that it is in is done, archived or deleted."""
        seen = set[str]()
        while True:
            project, section = self._around(raw)
            if is_gone(raw) or is_gone(project) or is_gone(section):
                return False
            parent = id_of(raw.get("parent_id"))
            if parent is None or parent in seen or parent not in self._tasks:
                return True
            seen.add(parent)
            raw = self._tasks[parent]

    def task(self, id: str, raw: Mapping[str, Any]) -> tuple[Task, list[str]]:
        """Make a task.

        Returns:
            The task, and what of it could not be read.

        Raises:
            ValueError: Nothing says what is to be done.
        """
        fields = _Fields()
        content = raw.get("content")
        if not isinstance(content, str) or not content.strip():
            raise ValueError(f"its content is {content!r:.80}, so nobody knows what is to be done")
        project, section = self._around(raw)
        heading = content.startswith(_HEADING)
        parent = id_of(raw.get("parent_id"))
        due = _mapping(raw.get("due"))
        task = Task(
            id=self._task_id(id),
            title=content.removeprefix(_HEADING).strip(),
            project=_text(project.get("name")),
            section=_text(section.get("name")),
            labels=fields.read("labels", raw.get("labels"), _labels) or (),
            priority=fields.read("priority", raw.get("priority"), Priority) or Priority.NORMAL,
            due=fields.read("due date", raw.get("due"), lambda value: _due(value, fields)),
            deadline=fields.read("deadline", raw.get("deadline"), _deadline),
            duration=fields.read("duration", raw.get("duration"), self._duration),
            parent=None if parent is None else self._task_id(parent),
            added=fields.read("time of writing", raw.get("added_at", raw.get("date_added")), _added),
            assignee=self._assignee(raw),
            recurring=due.get("is_recurring") is True,
            actionable=not heading,
            url=f"https://app.todoist.com/app/task/{id}" if self._source == NAME else None,
        )
        return task, fields.doubts

    def _task_id(self, id: str) -> TaskId:
        return TaskId(f"{self._source}:{id}")

    def _around(self, raw: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        project, section = id_of(raw.get("project_id")), id_of(raw.get("section_id"))
        return self._projects.get(project or "", _NOTHING), self._sections.get(section or "", _NOTHING)

    def _assignee(self, raw: Mapping[str, Any]) -> str | None:
        id = id_of(raw.get("responsible_uid"))
        owners = self._owners or {id_of(raw.get("user_id"))} - {None}
        if id is None or not owners or id in owners:
            return None
        person = self._people.get(id, _NOTHING)
        names = (raw.get("responsible"), person.get("full_name"), person.get("email"), f"user {id}")
        return next(name for name in map(_text, names) if name)

    def _duration(self, value: object) -> timedelta:
        match value:
            case {"amount": int(amount), "unit": "minute" | "day" as unit} if (
                amount > 0 and amount is not True
            ):
                length = timedelta(minutes=1) if unit == "minute" else self._working_day
                if amount > timedelta(days=_MOST_DAYS) / length:
                    raise ValueError(f"{amount} {unit}s are longer than anybody plans")
                return amount * length
        raise ValueError(f"{value!r:.80} is no number of minutes or days")


class _Fields:
    """Reads fields one by one, and collects what is wrong with them."""

    def __init__(self) -> None:
        self.doubts: list[str] = []

    def read(self, name: str, value: object, reader: Callable[[Any], T]) -> T | None:
        """Read a field; None: it is not there, or wrong."""
        if value is None:
            return None
        try:
            return reader(value)
        except (ValueError, OverflowError) as error:
            self.doubts.append(f"its {name} cannot be read, and is left out: {error}")
            return None


def _labels(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(label, str) for label in value):
        raise ValueError(f"{value!r:.80} is no list of names")
    return tuple(value)


def _due(value: object, fields: _Fields) -> Moment:
    due = _mapping(value)
    text, zone = due.get("datetime") or due.get("date"), due.get("timezone")
    if text is None:
        raise ValueError(f"{due.get('string', value)!r:.80} names no day for certain")
    moment = moment_of(text, zone)
    if isinstance(moment, Floating) and zone is not None:
        fields.doubts.append(f"its time zone {zone!r:.80} is not known, so {text} counts where you are")
    return moment


def _deadline(value: object) -> date:
    return day_of(_mapping(value).get("date"))


def _added(value: object) -> datetime:
    return instant_of(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else _NOTHING
