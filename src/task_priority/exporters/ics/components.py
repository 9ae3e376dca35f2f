"""The parts of an iCalendar document, each taken on its own, so that a broken one does not spoil the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from task_priority.exporters.ics.lines import Property, lines_of, parse_line

CALENDAR: Final = "VCALENDAR"
ITEMS: Final = frozenset({"VEVENT", "VTODO"})
ZONE: Final = "VTIMEZONE"
MAX_UNREADABLE: Final = 20
"""Lines of one component that are kept though they cannot be read."""


class NoCalendar(ValueError):
    """A document is no calendar, or only a part of one, so that nothing can be concluded from it."""


@dataclass(slots=True, eq=False)
class Component:
    """What stands between a BEGIN and its END.

    Attributes:
        unreadable: Lines that are no properties.
        problem: Why it cannot be taken, if so.
    """

    name: str
    properties: list[Property] = field(default_factory=list)
    parts: list[Component] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    problem: str | None = None

    def first(self, name: str) -> Property | None:
        """Return the first property of a name."""
        return next((one for one in self.properties if one.name == name), None)

    def text(self, name: str) -> str | None:
        """Return the value of the first property of a name as text."""
        found = self.first(name)
        return None if found is None else found.text

    def within(self, names: Collection[str]) -> Iterator[Component]:
        """Yield it and all in it, at any depth, that have one of some names."""
        waiting = [self]
        while waiting:
            component = waiting.pop()
            waiting += reversed(component.parts)
            if component.name in names:
                yield component


def calendars_in(document: bytes) -> list[Component]:
    """Return the calendars of a document; most have one.

    Raises:
        NoCalendar: It is none, or the end of it is missing.
    """
    lines = [line.strip() for line in lines_of(document)]
    if not lines or lines[0].upper() != f"BEGIN:{CALENDAR}":
        raise NoCalendar(_what_it_is(document))
    if lines[-1].upper() != f"END:{CALENDAR}":
        raise NoCalendar(f"it breaks off: its last line is not END:{CALENDAR}")
    root = Component("")
    _Builder(root).build(lines)
    return root.parts


class _Builder:
    """Puts lines into components, as deep as they are nested."""

    def __init__(self, root: Component) -> None:
        self._open = [root]

    def build(self, lines: Iterable[str]) -> None:
        for line in lines:
            word, _, name = line.partition(":")
            match word.strip().upper():
                case "BEGIN":
                    self._begin(name.strip().upper())
                case "END":
                    self._end(name.strip().upper())
                case _:
                    self._add(line)
        self._close_down_to(1, "it does not end")

    def _begin(self, name: str) -> None:
        if name == CALENDAR:
            self._close_down_to(1, f"the next {CALENDAR} begins before it ends")
        elif name in ITEMS or name == ZONE:
            # none of them stands within another
            self._close_down_to(2, f"the next {name} begins before it ends")
        component = Component(name)
        self._open[-1].parts.append(component)
        self._open.append(component)

    def _end(self, name: str) -> None:
        names = [component.name for component in self._open]
        if name not in names[1:]:
            self._add(f"END:{name}")
            return
        place = len(names) - 1 - names[::-1].index(name)
        self._close_down_to(place + 1, f"{name} ends before it does")
        self._open.pop()

    def _close_down_to(self, depth: int, problem: str) -> None:
        while len(self._open) > depth:
            component = self._open.pop()
            component.problem = component.problem or problem

    def _add(self, line: str) -> None:
        component = self._open[-1]
        try:
            component.properties.append(parse_line(line))
        except ValueError:
            if len(component.unreadable) < MAX_UNREADABLE:
                component.unreadable.append(line[:200])


def _what_it_is(document: bytes) -> str:
    start = document[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        return "it is empty"
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<!--")):
        return "it is a web page, not a calendar; such a page often asks for a login"
    return f"it is no calendar: it does not begin with BEGIN:{CALENDAR}"
