"""What a queue acknowledged while things broke, kept outside it, and what must therefore be found in it."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from crossdock import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossdock import Delivery, Queue

APP = "worker"
SOURCE = "tester"


class Ledger:
    """Runs steps on a queue; a step may be refused with `StoreUnavailable`, and with nothing else.

    Attributes:
        refused: How many steps were refused.
    """

    def __init__(self) -> None:
        self.refused = 0
        self._numbers = iter(range(1, 10**9))
        self._must: dict[int, str] = {}
        self._may: dict[int, str] = {}

    def work(self, queue: Queue) -> None:
        """Send, bulk send, claim and settle in every way."""
        for _ in range(3):
            self.send(queue)
        self.send(queue, count=30)
        for delivery, end in zip(
            self.claim(queue, 5), ("ack", "transaction", "nack", "fail", "hand_back"), strict=False
        ):
            self.settle(delivery, end)
        self.ack_many(queue, self.claim(queue, 10))
        self.send(queue)

    def send(self, queue: Queue, count: int = 1) -> None:
        """Send one message, or several as one step."""
        numbers = [next(self._numbers) for _ in range(count)]
        data = [{"n": number, "text": f"{number} " * 500} for number in numbers]
        with self._step(dict.fromkeys(numbers, "pending")):
            if count == 1:
                queue.send(APP, data[0], message_id=f"m{numbers[0]}")
            else:
                queue.send_many(APP, data)

    def claim(self, queue: Queue, limit: int) -> list[Delivery]:
        """Claim; a refused claim took nothing."""
        with suppress(StoreUnavailable):
            return queue.claim(APP, limit=limit)
        self.refused += 1
        return []

    def settle(self, delivery: Delivery, end: str) -> None:
        """End one delivery."""
        ends = {
            "ack": (delivery.ack, "completed"),
            "transaction": (lambda: _with_transaction(delivery), "completed"),
            "nack": (lambda: delivery.nack("once more", retry_in=timedelta(0)), "pending"),
            "fail": (lambda: delivery.fail("never"), "failed"),
            "hand_back": (delivery.hand_back, "pending"),
        }
        act, status = ends[end]
        with self._step({delivery.message.data["n"]: status}):
            act()

    def ack_many(self, queue: Queue, deliveries: list[Delivery]) -> None:
        """Acknowledge together."""
        with self._step({delivery.message.data["n"]: "completed" for delivery in deliveries}):
            queue.ack_many(deliveries)

    def check(self, queue: Queue) -> None:
        """Hold what the queue says of each message against what it acknowledged."""
        records = queue.list(APP, limit=10_000)
        found = {record.message.data["n"]: str(record.status) for record in records}
        assert max(Counter(record.message.data["n"] for record in records).values()) == 1
        for number, status in self._must.items():
            allowed = {status, "processing" if status == "pending" else status, self._may.get(number, status)}
            assert found.get(number) in allowed, f"message {number}: {found.get(number)}, expected {allowed}"
        assert not found.keys() - self._must.keys() - self._may.keys()

    @contextmanager
    def _step(self, changes: dict[int, str]) -> Iterator[None]:
        try:
            yield
        except StoreUnavailable:
            self.refused += 1
            self._may |= changes
        else:
            self._must |= changes


def _with_transaction(delivery: Delivery) -> None:
    with delivery.transaction():
        pass
