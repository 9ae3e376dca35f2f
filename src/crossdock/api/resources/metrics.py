"""Metrics, for Prometheus and whatever reads its format."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Header
from starlette.responses import Response

from crossdock._version import __version__
from crossdock.api.access import needs
from crossdock.api.operations import Answers, CallerOf, Operations, StateOf
from crossdock.domain.events import (
    MessageCrashed,
    MessageFailed,
    MessageHandedBack,
    MessageLapsed,
    MessageNacked,
    MessageReplayed,
)
from crossdock.domain.key import Scope
from crossdock.monitoring.exposition import OPEN_TYPE, PLAIN_TYPE, Family, written

if TYPE_CHECKING:
    from crossdock.api.tally import Tally
    from crossdock.ports.examination import Examinations

operations = Operations("metrics")

_BEGAN: Final = time.time()
_STATES: Final = ("ready", "scheduled", "blocked", "processing", "completed", "failed")
_COUNTED: Final = (
    (MessageNacked.name, "crossdock_nacks", "Attempts that failed and will be retried."),
    (MessageFailed.name, "crossdock_dead_letters", "Messages that became dead letters."),
    (MessageLapsed.name, "crossdock_lapses", "Leases that ran out."),
    (MessageCrashed.name, "crossdock_crashes", "Deliveries whose process died."),
    (MessageHandedBack.name, "crossdock_handed_back", "Deliveries that were given back unfinished."),
    (MessageReplayed.name, "crossdock_replays", "Messages that were sent again."),
)
_EXAMPLE: Final = """\
# HELP crossdock_queue_messages Messages in the queue of an app.
# TYPE crossdock_queue_messages gauge
crossdock_queue_messages{app="validator",state="ready"} 17
"""


@operations.on(
    "GET",
    "/metrics",
    id="getMetrics",
    access=needs(Scope.METRICS_READ),
    answers=Answers(
        None,
        meaning="The metrics.",
        texts={"text/plain": _EXAMPLE, "application/openmetrics-text": f"{_EXAMPLE}# EOF\n"},
    ),
)
async def get_metrics(
    caller: CallerOf,
    state: StateOf,
    accept: Annotated[str, Header(description="Names application/openmetrics-text if you can read it.")] = "",
) -> Response:
    """Return the metrics of the store and of this process, in the text format of Prometheus, or as OpenMetrics.

    They are of the whole store, whichever processes work on it, so ask one process of the API. Counters begin at 0
    when this process is asked for the first time.
    """
    await state.tally.look()
    families = [*_queues(state.tally), *_counters(state.tally), *_latencies(state.tally)]
    if caller.key.app is None:
        families += [*_examined(state.queue._store.examinations), *_process()]
    else:
        families = [_of_app(family, caller.key.app) for family in families]
    is_open = "application/openmetrics-text" in accept
    text = written(families, is_open=is_open)
    return Response(text, headers={"Content-Type": OPEN_TYPE if is_open else PLAIN_TYPE})


def _queues(tally: Tally) -> Iterator[Family]:
    depth = Family("crossdock_queue_messages", "gauge", "Messages in the queue of an app.")
    age = Family(
        "crossdock_queue_oldest_due_age_seconds",
        "gauge",
        "Since when the message could have been claimed that could for longest; 0: none could.",
    )
    halted = Family("crossdock_queue_halted", "gauge", "1 while the queue is paused or parked.")
    for app, stats in tally.stats.items():
        for state in _STATES:
            depth.add(getattr(stats, state), app=app, state=state)
        due = stats.oldest_due_at
        waited = 0.0 if due is None or tally.now is None else (tally.now - due).total_seconds()
        age.add(max(0.0, waited), app=app)
        halted.add(int(stats.paused or stats.parked_until is not None), app=app)
    yield from (depth, age, halted)


def _counters(tally: Tally) -> Iterator[Family]:
    sent = Family("crossdock_sent", "counter", "Messages that were sent, by route.")
    for (source_app, app), number in sorted(tally.sent.items()):
        sent.add(number, app=app, source_app=source_app)
    completed = Family("crossdock_completed", "counter", "Messages that were acknowledged.")
    for app in tally.stats:
        completed.add(tally.completed[app], app=app)
    yield from (sent, completed)
    for event, name, meaning in _COUNTED:
        family = Family(name, "counter", meaning)
        for (app, logged, code), number in sorted(tally.logged.items()):
            if logged == event:
                family.add(number, app=app, code=code)
        yield family


def _latencies(tally: Tally) -> Iterator[Family]:
    for name, found, meaning in (
        ("crossdock_wait_seconds", tally.waits, "From when a message could be claimed to its last claim"),
        ("crossdock_work_seconds", tally.works, "From the last claim of a message to its acknowledgement"),
    ):
        family = Family(name, "histogram", f"{meaning}, of the newest completed ones at each look.")
        for (source_app, app), histogram in sorted(found.items()):
            histogram.add_to(family, app=app, source_app=source_app)
        yield family


def _examined(examinations: Examinations | None) -> Iterator[Family]:
    examined_at = None if examinations is None else examinations.examined_at()
    if examined_at is not None:
        family = Family(
            "crossdock_store_examined_time_seconds",
            "gauge",
            "When the store's file was last examined and found sound, since 1970.",
        )
        family.add(examined_at.timestamp())
        yield family


def _process() -> Iterator[Family]:
    def one(name: str, kind: Any, meaning: str, value: float, **labels: str) -> Family:
        family = Family(name, kind, meaning)
        family.add(value, **labels)
        return family

    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = usage.ru_utime + usage.ru_stime
    yield one("crossdock_build_info", "gauge", "Which version this process is.", 1, version=__version__)
    yield one("crossdock_process_start_time_seconds", "gauge", "When it began, since 1970.", _BEGAN)
    yield one("crossdock_process_cpu_seconds", "counter", "CPU time that it used.", cpu_s)
    memory = Path("/proc/self/statm")
    if memory.exists():
        pages = int(memory.read_text(encoding="ascii").split()[1])
        size = pages * resource.getpagesize()
        yield one("crossdock_process_resident_memory_bytes", "gauge", "Memory that it holds.", size)


def _of_app(family: Family, app: str) -> Family:
    """Return the part of a family that is about one app."""
    own = [one for one in family.samples if one.labels.get("app") == app]
    return Family(family.name, family.kind, family.meaning, own)
