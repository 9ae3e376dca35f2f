"""The first consumer: checks each order. Good ones go on to the warehouse, bad ones are set aside with the reasons."""

import signal
import threading
import time
from datetime import timedelta
from typing import Any

from shop import PRICES, STORE_URL

from crossdock import InvalidMessage, Queue

MOST = 100


def main() -> None:
    """Handle orders until told to stop, or until none has come for a while."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for run.py, which stops us in good order
    with Queue(STORE_URL, app="validator") as queue:
        for delivery in queue.consume("validator", batch=10, wait=timedelta(seconds=15), stop=stop):
            try:
                order = validate(delivery.message.data)
            except InvalidMessage as error:
                delivery.fail(
                    error
                )  # a dead letter: kept, with the reasons, until somebody mends and replays it
                continue
            # The order is completed here and sent on there in one transaction: both happen, or neither.
            with delivery.transaction(result={"total": order["total"]}) as connection:
                queue.send("warehouse", order, connection=connection)


def validate(row: dict[str, str]) -> dict[str, Any]:
    """Return the order that a row describes.

    Raises:
        InvalidMessage: Something about it is wrong; all of it is listed.
    """
    time.sleep(0.01)  # so that there is something to watch
    issues = []
    if not row["customer"]:
        issues.append(("customer", "is missing"))
    if "@" not in row["email"].strip("@"):
        issues.append(("email", f"{row['email']!r} is no address"))
    if row["item"] not in PRICES:
        issues.append(("item", f"{row['item']!r} is not sold here"))
    if not row["quantity"].isdecimal() or not 1 <= int(row["quantity"]) <= MOST:
        issues.append(("quantity", f"{row['quantity']!r} is not a number from 1 to {MOST}"))
    if issues:
        raise InvalidMessage("; ".join(f"{field} {issue}" for field, issue in issues), issues)
    quantity = int(row["quantity"])
    return {**row, "quantity": quantity, "total": round(quantity * PRICES[row["item"]], 2)}


if __name__ == "__main__":
    main()
