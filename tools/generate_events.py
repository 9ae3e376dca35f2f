"""Makes ``docs/reference/events.md`` from the catalogue of events in ``crossdock.domain``.

``--check`` writes nothing and fails if the page is not what would be made.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from crossdock.domain.events import Event, Level, MessageEvent
from crossdock.domain.process_events import catalogue

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "events.md"

INTRODUCTION = """\
# Events

<!-- Made from src/crossdock/domain/events.py and process_events.py by tools/generate_events.py. Do not edit. -->

What happens is an event with a name, a level and fields. `crossdock run` and `crossdock worker` write a line for each,
see [read the log](../how-to/logs.md); in your own programs events go to the logger `crossdock` of Python's `logging`,
and the event itself is the attribute `crossdock_event` of the log record. Names, levels and fields are stable.

| level | meaning |
| --- | --- |
| `debug` | each delivery |
| `info` | processes and connections change state |
| `warning` | it was dealt with, and someone may care |
| `error` | a person must act |

`text` says it to a person, where there is more to say than the fields do. Every other field is there even when it is
zero or unknown (`null`). A duration is in seconds. No event holds data of a message; but `text` quotes what a handler
raised."""

OF_MESSAGES = """\
The same names stand in [the timeline](timeline.md) of the message, with further details. `duration_s` is the time from
the claim of a delivery to its end, `trace_id` that of the message's `traceparent`, `who` the process that did it, and
`adapter` the kind of what hands the app its messages in the process that tells it (`null`: nothing does, as where a
program consumes the queue itself). Each has the fields"""


def main() -> int:
    """Make or check the page."""
    text = page()
    if "--check" in sys.argv[1:]:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print("docs/reference/events.md is not up to date; run: python tools/generate_events.py")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page() -> str:
    """Return the text of the page."""
    known = catalogue().values()
    moves = [one for one in known if issubclass(one, MessageEvent)]
    others = [one for one in known if one not in moves]
    fields = ", ".join(f"`{name}`" for name in names_of(MessageEvent))
    parts = [
        INTRODUCTION,
        "## Of a message",
        f"{OF_MESSAGES}\n{fields}.",
        table(("event", "level", "meaning"), moves),
        "## Of queues, stores and processes",
        table(("event", "level", "meaning", "fields"), others),
    ]
    return "\n\n".join(parts) + "\n"


def table(titles: tuple[str, ...], events: Iterable[type[Event]]) -> str:
    """Return a row for each event, with as many cells as there are titles."""
    rows = [titles, tuple("---" for _ in titles), *(cells(one)[: len(titles)] for one in events)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def cells(event: type[Event]) -> tuple[str, ...]:
    """Return what is said of an event."""
    meaning = " ".join((inspect.getdoc(event) or "").split("\n\n")[0].split())
    plain = re.sub(r"``([^`]+)``", r"`\1`", meaning).rstrip(".")
    shown = f"{plain[:1].lower()}{plain[1:]}" if plain[1:2].islower() or plain[1:2] == " " else plain
    fields = ", ".join(f"`{name}`" for name in names_of(event))
    return f"`{event.name}`", f"`{Level(event.level).name.lower()}`", shown, fields


def names_of(event: type[Event]) -> list[str]:
    """Return the fields that a line of an event has."""
    text = ["text"] if event.text is not Event.text else []
    return [*text, *(field.name for field in dataclasses.fields(event) if field.name != "reason")]


if __name__ == "__main__":
    sys.exit(main())
