"""The lines by which Google Calendar tells how an event repeats.

Source: RFC 5545, sections 3.8.5.1 to 3.8.5.3; Google leaves DTSTART out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final

from task_priority.expansion.rule import parse_rule
from task_priority.expansion.written import read_moment
from task_priority.exporters.google.times import zone_of
from task_priority.moments import Floating, Instant, Moment

_RULES: Final = frozenset({"RRULE", "EXRULE"})
_DATES: Final = frozenset({"RDATE", "EXDATE"})


@dataclass(slots=True)
class Recurrence:
    """How an event repeats.

    Attributes:
        rules: Lines, without parameters.
        dates: More repetitions.
        exceptions: Repetitions that are left out.
        issues: What is wrong with the lines that could not be read. The others count.
    """

    rules: list[str] = field(default_factory=list)
    dates: list[Moment] = field(default_factory=list)
    exceptions: list[Moment] = field(default_factory=list)
    issues: list[str] = field(default_factory=list)


def recurrence_of(lines: Iterable[object], zone: tzinfo | None) -> Recurrence:
    """Read the lines.

    Args:
        lines: As told.
        zone: Of the event, for dates whose zone is unknown.
    """
    recurrence = Recurrence()
    for line in lines:
        try:
            _take(recurrence, str(line), zone)
        except ValueError as error:
            recurrence.issues.append(f"{str(line)[:80]!r} cannot be followed: {error}")
    return recurrence


def _take(recurrence: Recurrence, line: str, zone: tzinfo | None) -> None:
    head, _, value = line.partition(":")
    name, *parameters = head.strip().upper().split(";")
    if name == "RRULE" and "=" not in value:
        name = "RDATE"  # some importers write the dates under the name of the rule
    if name in _RULES:
        parse_rule(value)
        recurrence.rules.append(f"{name}:{value}")
    elif name in _DATES:
        moments = list(_moments(value, _zone_in(head, parameters, zone)))
        (recurrence.dates if name == "RDATE" else recurrence.exceptions).extend(moments)
    else:
        raise ValueError("it is neither RRULE, EXRULE, RDATE nor EXDATE")


def _zone_in(head: str, parameters: list[str], zone: tzinfo | None) -> tzinfo | None:
    """Return the zone of the parameter TZID, whose value keeps its case; a zone that is not known is the event's."""
    for upper, parameter in zip(parameters, head.strip().split(";")[1:], strict=True):
        if upper.startswith("TZID="):
            return zone_of(parameter[len("TZID=") :].strip('"'), zone).zone
    return None


def _moments(value: str, zone: tzinfo | None) -> Iterator[Moment]:
    for text in value.split(","):
        moment = read_moment(text.partition("/")[0])  # of a period, the start
        if isinstance(moment, Floating) and zone is not None:
            moment = Instant(moment.time.replace(tzinfo=zone))
        yield moment
