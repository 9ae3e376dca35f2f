"""Stored events as events of the model: each repetition, with what was changed about it.

Source: RFC 5545, sections 3.6.1, 3.8.4.4 and 3.8.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta, tzinfo
from typing import Final

from task_priority.expansion.clock import Clock
from task_priority.expansion.series import Series, expand
from task_priority.expansion.written import read_moment, write_moment
from task_priority.exporters.ics.stored import Stored
from task_priority.exporters.ics.values import Length, duration_of, end_of_length, length_between
from task_priority.model import Answer, Event, EventId, EventKind
from task_priority.moments import Day, Instant, Moment, start_of
from task_priority.reading import Window

SOURCE: Final = "ics"
UNTITLED: Final = "(no title)"
_LONGEST_LOOKED_BACK: Final = timedelta(days=366)
_ANSWERS: Final = {
    "ACCEPTED": Answer.ACCEPTED, "TENTATIVE": Answer.TENTATIVE, "DECLINED": Answer.DECLINED,
    "NEEDS-ACTION": Answer.OPEN,
}  # fmt: skip
_KINDS: Final = {"OOF": EventKind.OUT_OF_OFFICE, "WORKINGELSEWHERE": EventKind.WORKING_LOCATION}


@dataclass(frozen=True, slots=True)
class Version:
    """How repetitions are: the series itself, or what replaces one of them or all from one on.

    Attributes:
        event: What does not differ between its repetitions.
        original: Which it replaces.
        onwards: Whether it replaces all later ones, too.
    """

    stored: Stored
    event: Event
    start: Moment
    length: Length
    zone: tzinfo
    original: Moment | None = None
    onwards: bool = False


def replacement(change: Version, master: Version | None, window: Window) -> Iterator[Event]:
    """Yield the one repetition that a change is, if it is within a window at least in part.

    Raises:
        ValueError: It cannot be placed.
    """
    if change.original is None:
        return
    original = change.original
    if master is not None:
        original = _series(master).clock(window.zone).alike(original)
    yield from _within(_event(change, change.start, change.length, write_moment(original)), window)


def version_of(stored: Stored, owner: tzinfo, owners: frozenset[str]) -> Version:
    """Read what a component says, and what it replaces.

    Args:
        stored: An event.
        owner: The zone of days and floating times.
        owners: Addresses of e-mail of the calendar's owner.

    Raises:
        ValueError: It cannot be read.
    """
    start = stored.moment("DTSTART")
    if start is None:
        raise ValueError("it has no DTSTART")
    zone = stored.zone_of("DTSTART") or (UTC if isinstance(start, Instant) else owner)
    recurrence = stored.first("RECURRENCE-ID")
    onwards = recurrence is not None and recurrence.parameters.get("RANGE", "").upper() == "THISANDFUTURE"
    return Version(
        stored,
        _first(stored, start, owners),
        start,
        _length(stored, start, zone),
        zone,
        stored.moment("RECURRENCE-ID"),
        onwards,
    )


def _length(stored: Stored, start: Moment, zone: tzinfo) -> Length:
    end = stored.moment("DTEND")
    if end is not None:
        return length_between(start, end, zone)
    duration = stored.first("DURATION")
    if duration is not None:
        return duration_of(duration.value)
    return Length(1) if isinstance(start, Day) else Length()


def repetitions(master: Version, changes: Sequence[Version], window: Window) -> Iterator[Event]:
    """Yield the repetitions of a series that are within a window at least in part, but for those that are replaced.

    Args:
        master: The series, or a single event.
        changes: What replaces one of its repetitions, or all from one on.
        window: What is looked at.

    Raises:
        ValueError: A rule is wrong, or repeats too often.
    """
    stored = master.stored
    series = _series(master)
    clock = series.clock(window.zone)
    replaced = {write_moment(clock.alike(one.original)) for one in changes if one.original}
    later = sorted(
        ((start_of(clock.alike(one.original), window.zone), number) for number, one in enumerate(changes)
         if one.onwards and one.original),
    )  # fmt: skip
    lengths = {write_moment(clock.alike(at)): length for at, length in stored.periods("RDATE") if length}
    for occurrence in expand(series, _widened(window, [master, *changes])):
        if occurrence.original in replaced:
            continue
        begun = [number for at, number in later if at <= start_of(occurrence.start, window.zone)]
        version = changes[begun[-1]] if begun else master
        start = _moved(occurrence.start, version, clock)
        length = lengths.get(occurrence.original, version.length)
        instance = occurrence.original if stored.repeats else ""
        yield from _within(_event(version, start, length, instance), window)


def _series(master: Version) -> Series:
    """Return its series; in a zone it repeats at the time that is written, even if no clock shows that of its start."""
    stored = master.stored
    written = stored.first("DTSTART")
    if written is None or stored.zone_of("DTSTART") is None:
        return stored.series(master.start)
    return stored.series(read_moment(written.value))


def _widened(window: Window, versions: Sequence[Version]) -> Window:
    """Return a window in which all repetitions start that reach into another, moved or not."""
    back = max(max(one.length.most, timedelta(0)) for one in versions) + timedelta(days=1)
    moves = [abs(_shift(one)) for one in versions if one.onwards]
    margin = max(moves, default=timedelta(0))
    return Window(window.start - min(back + margin, _LONGEST_LOOKED_BACK), window.end + margin, window.zone)


def _shift(version: Version) -> timedelta:
    """Return by how much a change moves the repetitions from it on."""
    if version.original is None:
        return timedelta(0)
    return start_of(version.start, version.zone) - start_of(version.original, version.zone)


def _moved(start: Moment, version: Version, clock: Clock) -> Moment:
    """Return where a change moves a repetition, by the local clock."""
    if version.original is None:
        return start
    shift = clock.local(version.start) - clock.local(version.original)
    return clock.moment(clock.local(start) + shift)


def _event(version: Version, start: Moment, length: Length, instance: str) -> Event:
    return replace(
        version.event,
        id=replace(version.event.id, instance=instance),
        start=start,
        end=end_of_length(start, length, version.zone),
    )


def _first(stored: Stored, start: Moment, owners: frozenset[str]) -> Event:
    """Return the event that a component describes, of no length."""
    busy = stored.word("X-MICROSOFT-CDO-BUSYSTATUS")
    return Event(
        id=EventId(SOURCE, stored.scope, stored.uid),
        title=stored.text("SUMMARY") or UNTITLED,
        start=start,
        end=start,
        transparent=stored.word("TRANSP") == "TRANSPARENT" or busy == "FREE",
        cancelled=stored.word("STATUS") == "CANCELLED",
        answer=_answer(stored, busy, owners),
        kind=_KINDS.get(busy, EventKind.DEFAULT),
    )


def _answer(stored: Stored, busy: str, owners: frozenset[str]) -> Answer:
    """Return what the owner answered; else what the event says of itself."""
    for attendee in stored.all("ATTENDEE"):
        address = attendee.value.lower().removeprefix("mailto:").strip()
        if address in owners or address == stored.calendar.lower():
            # Source: RFC 5545, section 3.2.12: NEEDS-ACTION is the default
            return _ANSWERS.get(attendee.parameters.get("PARTSTAT", "NEEDS-ACTION").upper(), Answer.OPEN)
    return Answer.TENTATIVE if "TENTATIVE" in {stored.word("STATUS"), busy} else Answer.NONE


def _within(event: Event, window: Window) -> Iterator[Event]:
    first, last = start_of(event.start, window.zone), start_of(event.end, window.zone)
    if first < window.end and (last > window.start or first >= window.start):
        yield event
