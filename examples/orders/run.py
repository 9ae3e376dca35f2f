"""Orders from a CSV file go through two consumers, each a process of its own, while a table shows the queues.

Run it with ``make run-orders``, as often as you like: each run sends the orders anew, into the same store.
"""

import csv
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from report import Screen
from shop import CONSUMERS, HERE, STORE_URL

from crossdock import Queue

TIME_LIMIT_S = 60.0


def main() -> int:
    """Send the orders, watch them being handled, and tell what became of them."""
    with Queue(STORE_URL, app="shop") as queue:
        screen = Screen(queue)
        with (HERE / "orders.csv").open(newline="", encoding="utf-8") as file:
            orders = queue.send_many("validator", csv.DictReader(file), type="order.placed")
        screen.show_sent(len(orders))
        with consumers() as processes:
            finished = watch(screen, processes)
        if not finished:
            sys.stderr.write(
                "The consumers did not finish; what they said stands above. Run this again to go on.\n"
            )
            return 1
        screen.show_outcome()
    return 0


@contextmanager
def consumers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run the consumers, each in a process of its own, and end them in good order."""
    processes = [subprocess.Popen([sys.executable, str(HERE / f"{app}.py")]) for app in CONSUMERS]  # noqa: S603 - our own programs
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=15)


def watch(screen: Screen, processes: list[subprocess.Popen[bytes]]) -> bool:
    """Show the queues until nothing waits in them; false: a consumer ended early, or it takes too long."""
    deadline = time.monotonic() + TIME_LIMIT_S
    with screen.live():
        while screen.update():
            if time.monotonic() > deadline or any(process.poll() is not None for process in processes):
                return False
            time.sleep(0.1)
    return True


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped; what was not finished waits in the store. Run this again to go on.\n")
        sys.exit(130)
