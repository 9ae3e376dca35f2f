"""Orders pour through four apps while the way to one changes: files, a process that stays, a webhook, a function.

The same hub runs Task Priority Lite, and shows what to do next. Run it with ``make run``, as often as you like. In a
terminal the hub stays, for files of yours, until Ctrl-C; with ``--once``, or without a terminal, it ends by itself.
"""

import argparse
import fcntl
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from agenda import agenda_steps, show_agenda
from place import (
    API_PORT,
    CONFIG,
    DATA,
    HERE,
    STAGES,
    STORE_URL,
    WEBHOOK_PORT,
    WORK,
    free_port,
    program,
    shown,
)
from pour import Shop
from screen import Screen, order_steps
from switch import begin_reload, edit
from tally import Tally
from tasks import Tasks, chosen_tasks

from crossdock import ConfigError, Queue, StoreError

WAYS = ("files", "process", "webhook", "function")
TIME_LIMIT_S = 60.0


def main() -> int:
    """Show it all, unless another run is doing so."""
    options = parse()
    WORK.mkdir(mode=0o700, exist_ok=True)
    with (WORK / "run.lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("The warehouse runs already, in another terminal; end it there with Ctrl-C.\n")
            return 1
        return show(options)


def show(options: argparse.Namespace) -> int:
    """Run the hub with its programs; tell the story of the orders and what is to be done next; stay for the reader."""
    with chosen_tasks(options.ics, options.csv) as tasks:
        webhook_port = prepare(tasks)
        with Queue(STORE_URL) as queue, programs(webhook_port, tasks) as running:
            shop = Shop()
            tally = Tally(queue, shop)
            screen = Screen(queue, shop, tally)
            well = tell_of_orders(screen, shop, tally, running, seconds=options.seconds)
            if not (well and show_agenda(screen, tasks)):
                sys.stderr.write(f"This is not as it should be; {shown(WORK)}/hub.log may say why.\n")
                return 1
            screen.show_steps("Try next, in another terminal, in this folder. Orders:", order_steps())
            screen.show_steps("Tasks:", agenda_steps(tasks))
            if not options.once:
                stay(screen, tally, running)
    return 0


def tell_of_orders(
    screen: Screen, shop: Shop, tally: Tally, running: list[subprocess.Popen[bytes]], *, seconds: float
) -> bool:
    """Pour orders in, change the way again and again, and tell what came of it. False: something went wrong."""
    screen.say(f"Orders pour into {shown(DATA)}/imports; what comes out is in {shown(DATA)}/exports.\n")
    with screen.live():
        complete = pour(screen, shop, tally, running, seconds=seconds)
    screen.show_outcome()
    return complete and not tally.repeated


def parse() -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", default=not sys.stdout.isatty(), help="end by itself")
    parser.add_argument("--seconds", type=float, default=12.0, help="so long by each of the four ways")
    parser.add_argument("--ics", metavar="FILE", default="", help="a calendar of yours")
    parser.add_argument("--csv", metavar="FILE", default="", help="tasks of yours, as Todoist exports them")
    return parser.parse_args()


def prepare(tasks: Tasks) -> int:
    """Put the pipeline's files into the folder where it works, and return the port for webhooks.

    What earlier runs left there stays. The API is told its port, which is another one if that is taken.
    """
    shutil.copytree(HERE / "pipeline", WORK, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for stage in STAGES:
        (DATA / stage).mkdir(parents=True, exist_ok=True)
    api_port, webhook_port = free_port(API_PORT), free_port(WEBHOOK_PORT)
    text = CONFIG.read_text(encoding="utf-8").replace(f":{WEBHOOK_PORT}/", f":{webhook_port}/")
    api = f"# Orders over REST, too: any program may send them to the validator.\n[api]\nport = {api_port}\n"
    CONFIG.write_text(f"{text}\n{api}{tasks.configuration}", encoding="utf-8")
    return webhook_port


@contextmanager
def programs(webhook_port: int, tasks: Tasks) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run the hub, and the enricher that follows files and that which answers webhooks; end all in good order.

    They are of another process group than the terminal's, so Ctrl-C reaches this program alone.
    """
    commands = (
        [program("crossdock"), "run"],
        [sys.executable, "enricher.py", "--files", "data/validated", "data/enriched"],
        [sys.executable, "enricher.py", "--http", str(webhook_port)],
    )
    environment = tasks.environment()
    with (WORK / "hub.log").open("ab") as log:
        running = [
            subprocess.Popen(command, cwd=WORK, env=environment, stdout=log, stderr=log, process_group=0)  # noqa: S603 - our own programs
            for command in commands
        ]
    try:
        yield running
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(timeout=30)


def pour(
    screen: Screen, shop: Shop, tally: Tally, running: list[subprocess.Popen[bytes]], *, seconds: float
) -> bool:
    """Pour orders in by each way, until one has come by it and so long; then wait for the last. False: not all came."""
    for way in WAYS:
        if way != WAYS[0]:
            edit(way)
            reload = begin_reload(subprocess.DEVNULL)
            while reload.poll() is None:
                shop.pour()
                step(screen, tally, running)
            if reload.returncode:
                return False
        screen.say(f"The enricher is reached by {way}.")
        begin = time.monotonic()
        while time.monotonic() < begin + (seconds if tally.by_way[way] else TIME_LIMIT_S):
            shop.pour()
            if not step(screen, tally, running):
                return False
    deadline = time.monotonic() + TIME_LIMIT_S
    while tally.on_the_way and time.monotonic() < deadline:
        if not step(screen, tally, running):
            return False
    return not tally.on_the_way


def step(screen: Screen, tally: Tally, running: list[subprocess.Popen[bytes]]) -> bool:
    """Count, show, and wait a little; false: a program has ended."""
    tally.look()
    screen.update()
    time.sleep(0.1)
    return all(process.poll() is None for process in running)


def stay(screen: Screen, tally: Tally, running: list[subprocess.Popen[bytes]]) -> None:
    """Tell what comes out, until Ctrl-C or until a program ends."""
    screen.say(f"\nThe hub runs on. Drop files into {shown(DATA)}/imports; Ctrl-C ends it.\n")
    while all(process.poll() is None for process in running):
        for manifest, rows in tally.look():
            screen.show_export(manifest, rows)
        time.sleep(0.3)
    screen.say(f"The hub has ended; see {shown(WORK)}/hub.log.")


if __name__ == "__main__":
    for ending in (signal.SIGTERM, signal.SIGHUP):  # the latter: somebody closes the terminal
        signal.signal(ending, signal.default_int_handler)
    try:
        sys.exit(main())
    except StoreError as error:  # such as one of another version
        sys.stderr.write(f"{error}\nOr begin anew: rm -r {shown(WORK)}\n")
        sys.exit(1)
    except ConfigError as error:  # such as a file of the reader's that is not there
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped in good order; what was on its way waits in the store and the folders.\n")
        sys.exit(130)
