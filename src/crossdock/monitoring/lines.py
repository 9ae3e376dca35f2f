"""The facts of a log line, in their order, and how a person is shown them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.trace import trace_id_of
from crossdock.hub.worked_on import WORKED_ON

if TYPE_CHECKING:
    import logging

    from crossdock.domain.events import Event

_LONGEST: Final = 1500
"""Characters of a text; a line stays below the 4 KiB up to which a pipe keeps lines apart."""
_OF_A_LINE: Final = ("timestamp", "level", "event", "text", "process", "pid")


class Facts:
    """Makes of a log record what its line says.

    Args:
        process: What the process is called.
    """

    def __init__(self, process: str) -> None:
        self._process = process
        self._pid = os.getpid()

    def __call__(self, _logger: Any, _method: str, told: MutableMapping[str, Any]) -> dict[str, Any]:
        """Return the facts: of an event its own, of anything else who says it, about which delivery."""
        record: logging.LogRecord = told.pop("_record")
        told.pop("_from_structlog")
        event: Event | None = getattr(record, "crossdock_event", None)
        at = datetime.fromtimestamp(record.created, UTC)
        facts: dict[str, Any] = {
            "timestamp": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": told.pop("event"),
        }
        if event is not None:
            facts |= {"event": event.name, "text": event.text} if event.text else {"event": event.name}
        facts |= {"process": self._process, "pid": self._pid}
        if event is not None:
            facts |= {name: _rounded(value) for name, value in event.fields()}
        else:
            facts |= {"logger": record.name, **_delivery()}
        return {**facts, **told}


def _delivery() -> dict[str, Any]:
    """Return which delivery this thread or task works on."""
    worked_on = WORKED_ON.get()
    if worked_on is None:
        return {}
    claimed, adapter = worked_on
    return {
        "message_id": claimed.message.id,
        "app": claimed.app,
        "adapter": adapter,
        "attempt": claimed.attempt,
        "trace_id": trace_id_of(claimed.message.traceparent),
    }


def _rounded(value: Any) -> Any:
    """Return durations to the microsecond: more is noise."""
    return round(value, 6) if isinstance(value, float) else value


def shortened(_logger: Any, _method: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Cut long texts, of a traceback the beginning."""
    return {name: _cut(name, value) if isinstance(value, str) else value for name, value in facts.items()}


def _cut(name: str, text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"… {text[-_LONGEST:]}" if name == "exception" else f"{text[:_LONGEST]} …"


def said_to_a_person() -> Callable[[Any, str, MutableMapping[str, Any]], str]:
    """Return what shows facts on a terminal: the words of an event where it has some, else its fields."""
    from structlog.dev import ConsoleRenderer, plain_traceback  # noqa: PLC0415 - not for JSON

    colours = sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    render = ConsoleRenderer(
        colors=colours, sort_keys=False, pad_event_to=20, exception_formatter=plain_traceback
    )

    def shown(logger: Any, method: str, facts: MutableMapping[str, Any]) -> str:
        words = facts.pop("text", None)
        rest = {name: value for name, value in facts.items() if name not in _OF_A_LINE and value is not None}
        line = {name: facts[name] for name in ("timestamp", "level", "event")}
        if words:
            line["event"] = f"{line['event']:20} {words}"
            rest = {name: value for name, value in rest.items() if name in {"message_id", "exception"}}
        return str(render(logger, method, {**line, **rest, "process": f"{facts['process']}/{facts['pid']}"}))

    return shown
