"""How the runs of the sources went: on a terminal, in Markdown, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final, Literal

from rich.console import Group, RenderableType
from rich.text import Text
from typing_extensions import TypedDict

from crossdock.command import printable
from task_priority.views.documents import instant
from task_priority.views.lines import Hanging
from task_priority.views.markdown import escaped
from task_priority.words import count_text, day_text

if TYPE_CHECKING:
    from crossdock.exporting import SyncReport

_STYLES: Final = {"completed": "green", "failed": "red", "abandoned": "red", "running": "yellow"}
_NO_RUNS: Final = "Nothing was ever fetched: task-priority sync"


class ErrorForm(TypedDict):
    """Why a run failed."""

    code: str | None
    message: str


class RunForm(TypedDict):
    """One run of a source, with the keys that it has over REST."""

    id: int
    exporter: str
    full: bool
    outcome: Literal["running", "completed", "failed", "abandoned"]
    started_at: str
    ended_at: str | None
    counts: dict[str, int]
    remarks: list[str]
    error: ErrorForm | None


def run_form(run: SyncReport) -> RunForm:
    """Return a run for programs."""
    return {
        "id": run.id,
        "exporter": run.exporter,
        "full": run.full,
        "outcome": run.outcome,
        "started_at": instant(run.started_at),
        "ended_at": None if run.ended_at is None else instant(run.ended_at),
        "counts": run.counts.to_json(),
        "remarks": list(run.remarks),
        "error": None if run.error is None else {"code": run.error_code, "message": run.error},
    }


def history_view(runs: Sequence[SyncReport], now: datetime, zone: tzinfo) -> Group:
    """Return runs, each with what was said of it below."""
    parts: list[RenderableType] = []
    for run in runs:
        head = Text(f"{_when_text(run, now, zone)}  {run.exporter}  ")
        head.append(run.outcome, style=_STYLES[run.outcome]).append(f"  {_counts_text(run)}", style="dim")
        parts += [Hanging(head, 0, 4), *(Hanging(Text(words), 4, 6) for words in _said(run))]
    return Group(*parts or [Text(_NO_RUNS)])


def history_markdown(runs: Sequence[SyncReport], now: datetime, zone: tzinfo) -> str:
    """Return runs as a table."""
    lines = ["| Begun | Source | Outcome | Objects | Said |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {_when_text(run, now, zone)} | {run.exporter} | {run.outcome} | {_counts_text(run)} "
        f"| {escaped('; '.join(_said(run)))} |"
        for run in runs
    ]
    return "\n".join(lines)


def _when_text(run: SyncReport, now: datetime, zone: tzinfo) -> str:
    started, today = run.started_at.astimezone(zone), now.astimezone(zone).date()
    return f"{day_text(started.date(), today)} {started:%H:%M:%S}"


def _counts_text(run: SyncReport) -> str:
    counts = run.counts
    parts = [f"{count_text(counts.received, 'object')} received", f"{counts.changed} changed"]
    parts += [f"{counts.gone} gone"] * bool(counts.gone)
    parts += [f"{counts.set_aside} could not be taken"] * bool(counts.set_aside)
    if run.full:
        parts.append("everything was asked for")
    return ", ".join(parts)


def _said(run: SyncReport) -> Iterator[str]:
    yield from map(printable, run.remarks)
    if run.error is not None:
        yield printable(run.error)
    if run.outcome == "abandoned":
        yield "its process ended before the run did; the next run went on from there"
