"""What a calendar document comes to, written so that people can check it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from task_priority.expansion.written import write_moment
from task_priority.exporters.ics.components import NoCalendar
from task_priority.exporters.ics.objects import Taken, objects_in
from task_priority.exporters.ics.reading import read
from task_priority.model import Answer, Event, EventKind, Task
from task_priority.reading import Objects, Reading, Window

CORPUS = Path(__file__).parents[2] / "corpus"
BERLIN = ZoneInfo("Europe/Berlin")
MARCH = Window(datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC), BERLIN)
OWNERS = ("me@example.org",)


def seen_in(document: bytes) -> str:
    """Return all that comes of a document, one line each, sorted."""
    try:
        taken = objects_in(document, "corpus")
    except NoCalendar as error:
        return f"no calendar: {error}"
    return "\n".join(sorted([*_of_taken(taken), *_of_reading(reading_of(taken))]))


def reading_of(taken: Taken) -> Reading:
    """Read what was taken, as if it had been stored."""
    return read(stored(taken), MARCH, owners=OWNERS)


def stored(taken: Taken) -> Objects:
    """Return what a store keeps: of two with one id the later."""
    objects: dict[str, dict[str, object]] = {"events": {}, "todos": {}}
    for one in taken.found:
        objects[one.kind][one.id] = one.data
    return objects  # type: ignore[return-value]


def _of_taken(taken: Taken) -> Iterator[str]:
    yield from (f"aside {one.id} {one.reason}" for one in taken.set_aside)
    yield from (f"zone {name}" for name in taken.unknown_zones)


def _of_reading(reading: Reading) -> Iterator[str]:
    yield from map(_of_event, reading.events)
    yield from map(_of_task, reading.tasks)
    yield from (f"unread {one.id.removeprefix('corpus:')} {one.reason}" for one in reading.unread)


def _of_event(event: Event) -> str:
    id = "sha256-*" if event.id.id.startswith("sha256-") else event.id.id
    which = f"/{event.id.instance}" if event.id.instance else ""
    facts = [
        word for word, holds in (("transparent", event.transparent), ("cancelled", event.cancelled)) if holds
    ]
    facts += [event.answer.value] if event.answer is not Answer.NONE else []
    facts += [event.kind.value] if event.kind is not EventKind.DEFAULT else []
    title = event.title.replace("\n", "↵") + (f" ({', '.join(facts)})" if facts else "")
    return f"event {id}{which} {write_moment(event.start)}..{write_moment(event.end)} {title}"


def _of_task(task: Task) -> str:
    words = ["task", task.id.removeprefix("ics:corpus:"), task.priority.shown]
    words += ["due", write_moment(task.due)] if task.due else []
    words += ["for", str(task.duration)] if task.duration else []
    words += ["part of", task.parent] if task.parent else []
    words += ["recurring"] * task.recurring
    return " ".join([*words, task.title, *(f"@{label}" for label in task.labels)])
