"""The screen of this example: the stages while orders pour in, then what became of them."""

import shlex
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from place import CONFIG, DATA, HERE, KEY, WORK, api_url, program, shown
from pour import Shop
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text
from switch import current_way, ways
from tally import Tally

from crossdock import Queue

APPS = ("validator", "enricher", "file-exporter")
OTHER_COLUMNS = 54
WIDEST = 44
PLAIN_EVERY_S = 2.0


class Screen:
    """Shows what this run does."""

    def __init__(self, queue: Queue, shop: Shop, tally: Tally) -> None:
        self._queue = queue
        self._shop = shop
        self._tally = tally
        self._before = {app: queue.stats(app)[app] for app in APPS}
        self._console = Console(highlight=False)
        self._live = Live(
            console=self._console, refresh_per_second=5, transient=not self._console.is_terminal
        )
        self._told_at = 0.0

    def live(self) -> AbstractContextManager[Live]:
        """Return what keeps the table on the screen; without a terminal there is a line now and then instead."""
        return self._live

    def say(self, words: str) -> None:
        """Tell something."""
        self._console.print(words, soft_wrap=True)

    def head(self, title: str) -> None:
        """Begin a part."""
        self._console.print(Text(f"\n{title}\n", style="bold"), soft_wrap=True)

    def update(self) -> None:
        """Show how things stand."""
        if self._console.is_terminal:
            self._live.update(Group(self._table(), Text(), Text(self._figures(), style="bold")))
        elif time.monotonic() - self._told_at > PLAIN_EVERY_S:
            self._told_at = time.monotonic()
            self.say(f"{self._figures()} · enricher by {current_way()}")

    def show_outcome(self) -> None:
        """Tell what came out and what was set aside."""
        tally = self._tally
        came = ", ".join(f"{number} by {way}" for way, number in tally.by_way.items())
        self.say(f"\n{len(tally.out)} of {len(self._shop.dropped)} orders came out: {came}.")
        self.say(f"lost {tally.lost(at_the_end=True)}, repeated {tally.repeated}.")
        self.say(
            f"{len(tally.set_aside)} bad orders were set aside, each with the reason; the newest of them:\n"
        )
        table = Table(box=None, header_style="dim", padding=(0, 3, 0, 0))
        for title in ("  order", "by", "why"):
            table.add_column(title)
        for number, (app, why) in sorted(tally.set_aside.items())[-6:]:
            table.add_row(f"  {number}", app, Text(why))
        self._console.print(table)

    def show_steps(self, title: str, steps: Sequence[tuple[str, str]]) -> None:
        """Tell what to try in another terminal."""
        self.head(title)
        for command, meaning in steps:
            self._console.print(Text(f"  # {meaning}", style="dim"), soft_wrap=True)
            self._console.print(Text(f"  {command}"), soft_wrap=True)

    def show_export(self, manifest: Path, rows: int) -> None:
        """Tell that a file came out."""
        orders = "1 order" if rows == 1 else f"{rows} orders"
        self.say(f"{shown(manifest.parent)}: {orders} came out, see {manifest.name}")

    def _figures(self) -> str:
        tally = self._tally
        return (
            f"sent {len(self._shop.dropped)} · delivered {len(tally.out)} · set aside {len(tally.set_aside)} · "
            f"on the way {len(tally.on_the_way)} · lost {tally.lost()} · repeated {tally.repeated}"
        )

    def _table(self) -> Table:
        table = Table(box=None, header_style="dim", padding=(0, 3, 0, 0))
        table.add_column("app", min_width=14)
        width = max(16, min(WIDEST, self._console.width - OTHER_COLUMNS))  # what is too long for it ends in …
        table.add_column("transport now", width=width, no_wrap=True)
        for title in ("waiting", "delivered", "set aside"):
            table.add_column(title, justify="right", min_width=len(title))
        table.add_row("file-importer", "data/imports →", "", "", "")
        transports = {
            "validator": "functions:validate",
            "enricher": _brief(ways().get(current_way(), current_way())),
            "file-exporter": "→ data/exports",
        }
        for app in APPS:
            now, before = self._queue.stats(app)[app], self._before[app]
            waiting = now.ready + now.scheduled + now.blocked + now.processing
            figures = (waiting, now.completed - before.completed, now.failed - before.failed)
            table.add_row(
                app, Text(transports[app], style="cyan" if app == "enricher" else ""), *map(str, figures)
            )
        return table


def order_steps() -> Sequence[tuple[str, str]]:
    """Return commands that work as they stand, each with what it does."""
    python, here, data, config, log = (
        shlex.quote(shown(path)) for path in (sys.executable, HERE, DATA, CONFIG, WORK / "hub.log")
    )
    command = f"{shlex.quote(shown(program('crossdock')))} --config {config}"
    _, *others = ways()
    return (
        (f"cp {here}/more-orders.csv {data}/imports/", "drop a file of your own, any .csv of this form"),
        (f"ls {data}/exports/*/ {data}/errors/*/", "what came out, and what could not be read"),
        (f"{command} queue list validator --status failed", "the orders that were refused, and why"),
        (
            f"{python} {here}/switch.py files",
            f"edit one line of {config}, and reload; or {', '.join(others)}",
        ),
        (f"{command} app list", "who is reached by what"),
        (f"tail -n 5 {log}", "what the hub says"),
        *_over_rest(),
    )


def curl() -> str:
    """Return how a line for curl begins that is let in."""
    return f'curl -sS -H "Authorization: Bearer $(cat {shlex.quote(shown(KEY))})"'


def _over_rest() -> Sequence[tuple[str, str]]:
    """Return what can be done with curl."""
    order = '{"app": "validator", "config": {"order": "yours-9", "customer": "Ada", "item": "tea", "quantity": "3"}}'
    failed = "messages?app=validator&status=failed&limit=1&fields=error,message"
    return (
        (
            f"{curl()} {api_url()}/jobs -H 'Content-Type: application/json' -d '{order}'",  # --json: curl of 2022 on
            "an order over REST; it comes out with the others",
        ),
        (f"{curl()} {api_url()}/queues/enricher", "how a queue stands"),
        (f"{curl()} '{api_url()}/{failed}'", "an order that was refused, and why"),
    )


def _brief(value: str) -> str:
    """Return a line of the configuration without what is of little interest."""
    for detail in (', format = "jsonl", rows = 50, every = "500ms"', ', allow = ["127.0.0.1"]'):
        value = value.replace(detail, "")
    return value.replace('"', "").strip("{} ")
