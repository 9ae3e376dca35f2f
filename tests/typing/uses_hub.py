"""Uses of the hub that must check, and misuses that must not; see ``uses_queue.py``."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import assert_type

from crossdock import AsyncDelivery, Delivery, Hub, Message, Queue, RetryPolicy, Subscription

hub = Hub("crossdock.toml")
of_queue = Hub(Queue.testing())


@hub.app("validator", retry=RetryPolicy(max_attempts=5), concurrency=8, next=["warehouse"])
async def validate(message: Message) -> dict[str, int]:
    return {"order": 1}


@hub.app("warehouse", subscribe=[Subscription(type="order.*")], timeout=timedelta(seconds=5))
def pack(message: Message, delivery: Delivery) -> list[Message]:
    return [message]


@hub.app("mailer", cpu=True)
def mail(message: Message) -> None: ...


@hub.app("audit", subscribe=Subscription(source="shop"))
async def note(message: Message, delivery: AsyncDelivery) -> None: ...


def expect(function: Callable[[Message], Awaitable[dict[str, int]]]) -> None: ...


def decorated_functions_stay_what_they_are() -> None:
    expect(validate)


def runs() -> None:
    hub.run("validator", "warehouse", wait=timedelta(0), drain=timedelta(seconds=5))
    assert_type(hub.queue, Queue)
    hub.run(wait=5)  # type: ignore[arg-type]  # seconds? minutes?
    hub.app("x", concurrency="8")  # type: ignore[arg-type]
    hub.app("x", subscribe="order.*")  # type: ignore[arg-type]
