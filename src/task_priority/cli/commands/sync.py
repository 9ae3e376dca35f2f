"""``task-priority sync``: asks the connected sources what has changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import typer

from crossdock.command import ExitCode, counted, described, new_command, progress, say, say_json, tell
from task_priority.cli.options import FullOption, JsonOption
from task_priority.cli.session import Session
from task_priority.cli.writing import deliver, problem_text

if TYPE_CHECKING:
    from crossdock.exporting import Exporter, Exports, SyncReport

app = new_command()
_PATIENCE_S: Final = 60
"""So long a run of another process, such as a hub, is waited for."""
_LOOKS_EVERY_S: Final = 0.2


@app.command(**described("task-priority sync", "task-priority sync --full"))
def sync(*, full: FullOption = False, json: JsonOption = False) -> None:
    """Fetch what has changed from every connected source, after sending the changes that wait.

    If the hub that runs is fetching at this moment, its run is waited for, a minute at most.

    A source that fails does not stop the others; what it had fetched before is kept, and the next sync goes on there.
    """
    from crossdock.exporting import Exports
    from task_priority.sources import Sources

    session = Session()
    session.demand_connected()
    with session.queue() as queue, Sources(session.home) as sources:
        deliver(queue, sources)
        exports = Exports(queue)
        outcomes = [_one(exports, exporter, full=full, json=json) for exporter in sources.exporters()]
    if json:
        say_json(outcomes)
    if any(outcome["problem"] for outcome in outcomes):
        raise typer.Exit(ExitCode.FAILED)


def _one(exports: Exports, exporter: Exporter, *, full: bool, json: bool) -> dict[str, Any]:
    """Sync one source, and say what came of it."""
    from crossdock import DeliveryError

    seen = 0
    with progress(f"asking {exporter.name}") as advance:

        def tell_progress(report: SyncReport) -> None:
            nonlocal seen
            advance(report.counts.received - seen)
            seen = report.counts.received

        try:
            report = _when_free(lambda: exports.sync(exporter, full=full, progress=tell_progress))
        except DeliveryError as error:
            problem = problem_text(error)
            tell(f"{exporter.name}: {problem}")
            return {"name": exporter.name, "problem": problem}
    if not json:
        say(f"{exporter.name}: {_summary(report)}")
    counts = report.counts.to_json()
    return {"name": exporter.name, "problem": None, "remarks": [*report.remarks], **counts}


def _when_free(run: Callable[[], SyncReport]) -> SyncReport:
    """Run an exporter as soon as no other process does, such as a hub.

    Raises:
        ExporterBusy: That takes too long.
    """
    from crossdock import ExporterBusy

    ends = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return run()
        except ExporterBusy:
            if time.monotonic() >= ends:
                raise
            time.sleep(_LOOKS_EVERY_S)


def _summary(report: SyncReport) -> str:
    counts = report.counts
    parts = [f"{counted(counts.received, 'object')} received", f"{counts.changed} changed"]
    if counts.gone:
        parts.append(f"{counts.gone} gone")
    if counts.set_aside:
        parts.append(f"{counts.set_aside} could not be taken (task-priority sources)")
    return "; ".join([", ".join(parts), *report.remarks])
