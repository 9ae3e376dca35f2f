"""The colours of statuses and events: red asks for a person, yellow for patience, green is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from crossdock.cli.human import ago, count, printable
from crossdock.cli.terminal import Cell
from crossdock.domain.events import (
    MessageCancelled,
    MessageCompleted,
    MessageCrashed,
    MessageFailed,
    MessageFellBack,
    MessageLapsed,
    MessageNacked,
)
from crossdock.domain.lifecycle import Status

if TYPE_CHECKING:
    from crossdock.domain.record import QueueStats, Record

_LONGEST_NOTE: Final = 120
_EVENT_STYLES = {
    MessageCompleted.name: "green",
    MessageFailed.name: "red",
    MessageCancelled.name: "yellow",
    MessageNacked.name: "yellow",
    MessageLapsed.name: "yellow",
    MessageCrashed.name: "yellow",
    MessageFellBack.name: "yellow",
}


def status_cell(record: Record) -> Cell:
    """Return a message's status, in its colour."""
    text = record.status.value
    match record.status:
        case Status.PENDING:
            return Cell(f"{text} (blocked)" if record.blocked else text)
        case Status.PROCESSING:
            return Cell(text, "cyan")
        case Status.COMPLETED:
            return Cell(text, "green")
        case Status.FAILED:
            return Cell(text, "red")
        case Status.ARCHIVED:
            return Cell(text, "dim")
        case _:
            assert_never(record.status)


def event_cell(event: str) -> Cell:
    """Return an event's verb, in its colour."""
    return Cell(event.removeprefix("message."), _EVENT_STYLES.get(event, ""))


def halt_cell(stats: QueueStats) -> Cell | str:
    """Return why nothing is claimed from a queue; empty: it is."""
    if stats.paused:
        words = "paused"
    elif stats.parked_until is not None:
        words = f"parked until {stats.parked_until.astimezone():%Y-%m-%d %H:%M:%S}"
    elif stats.breaker == "half-open":
        return Cell("the circuit breaker is half-open: one message is the probe", "yellow")
    elif stats.max_depth is not None and stats.depth >= stats.max_depth:
        return Cell(f"full: takes in no more than {count(stats.max_depth)}", "yellow")
    else:
        return ""
    text = words if stats.note is None else f"{words}: {printable(stats.note)}"
    return Cell(text if len(text) <= _LONGEST_NOTE else f"{text[: _LONGEST_NOTE - 1]}…", "yellow")


def stats_row(stats: QueueStats) -> list[Cell | str]:
    """Return how a queue stands, in the order of the columns of ``queue stats``."""
    return [
        stats.app,
        _figure(stats.ready),
        _figure(stats.scheduled),
        _figure(stats.blocked),
        _figure(stats.processing, "cyan"),
        _figure(stats.completed, "green"),
        _figure(stats.failed, "red"),
        "" if stats.oldest_due_at is None else ago(stats.oldest_due_at),
        halt_cell(stats),
    ]


def _figure(number: int, style: str = "") -> Cell:
    return Cell(count(number), style if number else "dim")
