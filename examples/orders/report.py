"""The screen of this example: the queues while they are worked on, then what became of the orders."""

import json
import shlex
import shutil
import sys
import time
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text
from shop import CONSUMERS, STORE

from crossdock import Queue, QueueStats, Record

PLAIN_EVERY_S = 2.0
GOOD = {"customer": "Ada", "email": "ada@example.com", "item": "tea", "quantity": "1"}


class Screen:
    """Shows what this run does; what earlier runs left finished in the store is not counted."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._console = Console(highlight=False)
        self._before = {app: queue.stats(app)[app] for app in CONSUMERS}
        self._started = datetime.now(UTC)
        self._live = Live(
            console=self._console, refresh_per_second=10, transient=not self._console.is_terminal
        )
        self._told_at = 0.0

    def show_sent(self, number: int) -> None:
        """Tell what was sent."""
        self._console.print(
            f"{number} orders from orders.csv are stored in {shown(STORE)}; two processes handle them.\n"
        )

    def live(self) -> AbstractContextManager[Live]:
        """Return what keeps the table on the screen; without a terminal there is a line now and then instead."""
        return self._live

    def update(self) -> bool:
        """Show how the queues stand; false: nothing waits in them any more."""
        stats = [self._queue.stats(app)[app] for app in CONSUMERS]
        if self._console.is_terminal:
            self._live.update(self._table(stats))
        elif time.monotonic() - self._told_at > PLAIN_EVERY_S:
            self._told_at = time.monotonic()
            self._console.print(
                "; ".join(
                    f"{one.app}: {waiting(one)} waiting, {self._since(one)[0]} completed" for one in stats
                )
            )
        return any(waiting(one) for one in stats)

    def show_outcome(self) -> None:
        """Tell what was completed, what was set aside and why, and what to try next."""
        shipped = self._of_this_run("warehouse", "completed")
        dead = [record for app in CONSUMERS for record in self._of_this_run(app, "failed")]
        retried = sum(record.attempts > 1 for record in shipped)
        self._console.print(
            f"\n[green]{len(shipped)} orders were shipped[/], {retried} of them at a later attempt."
        )
        self._console.print(
            f"[red]{len(dead)} were set aside[/]; they stay in the store until somebody decides:\n"
        )
        self._console.print(set_aside(dead))
        self._console.print("\nTry next, on this very store:\n")
        for command, meaning in next_steps(dead):
            self._console.print(Text(f"  # {meaning}", style="dim"), soft_wrap=True)
            self._console.print(Text(f"  {command}"), soft_wrap=True)

    def _table(self, stats: list[QueueStats]) -> Table:
        table = Table(box=None, header_style="dim", padding=(0, 3, 0, 0))
        table.add_column("queue")
        for title in ("ready", "retrying", "at work", "completed", "set aside"):
            table.add_column(title, justify="right", min_width=len(title))
        for one in stats:
            completed, failed = self._since(one)
            figures = [
                (one.ready + one.blocked, ""),
                (one.scheduled, "yellow"),
                (one.processing, "cyan"),
                (completed, "green"),
                (failed, "red"),
            ]
            table.add_row(
                one.app, *(Text(str(number), style=style if number else "dim") for number, style in figures)
            )
        return table

    def _since(self, stats: QueueStats) -> tuple[int, int]:
        """Return how many messages of a queue were completed, and how many set aside, in this run."""
        before = self._before[stats.app]
        return stats.completed - before.completed, stats.failed - before.failed

    def _of_this_run(self, app: str, status: str) -> list[Record]:
        records = self._queue.list(app, status=status, limit=10_000, newest_first=True)
        return [
            record
            for record in reversed(records)
            if record.processed_at and record.processed_at > self._started
        ]


def waiting(stats: QueueStats) -> int:
    """Return how many messages of a queue are not finished."""
    return stats.ready + stats.scheduled + stats.blocked + stats.processing


def set_aside(dead: list[Record]) -> Table:
    """Return the dead letters, each with its reasons."""
    table = Table(box=None, header_style="dim", padding=(0, 3, 0, 0))
    for title in ("  order", "by", "code", "why"):
        table.add_column(title)
    for record in dead:
        if record.error is not None:
            table.add_row(
                f"  {record.message.data['order']}", record.app, record.error.code, Text(record.error.message)
            )
    return table


def next_steps(dead: list[Record]) -> list[tuple[str, str]]:
    """Return commands that work as they stand, each with what it does."""
    crossdock = shutil.which("crossdock") or str(Path(sys.executable).with_name("crossdock"))
    name = "crossdock" if shutil.which("crossdock") else shlex.quote(shown(Path(crossdock)))
    command = f"{name} --store {shlex.quote(f'sqlite:///{shown(STORE)}')}"
    steps = [
        (f"{command} queue stats", "how the queues stand"),
        (f"{command} queue list --status failed", "the dead letters"),
    ]
    wrong = next((record for record in dead if record.app == "validator"), None)
    if wrong is not None and wrong.error is not None:
        mended = wrong.message.data | {field: GOOD[field] for field, _ in wrong.error.details}
        edit = f"{command} message edit {wrong.message.id} --data {shlex.quote(json.dumps(mended))}"
        steps += [
            (f"{command} message timeline {wrong.message.id}", "everything that happened to one of them"),
            (edit, "mend it …"),
            (
                f"{command} message replay {wrong.message.id}",
                "… and send it again; the next 'make run-orders' handles it",
            ),
        ]
    return [*steps, (f"{command} queue replay warehouse --yes", "give the carrier another chance")]


def shown(path: Path) -> str:
    """Return the shortest name of a path that works from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
