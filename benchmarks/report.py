"""The results as Markdown: the same tables on the terminal and in the reference documentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.bars import Bar, judge
from benchmarks.workloads.catalogue import WORKLOADS
from benchmarks.workloads.workload import Workload

BANNER = "<!-- Written by `python -m benchmarks`; do not edit. -->"


def document(results: dict[str, Any]) -> str:
    """Write the whole reference page."""
    parts = [
        BANNER,
        "# Benchmarks",
        *_preface(results),
        "## The bars",
        bars_table(judge(results["workloads"])),
    ]
    for name, part in results["workloads"].items():
        workload = WORKLOADS[name]()
        parts += [f"## {workload.title}", _purpose(workload), workload_table(workload, part)]
        parts += _failures(part)
    parts += ["## How each contender was set up", *_settings(results)]
    return "\n\n".join(parts) + "\n"


def bars_table(bars: Sequence[Bar]) -> str:
    """Tabulate each bar with what was measured."""
    rows = [
        (bar.workload, bar.what, _number(bar.measured, bar.unit), _limit(bar), bar.verdict)
        for bar in bars
    ]  # fmt: skip
    return table(("workload", "what", "measured", "bar", ""), rows)


def workload_table(workload: Workload, part: dict[str, Any]) -> str:
    """Tabulate one workload: its columns, and the ratio of Crossdock's figure to each other's."""
    ours = part["entrants"].get(workload.ours, {}).get("figures", {}).get(workload.ratio_of)
    headings = ["contender", *(column.heading for column in workload.columns)]
    if ours:
        headings.append(f"{workload.ours} ÷ this")
    rows = []
    for label, entrant in part["entrants"].items():
        figures = entrant["figures"]
        cells = [_cell(figures.get(column.key), column.digits) for column in workload.columns]
        if ours:
            theirs = figures.get(workload.ratio_of)
            cells.append(f"{ours / theirs:.2f}" if theirs else "–")
        rows.append((label if entrant["error"] is None else f"{label} (failed)", *cells))
    return table(headings, rows)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a Markdown table with columns of even width, figures to the right."""
    widths = [max(len(row[n]) for row in (headings, *rows)) for n in range(len(headings))]
    rule = [("-" * width if n == 0 else "-" * (width - 1) + ":") for n, width in enumerate(widths)]
    lines = [headings, rule, *rows]
    return "\n".join("| " + " | ".join(_pad(line, widths)) + " |" for line in lines)


def _pad(line: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for n, (cell, width) in enumerate(zip(line, widths, strict=True)):
        yield cell.ljust(width) if n == 0 else cell.rjust(width)


def _preface(results: dict[str, Any]) -> Iterator[str]:
    machine = results["machine"]
    sqlite = ", ".join(f"{name} {number}" for name, number in machine["sqlite"].items())
    yield (
        f"Measured on {results['date']} with `{results['command']}`. All contenders of a workload ran in one"
        f" run, in turns, for up to {results['rounds']} rounds; figures are medians of the rounds. Each"
        " measurement is a process of its own on a fresh store. Every contender's own connection was asked"
        " for its settings and answered, on SQLite, `journal_mode=wal` and `synchronous=2` (FULL), and, on"
        " PostgreSQL, `fsync`, `synchronous_commit` and `full_page_writes` all `on` with no unlogged table:"
        " each commit survives a power failure."
    )
    yield (
        f"The machine: {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB;"
        f" {machine['disk']}, where one small write made durable takes {machine['fdatasync_us']} µs;"
        f" Linux {machine['kernel']}, Python {machine['python']}, SQLite by module: {sqlite}."
        f" Its load average before the run was {machine['load_before']}."
        f"{machine.get('postgresql', '')}"
    )


def _purpose(workload: Workload) -> str:
    return " ".join((workload.__doc__ or "").split()).replace("``", "`")


def _failures(part: dict[str, Any]) -> Iterator[str]:
    for label, entrant in part["entrants"].items():
        if entrant["error"] is not None:
            yield f"{label} failed: {entrant['error']}"


def _settings(results: dict[str, Any]) -> Iterator[str]:
    packages = results["machine"]["packages"]
    lines = []
    for name, about in results["contenders"].items():
        number = packages.get(about["package"])
        lines.append(f"- **{name}**{f' {number}' if number else ''}: {about['settings']}.")
    yield "\n".join(lines)


def _limit(bar: Bar) -> str:
    return f"{'≥' if bar.at_least else '≤'} {bar.bar:g} {bar.unit}".strip()


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:.2f} {unit}" if unit else f"{value:.0f}"


def _cell(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"
