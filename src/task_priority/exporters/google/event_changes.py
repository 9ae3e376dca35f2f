"""What Google's list of changed events comes to: events found, gone, and set aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crossdock.exporting import Found, SetAside

EVENTS = "events"
_SURE: Final = ("id", "status", "recurringEventId", "originalStartTime")
"""What Google promises to tell of a cancelled repetition, whether it tells of everything or of what changed.

Source: Google Calendar API v3, resource Events, ``status``.
"""


@dataclass(frozen=True, slots=True)
class EventChanges:
    """What a list of events comes to.

    Attributes:
        exceptions: The events that are exceptions of a series, each with the id of the series. When Google tells that
            a series is deleted it need not tell of them.
    """

    found: list[Found]
    set_aside: list[SetAside]
    exceptions: dict[str, str]


def changes_of(calendar: str, items: Iterable[Any], exceptions: Mapping[str, str]) -> EventChanges:
    """Sort events out.

    A cancelled event is one that is gone, unless it is a repetition of a series that lives: that must be kept, or the
    series would have it again. Of such a one only that is kept which Google promises to tell each time: what it tells
    besides may differ from one answer to the next, though nothing has changed.

    Args:
        calendar: The id of the calendar; the same event can be in several.
        items: In the order received.
        exceptions: Those known before, in the form of ``EventChanges.exceptions``.
    """
    changes = EventChanges([], [], dict(exceptions))
    events = []
    for item in items:
        if isinstance(item, Mapping) and isinstance(item.get("id"), str) and item["id"]:
            events.append(item)
        else:
            changes.set_aside.append(SetAside(EVENTS, None, "it has no id", item))
    latest = {event["id"]: event for event in events}
    ended = {name for name, event in latest.items() if _is_cancelled(event) and not _is_exception(event)}
    for event in events:
        _take(changes, calendar, event, ended)
    for name in [
        name for name, series in changes.exceptions.items() if series in ended and name not in latest
    ]:
        del changes.exceptions[name]
        changes.found.append(Found(EVENTS, event_key(calendar, name), None))
    return changes


def event_key(calendar: str, event: str) -> str:
    """Name an event among those of all calendars."""
    return f"{calendar}/{event}"


def split_key(key: str) -> tuple[str, str]:
    """Return the calendar and the event that a key names."""
    calendar, _, event = key.rpartition("/")
    return calendar, event


def _take(changes: EventChanges, calendar: str, event: Mapping[str, Any], ended: set[str]) -> None:
    name, key = event["id"], event_key(calendar, event["id"])
    gone = _is_cancelled(event) and (not _is_exception(event) or event["recurringEventId"] in ended)
    changes.exceptions.pop(name, None)
    if _is_exception(event) and not gone:
        changes.exceptions[name] = event["recurringEventId"]
    changes.found.append(Found(EVENTS, key, None if gone else _kept(event)))


def _kept(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return {field: event[field] for field in _SURE} if _is_cancelled(event) else event


def _is_cancelled(event: Mapping[str, Any]) -> bool:
    return event.get("status") == "cancelled"


def _is_exception(event: Mapping[str, Any]) -> bool:
    return isinstance(event.get("recurringEventId"), str) and isinstance(
        event.get("originalStartTime"), Mapping
    )
