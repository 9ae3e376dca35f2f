"""What a calendar document holds, as objects to store: each event and task once, or set aside with a reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from crossdock.exporting import Found, SetAside
from task_priority.expansion.written import read_moment, write_moment
from task_priority.exporters.ics.components import CALENDAR, ITEMS, ZONE, Component, calendars_in
from task_priority.exporters.ics.defined_zone import defined_zone, definition_of
from task_priority.exporters.ics.lines import Property
from task_priority.exporters.ics.zones import known_zone

EVENTS: Final = "events"
TODOS: Final = "todos"
KINDS: Final = {"VEVENT": EVENTS, "VTODO": TODOS}
MAX_VALUE_CHARS: Final = 20_000

_WRITTEN_ANEW: Final = frozenset({"DTSTAMP"})
"""Many calendars say of each event when the document was made: that is no change of the event."""
_ONCE: Final = ("DTSTART", "DTEND", "DUE", "DURATION", "UID", "RECURRENCE-ID")
_SHOWN_CHARS: Final = 2_000

Age: TypeAlias = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Taken:
    """All events and tasks of a document; those found twice are there twice.

    Attributes:
        versions: What grows from version to version of an object, with the object.
    """

    versions: Sequence[tuple[Age, Found]]
    set_aside: Sequence[SetAside]
    unknown_zones: frozenset[str]

    @property
    def found(self) -> Sequence[Found]:
        """All, the newest last."""
        return newest_last([self])


@dataclass(frozen=True, slots=True)
class _Calendar:
    """What the objects of a calendar have from it; ``cancels``: it was sent to say that all of them are off."""

    scope: str
    name: str | None
    zone: str | None
    cancels: bool
    definitions: Mapping[str, Any]


def objects_in(document: bytes, scope: str) -> Taken:
    """Take a document apart.

    Args:
        document: Of a feed or a file.
        scope: Which one: the ids begin with it, since two feeds may hold the same event.

    Raises:
        NoCalendar: It is no whole calendar.
    """
    versions: list[tuple[Age, Found]] = []
    set_aside: list[SetAside] = []
    unknown = set[str]()
    for component in calendars_in(document):
        calendar = _calendar(component, scope)
        for item in component.within(ITEMS):
            if component.name != CALENDAR or item not in component.parts:
                item.problem = "it does not stand in a calendar"
            try:
                versions.append((_age(item), _found(item, calendar)))
                unknown.update(_unknown_zones(item, calendar))
            except ValueError as error:
                set_aside.append(_set_aside(item, str(error)))
    return Taken(versions, set_aside, frozenset(unknown))


def newest_last(documents: Iterable[Taken]) -> list[Found]:
    """Return what was found in documents, the newest last, in whichever of them it is."""
    versions = sorted((one for taken in documents for one in taken.versions), key=lambda version: version[0])
    return [found for _, found in versions]


def _calendar(component: Component, scope: str) -> _Calendar:
    definitions: dict[str, Any] = {}
    for part in component.parts:
        name = part.text("TZID") if part.name == ZONE else None
        if not name or known_zone(name):
            continue
        try:
            definition = definition_of(part)
            defined_zone(name, definition)
        except ValueError:
            continue  # then it is one of the unknown zones, which are told
        definitions[name] = definition
    return _Calendar(
        scope,
        component.text("X-WR-CALNAME"),
        component.text("X-WR-TIMEZONE"),
        (component.text("METHOD") or "").upper() == "CANCEL",
        definitions,
    )


def _found(item: Component, calendar: _Calendar) -> Found:
    if item.problem:
        raise ValueError(item.problem)
    for name in _ONCE:
        if len({one.value for one in item.properties if one.name == name}) > 1:
            raise ValueError(f"it has {name} twice")
    if item.name == "VEVENT" and item.first("DTSTART") is None:
        raise ValueError("it has no DTSTART")
    properties = [_stored(one) for one in item.properties if one.name not in _WRITTEN_ANEW]
    if calendar.cancels:
        properties = [*(one for one in properties if one[0] != "STATUS"), ["STATUS", {}, "CANCELLED"]]
    zones = {name: calendar.definitions[name] for name in _zone_names(item) if name in calendar.definitions}
    data = {
        "component": item.name,
        "scope": calendar.scope,
        "calendar": calendar.name,
        "zone": calendar.zone,
        "uid": item.text("UID") or _digest(properties),
        "properties": properties,
        "zones": zones,
        "unreadable": item.unreadable,
    }
    return Found(KINDS[item.name], _id(data, item), data)


def _stored(one: Property) -> list[Any]:
    binary = one.parameters.get("VALUE", "").upper() == "BINARY"
    value = "" if binary else one.value[:MAX_VALUE_CHARS]
    return [one.name, dict(sorted(one.parameters.items())), value.replace("\0", "")]


def _id(data: Mapping[str, Any], item: Component) -> str:
    recurrence = item.first("RECURRENCE-ID")
    which = "" if recurrence is None else f"/{write_moment(read_moment(recurrence.value))}"
    return f"{data['scope']}:{data['uid']}{which}"


def _digest(properties: Sequence[Any]) -> str:
    """Return what stands for a UID where there is none."""
    return f"sha256-{hashlib.sha256(json.dumps(properties).encode()).hexdigest()[:32]}"


def _age(item: Component) -> Age:
    """Return what grows with each version: SEQUENCE, then when it was written."""
    sequence = item.text("SEQUENCE") or ""
    number = int(sequence) if sequence.isascii() and sequence.isdigit() and len(sequence) < 10 else 0  # noqa: PLR2004
    return number, item.text("DTSTAMP") or "", item.text("LAST-MODIFIED") or ""


def _zone_names(item: Component) -> set[str]:
    return {one.parameters["TZID"] for one in item.properties if one.parameters.get("TZID")}


def _unknown_zones(item: Component, calendar: _Calendar) -> set[str]:
    return {name for name in _zone_names(item) if name not in calendar.definitions and not known_zone(name)}


def _set_aside(item: Component, reason: str) -> SetAside:
    shown = "\n".join(f"{one.name}:{one.value}" for one in item.properties)[:_SHOWN_CHARS]
    return SetAside(KINDS[item.name], item.text("UID"), reason, {"component": item.name, "text": shown})
