"""The second consumer: ships orders. The carrier is often busy, so some need several attempts."""

import signal
import threading
import time
from datetime import timedelta
from typing import Any

from shop import STORE_URL

from crossdock import Queue, RetryPolicy, TransientError

PATIENCE = RetryPolicy(
    max_attempts=4, backoff_min=timedelta(milliseconds=200), backoff_max=timedelta(seconds=2)
)


def main() -> None:
    """Ship orders until told to stop, or until none has come for a while."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for run.py, which stops us in good order
    with Queue(STORE_URL, app="warehouse", retry=PATIENCE) as queue:
        for delivery in queue.consume("warehouse", batch=10, wait=timedelta(seconds=15), stop=stop):
            try:
                delivery.result = ship(delivery.message.data, attempt=delivery.attempt)
            except TransientError as error:
                delivery.nack(error)  # tried again later; after four attempts it is a dead letter
            # Otherwise the delivery is acknowledged, with its result, when the loop asks for the next one.


def ship(order: dict[str, Any], *, attempt: int) -> dict[str, str]:
    """Hand an order to the carrier and return what it answers.

    Raises:
        TransientError: The carrier cannot take it now.
    """
    time.sleep(0.015)  # so that there is something to watch
    if order["item"] == "piano":
        raise TransientError("no carrier is strong enough")
    if order["item"] in {"vase", "lamp"} and attempt == 1:
        raise TransientError("the carrier of fragile goods is busy")
    return {"parcel": f"P-{order['order']}"}


if __name__ == "__main__":
    main()
