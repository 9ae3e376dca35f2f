"""Exporters as apps of a hub: a message lets one run, and a schedule sends it one every so often."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import InvalidMessage
from crossdock.domain.json_form import report_document
from crossdock.domain.message import AppId
from crossdock.domain.retry import RetryPolicy

if TYPE_CHECKING:
    from crossdock.domain.exported import ExporterStatus, SyncReport
    from crossdock.domain.message import Message
    from crossdock.exporting.exports import Exports
    from crossdock.ports.exporter import Exporter
    from crossdock.ports.store import Transaction
    from crossdock.queue_core import QueueCore
    from crossdock.synchronous.delivery import Delivery

RETRY: Final = RetryPolicy(
    max_attempts=100, backoff_min=timedelta(seconds=5), backoff_max=timedelta(minutes=15)
)
"""An exporter whose service is away tries for about a day before its message becomes a dead letter."""
_LOOKED_AT: Final = 50


@dataclass(frozen=True, slots=True)
class Exported:
    """An exporter of a hub, and how often it is to run."""

    exporter: Exporter
    every: timedelta


def runner_of(exporter: Exporter, exports: Callable[[], Exports]) -> Callable[[Message, Delivery], None]:
    """Return the handler of an exporter's app."""

    def run(message: Message, delivery: Delivery) -> None:
        full = wants_all(message.data)
        known = exports()
        report = _answered(known.history(exporter.name, _LOOKED_AT), message, full=full)
        delivery.result = report_document(report or known.sync(exporter, full=full))

    return run


def wants_all(data: object) -> bool:
    """Tell whether a message asks for everything.

    Raises:
        InvalidMessage: It is no message for an exporter.
    """
    if data is None:
        return False
    if not isinstance(data, dict) or not set(data) <= {"full"}:
        raise InvalidMessage.of("data", 'must be an object that has nothing but "full"')
    full = data.get("full", False)
    if not isinstance(full, bool):
        raise InvalidMessage.of("data.full", "must be true or false")
    return full


def declare(queue: QueueCore, wanted: Mapping[AppId, Exported]) -> None:
    """Let the exporters of a hub be known, and be run: every so often, and at once if one has never been."""
    if not wanted:
        return
    store, declarations = queue._store, queue._declarations
    known = {one.name: one for one in store.read(lambda reader: reader.exporters())}
    for name, one in wanted.items():
        if _differs(known.get(name), one):
            store.write(partial(_declare, name=name, one=one))
    declarations.apply(
        [
            declarations.spec(
                name,
                {"full": False},
                timing=declarations.timing(one.every, timezone=None, start=None),
                name=f"sync-{name}",
                missed="latest",
                options=in_order(name),
            )
            for name, one in wanted.items()
        ]
    )
    _begin(queue, [name for name in wanted if name not in known or known[name].last_run is None])


def in_order(name: str) -> dict[str, Any]:
    """Return the options of a message for an exporter: one that is to be tried again keeps the later ones waiting."""
    return {"partition_key": name}


def _begin(queue: QueueCore, names: Iterable[str]) -> None:
    """Send the first message of exporters that have never run; several processes may do so, and one is stored."""
    gateway = queue._gateway
    for name in names:
        draft = gateway.draft({"full": False}, f"first-run-of-{name}")
        envelope = gateway.envelope(name, {**in_order(name), "source_app": name})
        queue._store.write(lambda tx, draft=draft, envelope=envelope: tx.send_admitted(draft, envelope))  # type: ignore[misc]  # bound now


def _declare(tx: Transaction, name: AppId, one: Exported) -> None:
    tx.declare_exporter(name, list(one.exporter.kinds), one.every)


def _differs(known: ExporterStatus | None, one: Exported) -> bool:
    return known is None or (known.kinds, known.every) != (tuple(one.exporter.kinds), one.every)


def _answered(history: Iterable[SyncReport], message: Message, *, full: bool) -> SyncReport | None:
    """Return the run that did what a message asks for although it waited: it began after the message was sent."""
    for report in history:
        if report.started_at < message.time:
            return None
        if report.outcome == "completed" and (report.full or not full):
            return report
    return None
